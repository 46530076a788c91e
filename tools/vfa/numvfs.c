/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * The number of virtual functions, by sriov_numvfs. The kernel knows the way from 0 and
 * to 0 only, and says no more than an errno: what is in the way is looked for before.
 */

#include "numvfs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/host.h"
#include "base/sysfs.h"
#include "driver_use.h"
#include "fail.h"
#include "topology/pci.h"

#define ENABLE_SRIOV "module/vfio_pci/parameters/enable_sriov"

/* One run of the command. */
struct change {
	const struct request *request;
	const struct vfa_topology *topology;
	const struct vfa_function *function;
	size_t index;
	unsigned int from, to;
};

static bool is_given(const struct change *change, const char *option)
{
	return request_option(change->request, option);
}

bool numvfs_is_vfio(const struct vfa_host *host, const char *bdf)
{
	struct pci_function function;

	pci_read(host, bdf, &function);
	return pci_is_vfio_bound(&function);
}

int numvfs_refuse_plain(const struct vfa_function *function)
{
	return fail_because("%s can have no virtual functions: it has no SR-IOV", function->bdf);
}

/* Decimal digits only. */
static int read_number(const char *word, unsigned int *ret)
{
	char *end;
	unsigned long number = strtoul(word, &end, 10);

	if (*word < '0' || *word > '9' || *end || number > 0xffff)
		return fail_usage("vfs: \"%s\" is not a number of virtual functions", word);
	*ret = number;
	return STATUS_FINE;
}

static int refuse_virtual(const struct change *change)
{
	const struct vfa_function *physical =
		vfa_topology_get_function(change->topology, change->function->physical);
	char text[64];

	fail_because("%s is a virtual function itself, of %s", change->function->bdf,
		     physical->bdf);
	snprintf(text, sizeof(text), "  vfa vfs %s %u", physical->bdf, change->to);
	hint(text);
	return STATUS_REFUSED;
}

/* It makes none unless it was told that it may: the kernel says ENOENT. */
static int check_vfio_pci(const struct change *change)
{
	const struct vfa_host *host = change->request->host;
	char path[SYSFS_PATH], text[8], advice[SYSFS_PATH + 256];

	sysfs_path(host, path, ENABLE_SRIOV);
	if (strcmp(change->function->driver, "vfio-pci") ||
	    sysfs_read(host, path, text, sizeof(text)) < 0 || text[0] != 'N')
		return STATUS_FINE;
	fail_because("%s is on vfio-pci, whose parameter enable_sriov is off",
		     change->function->bdf);
	snprintf(advice, sizeof(advice),
		 "whoever has it then could disturb its virtual functions: they can be opened "
		 "with its VF token only\n  echo 1 > %s",
		 path);
	hint(advice);
	return STATUS_REFUSED;
}

static int check_driver(const struct change *change)
{
	if (change->function->driver[0])
		return check_vfio_pci(change);
	fail_because("%s has no driver, which would make its virtual functions",
		     change->function->bdf);
	hint("bind it to a driver that supports SR-IOV");
	return STATUS_REFUSED;
}

/* The kernel waits for who has one to let go, with locks held that others need. */
static int check_use(const struct change *change)
{
	int count = vfa_topology_virtual_functions(change->topology, change->index, NULL, 0);
	size_t *indexes = must(calloc(count + 1, sizeof(*indexes)));
	struct pci_function function;
	int err = 0;

	vfa_topology_virtual_functions(change->topology, change->index, indexes, count);
	for (int i = 0; i < count && !err; i++) {
		pci_read(change->request->host,
			 vfa_topology_get_function(change->topology, indexes[i])->bdf, &function);
		err = driver_check_use(change->request->host, &function, is_given(change, "force"));
	}
	free(indexes);
	return err ? fail() : STATUS_FINE;
}

