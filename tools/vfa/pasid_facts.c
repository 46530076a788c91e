/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "pasid_facts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <vfa/group.h>

#include "base/append.h"
#include "base/node.h"
#include "pasid_iommu.h"
#include "pasid_registers.h"
#include "topology/pci.h"

#define CLASS_PCI_BRIDGE 0x0604 /* linux/pci_ids.h, in the kernel only */

void pasid_tell(struct pasid_fact *fact, enum vfa_answer answer, const char *format, ...)
{
	va_list arguments;

	fact->answer = answer;
	va_start(arguments, format);
	vsnprintf(fact->origin, sizeof(fact->origin), format, arguments);
	va_end(arguments);
}

/* Bridges do no DMA of their own. */
static bool counts(const struct vfa_group_member *member, const char *bdf)
{
	return member->class_code >> 8 != CLASS_PCI_BRIDGE && strcmp(member->name, bdf) != 0;
}

static void tell_members(struct pasid_fact *fact, const struct vfa_group *group, const char *bdf)
{
	unsigned int number = vfa_group_number(group);
	char others[PASID_ORIGIN / 2] = "";
	size_t left_out = 0;

	for (size_t i = 0; i < vfa_group_count_members(group); i++) {
		const struct vfa_group_member *member = vfa_group_get_member(group, i);

		if (counts(member, bdf))
			left_out += !append_whole(others, sizeof(others), "%s%s",
						  *others ? ", " : "", member->name);
	}
	if (!*others)
		pasid_tell(fact, VFA_YES, "%s is alone in group %u, bridges aside", bdf, number);
	else if (left_out)
		pasid_tell(fact, VFA_NO,
			   "group %u has also %s and %zu more: PASIDs do not isolate them", number,
			   others, left_out);
	else
		pasid_tell(fact, VFA_NO, "group %u has also %s: PASIDs do not isolate them", number,
			   others);
}

static void blame(struct pasid_fact *others, const struct pasid_facts *neighbour)
{
	if (neighbour->device.answer == VFA_NO || others->answer == VFA_YES)
		pasid_tell(others, neighbour->device.answer, "in its group, %s",
			   neighbour->device.origin);
}

/* The first of them that has no PASIDs, or else that may have none. */
static void read_others(struct vfa_host *host, const struct vfa_group *group, const char *bdf,
			struct pasid_fact *ret)
{
	pasid_tell(ret, VFA_YES, "the others of group %u have the PASID capability",
		   (unsigned int)vfa_group_number(group));
	for (size_t i = 0; i < vfa_group_count_members(group) && ret->answer != VFA_NO; i++) {
		const struct vfa_group_member *member = vfa_group_get_member(group, i);
		struct pasid_facts neighbour = { .verdict = PASID_UNKNOWN };

		if (!counts(member, bdf))
			continue;
		pasid_registers_read(host, member->name, &neighbour);
		if (neighbour.device.answer != VFA_YES)
			blame(ret, &neighbour);
	}
}

static void read_group(struct vfa_host *host, const char *bdf, struct pasid_facts *facts)
{
	struct pci_function function;
	struct vfa_group *group;

	pci_read(host, bdf, &function);
	if (function.group < 0 || function.noiommu)
		pasid_tell(&facts->group, VFA_UNKNOWN, "%s is in no IOMMU group", bdf);
	else if (vfa_group_new(host, function.group, &group))
		pasid_tell(&facts->group, VFA_UNKNOWN, "group %d could not be read",
			   function.group);
	else {
		tell_members(&facts->group, group, bdf);
		read_others(host, group, bdf, &facts->others);
		vfa_group_free(group);
	}
	if (facts->group.answer == VFA_UNKNOWN)
		facts->others = facts->group;
}

