/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Why a VF token did not open a device. The kernel has one errno for a token that is
 * missing and one that is wrong, and another for one that it does not want; what
 * the device is tells which.
 */

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/sysfs.h"
#include "refusal.h"
#include "topology/function.h"

/* The physical function of a virtual one, as sysfs shows it; false for another. */
static bool find_physical(const struct refused_join *refused, struct pci_function *ret)
{
	char bdf[BDF_SIZE];

	if (function_physical(refused->host, refused->function->bdf, bdf) <= 0)
		return false;
	pci_read(refused->host, bdf, ret);
	return true;
}

static bool is_physical(const struct refused_join *refused)
{
	return pci_read_number(refused->host, refused->function->bdf, "sriov_totalvfs");
}

/* Of a virtual function: without its own knowledge nobody can tell what fits. */
static int refuse_virtual(const char *bdf, const struct pci_function *physical, bool given)
{
	if (given)
		return error_set(EACCES, VFA_CAUSE_VF_TOKEN,
				 "%s: the VF token is not that of its physical function %s\n"
				 "give the UUID with which %s was opened; none fits before it was "
				 "opened with one",
				 bdf, physical->bdf, physical->bdf);
	return error_set(EACCES, VFA_CAUSE_VF_TOKEN,
			 "%s: the VF token is missing: its physical function %s is on %s\n"
			 "open %s with a UUID as vf_token, and give the same here",
			 bdf, physical->bdf, physical->driver[0] ? physical->driver : "vfio-pci",
			 physical->bdf);
}

static int refuse_physical(const char *bdf, bool given)
{
	return error_set(EACCES, VFA_CAUSE_VF_TOKEN,
			 "%s: the VF token is %s: its virtual functions are in use\n"
			 "give the UUID with which they were opened, or close them first",
			 bdf, given ? "not theirs" : "missing");
}

static int refuse_mismatch(const struct refused_join *refused)
{
	const char *bdf = refused->function->bdf;
	bool given = refused->join->vf_token;
	struct pci_function physical;

	if (find_physical(refused, &physical))
		return refuse_virtual(bdf, &physical, given);
	if (is_physical(refused))
		return refuse_physical(bdf, given);
	return error_set(EACCES, VFA_CAUSE_VF_TOKEN,
			 "%s: the VF token is %s\n"
			 "give the UUID with which its physical function was opened, as vf_token",
			 bdf, given ? "wrong" : "missing");
}

static int refuse_old_kernel(const char *bdf)
{
	return error_set(EOPNOTSUPP, VFA_CAUSE_VF_TOKEN,
			 "%s: the VF token was not taken\n"
			 "tokens on iommufd need a Linux newer than 6.16, on type1 any; give none "
			 "for devices other than an assigned physical function and its virtual "
			 "functions",
			 bdf);
}

/* The kernel's EINVAL: the device takes none, or on iommufd the kernel does not know of tokens. */
static int refuse_unwanted(const struct refused_join *refused)
{
	const char *bdf = refused->function->bdf;
	struct pci_function physical;
	bool is_virtual = find_physical(refused, &physical);

	if (is_virtual && !pci_is_vfio_bound(&physical))
		return error_set(EINVAL, VFA_CAUSE_VF_TOKEN,
				 "%s takes no VF token: its physical function %s is on %s, not on "
				 "vfio-pci\ngive none",
				 bdf, physical.bdf,
				 physical.driver[0] ? physical.driver : "no driver");
	if (refused->function->exists && !is_virtual && !is_physical(refused))
		return error_set(EINVAL, VFA_CAUSE_VF_TOKEN,
				 "%s takes no VF token: it is neither a virtual function nor one "
				 "that has virtual functions\ngive none",
				 bdf);
	if (refused->backend == VFA_BACKEND_IOMMUFD)
		return refuse_old_kernel(bdf);
	return error_set(
		EINVAL, VFA_CAUSE_VF_TOKEN,
		"%s: the device takes no VF token\n"
		"give one for an assigned physical function and its virtual functions only",
		bdf);
}

int refuse_token(const struct refused_join *refused, int err)
{
	return err == -EINVAL ? refuse_unwanted(refused) : refuse_mismatch(refused);
}