static int check(const struct change *change)
{
	const struct vfa_function *function = change->function;

	if (function->physical >= 0)
		return refuse_virtual(change);
	if (!function->vf_max)
		return numvfs_refuse_plain(function);
	if (change->to > function->vf_max)
		return fail_because("%s can have %u virtual functions, not %u", function->bdf,
				    function->vf_max, change->to);
	if (change->to == change->from)
		return STATUS_FINE;
	if (check_driver(change))
		return STATUS_REFUSED;
	return change->from ? check_use(change) : STATUS_FINE;
}

static int write_file(const struct change *change, const char *name, const char *text)
{
	char path[SYSFS_PATH];

	sysfs_path(change->request->host, path, "bus/pci/devices/%s/%s", change->function->bdf,
		   name);
	if (is_given(change, "dry-run") || is_given(change, "verbose"))
		printf("  echo %s > %s\n", text, path);
	if (is_given(change, "dry-run"))
		return 0;
	fflush(stdout);
	return sysfs_write(change->request->host, path, text);
}

static int write_count(const struct change *change, unsigned int count)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", count);
	return write_file(change, "sriov_numvfs", text);
}

static int explain(const struct change *change, int err)
{
	const struct vfa_function *function = change->function;

	if (err == -ENOENT)
		return fail_because("%s: its driver %s does not set the number of virtual "
				    "functions this way",
				    function->bdf, function->driver);
	if (err == -ENOMEM)
		return fail_because("%s: there is no room in the memory windows of the bridges "
				    "above it, or no bus number",
				    function->bdf);
	return fail_because("%s: set the number of virtual functions to %u: %s", function->bdf,
			    change->to, strerror(-err));
}

/* The way between two numbers leads over 0. */
static int write_all(const struct change *change)
{
	int err = change->from ? write_count(change, 0) : 0;

	if (err)
		return explain(change, err);
	err = change->to ? write_count(change, change->to) : 0;
	if (!err)
		return STATUS_FINE;
	explain(change, err);
	if (change->from && write_count(change, change->from))
		note("%s has none now: the %u that it had did not come back", change->function->bdf,
		     change->from);
	return STATUS_REFUSED;
}

/* Drivers come by themselves unless the physical function says no, meanwhile. */
static int write_without_drivers(const struct change *change)
{
	char path[SYSFS_PATH], before[8];
	int status;

	sysfs_path(change->request->host, path, "bus/pci/devices/%s/sriov_drivers_autoprobe",
		   change->function->bdf);
	if (sysfs_read(change->request->host, path, before, sizeof(before)) <= 0)
		return fail_because("cannot read %s", path);
	if (write_file(change, "sriov_drivers_autoprobe", "0"))
		return fail_because("cannot write %s", path);
	status = write_all(change);
	if (write_file(change, "sriov_drivers_autoprobe", before))
		note("%s stays 0", path);
	return status;
}

static void tell(const struct change *change)
{
	const char *bdf = change->function->bdf;

	if (change->to == change->from) {
		printf("%s: %u virtual functions already\n", bdf, change->to);
		return;
	}
	printf("%s: %u -> %u virtual functions%s\n", bdf, change->from, change->to,
	       is_given(change, "dry-run") ? " (not done)" : "");
	if (!is_given(change, "dry-run"))
		printf("undo: vfa vfs %s %u\n", bdf, change->from);
}

static int change_number(const struct change *change)
{
	int status = check(change);

	if (!status && change->to != change->from)
		status = is_given(change, "no-driver") && change->to ? write_without_drivers(change)
								     : write_all(change);
	if (!status)
		tell(change);
	return status;
}

int numvfs_set(const struct request *request, const struct vfa_topology *topology)
{
	struct change change = { .request = request, .topology = topology };
	int index, status = read_number(request->arguments[1], &change.to);

	if (status)
		return status;
	if (request_option(request, "host") && !is_given(&change, "dry-run"))
		return fail_because("the machine that --host names can only be read");
	index = vfa_topology_find_function(topology, request->arguments[0]);
	if (index < 0)
		return fail();
	change.index = index;
	change.function = vfa_topology_get_function(topology, index);
	change.from = change.function->vf_count;
	return change_number(&change);
}