static void read_kernel(const struct vfa_host *host, struct pasid_facts *facts)
{
	char path[SYSFS_PATH], release[64];
	unsigned int major, minor;

	snprintf(path, sizeof(path), "%s/sys/kernel/osrelease", host->proc);
	if (sysfs_read(host, path, release, sizeof(release)) <= 0 ||
	    sscanf(release, "%u.%u", &major, &minor) != 2) {
		pasid_tell(&facts->kernel, VFA_UNKNOWN, "%s could not be read", path);
		return;
	}
	node_path(host, path, "iommu");
	if (major < 6 || (major == 6 && minor < 15))
		pasid_tell(&facts->kernel, VFA_NO,
			   "Linux %s attaches nothing by PASID: it needs 6.15", release);
	else if (!sysfs_exists(host, path))
		pasid_tell(
			&facts->kernel, VFA_NO,
			"there is no %s: Linux %s was made without iommufd, or its module is not "
			"loaded",
			path, release);
	else
		pasid_tell(&facts->kernel, VFA_YES, "Linux %s has iommufd, with PASIDs since 6.15",
			   release);
}

/* Facts that have to be yes. */
#define NEEDED 5

static void list_needed(const struct pasid_facts *facts, const struct pasid_fact *ret[NEEDED])
{
	ret[0] = &facts->device;
	ret[1] = &facts->enabled;
	ret[2] = &facts->iommu;
	ret[3] = &facts->kernel;
	ret[4] = &facts->others;
}

static const struct pasid_fact *find_unknown(const struct pasid_facts *facts)
{
	const struct pasid_fact *needed[NEEDED];

	list_needed(facts, needed);
	for (size_t i = 0; i < NEEDED; i++)
		if (needed[i]->answer == VFA_UNKNOWN)
			return needed[i];
	return NULL;
}

/* Of a device that has no PASIDs nothing more is worth telling, but for its IOMMU and kernel. */
static bool is_reason(const struct pasid_facts *facts, const struct pasid_fact *fact)
{
	if (fact->answer != VFA_NO)
		return false;
	return facts->device.answer != VFA_NO ||
	       (fact != &facts->enabled && fact != &facts->others);
}

static bool list_missing(const struct pasid_facts *facts, char ret[PASID_ORIGIN])
{
	const struct pasid_fact *needed[NEEDED];

	list_needed(facts, needed);
	ret[0] = '\0';
	for (size_t i = 0; i < NEEDED; i++)
		if (is_reason(facts, needed[i]))
			append_whole(ret, PASID_ORIGIN, "%s%s", *ret ? "; " : "",
				     needed[i]->origin);
	return *ret;
}

static void __attribute__((format(printf, 3, 4)))
conclude(struct pasid_facts *facts, enum pasid_verdict verdict, const char *format, ...)
{
	va_list arguments;

	facts->verdict = verdict;
	va_start(arguments, format);
	vsnprintf(facts->reason, sizeof(facts->reason), format, arguments);
	va_end(arguments);
}

static void judge(struct pasid_facts *facts)
{
	const struct pasid_fact *unknown = find_unknown(facts);
	unsigned int last = (1u << facts->bits) - 1;
	char missing[PASID_ORIGIN];

	if (list_missing(facts, missing))
		conclude(facts, PASID_IMPOSSIBLE, "%s", missing);
	else if (unknown)
		conclude(facts, PASID_UNKNOWN, "%s", unknown->origin);
	else if (facts->group.answer == VFA_NO)
		conclude(facts, PASID_AS_GROUP,
			 "PASIDs 1 to %u, attached to all devices of the group or to none", last);
	else
		conclude(facts, PASID_POSSIBLE, "PASIDs 1 to %u", last);
}

int pasid_facts_read(struct vfa_host *host, const char bdf[BDF_SIZE], struct pasid_facts *ret)
{
	struct pasid_facts facts = { .verdict = PASID_UNKNOWN };
	struct pci_function function;
	struct pasid_iommu iommu;

	pci_read(host, bdf, &function);
	if (!function.exists)
		return pci_refuse_missing(bdf);
	pasid_registers_read(host, bdf, &facts);
	pasid_iommu_read(host, bdf, &iommu);
	facts.iommu = iommu.fact;
	if (iommu.fact.answer == VFA_YES && iommu.bits < facts.bits)
		facts.bits = iommu.bits;
	if (iommu.fact.answer == VFA_UNKNOWN && facts.enabled.answer == VFA_YES)
		pasid_tell(&facts.iommu, VFA_YES,
			   "the kernel turned PASIDs on in %s, for which its IOMMU has them", bdf);
	read_group(host, bdf, &facts);
	read_kernel(host, &facts);
	judge(&facts);
	*ret = facts;
	return 0;
}
