/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "pasid_registers.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "topology/acs.h"
#include "topology/function.h"
#include "topology/words.h"

/* More bridges cannot be above a function. */
#define MAX_BRIDGES 255

/* A function whose registers hold: of a virtual one its physical one. */
struct source {
	const struct vfa_host *host;
	const char *bdf;
	const char *role; /* in the sentences */
	struct function_config config;
};

static void tell_unread(struct pasid_fact *fact, const struct source *source, int err)
{
	if (err == -ENODATA)
		pasid_tell(fact, VFA_UNKNOWN,
			   "the capabilities of %s%s cannot be read: the kernel shows them to "
			   "CAP_SYS_ADMIN only",
			   source->role, source->bdf);
	else if (err == -ENODEV)
		pasid_tell(fact, VFA_UNKNOWN, "%s%s reads as all ones: it is asleep or gone",
			   source->role, source->bdf);
	else
		pasid_tell(fact, VFA_UNKNOWN, "%s%s cannot be read: %s", source->role, source->bdf,
			   strerrordesc_np(-err));
}

/* The offset of an extended capability, 0 for none, or -errno. */
static int find(const struct source *source, uint16_t id)
{
	int offset = capability_find_extended(&source->config.space, id);
	int err = config_require(&source->config.space);

	return offset < 0 || !err ? offset : err;
}

/* A conventional function has no word for it: -ENOENT. Nor has a first version: 0. */
static int prefixes(const struct config_space *config)
{
	int offset = capability_find(config, PCI_CAP_ID_EXP), value;

	if (offset <= 0)
		return offset ? offset : -ENOENT;
	value = config_read16(config, offset + PCI_EXP_FLAGS);
	if (value < 0 || (value & PCI_EXP_FLAGS_VERS) < 2)
		return value < 0 ? value : 0;
	value = config_read16(config, offset + PCI_EXP_DEVCAP2 + 2);
	return value < 0 ? value : !!(value & PCI_EXP_DEVCAP2_EE_PREFIX >> 16);
}

/*
 * A PASID goes in front of a request as a prefix, which every bridge on its way up has to
 * pass on: the first function that does not, or 0; errors count as none.
 */
static int find_prefix_stop(const struct vfa_host *host, const char *bdf, char ret[BDF_SIZE])
{
	struct function_config config;
	int passes;

	strcpy(ret, bdf);
	for (int i = 0; i < MAX_BRIDGES; i++) {
		function_config_open(host, ret, &config);
		passes = prefixes(&config.space);
		function_config_close(&config);
		if (!passes)
			return 1;
		if (passes < 0 || function_parent(host, ret, ret) <= 0)
			return 0;
	}
	return 0;
}

/* The kernel asks these of each function on the way up, itself included. */
#define PASID_ACS (VFA_ACS_RR | VFA_ACS_UF)

/* A function that could not be read stops the search: what it lacks is not known. */
struct acs_stop {
	char bdf[BDF_SIZE]; /* "" for none */
	enum vfa_answer has_acs;
	uint16_t missing;
};

static void find_acs_stop(const struct vfa_host *host, const char *bdf, struct acs_stop *ret)
{
	struct function_links links;
	struct vfa_function function;

	strcpy(ret->bdf, bdf);
	for (int i = 0; i < MAX_BRIDGES; i++) {
		if (function_read(host, ret->bdf, FUNCTION_ROUTE, &links, &function) ||
		    function.acs.present == VFA_UNKNOWN)
			break;
		function.is_multifunction = links.has_neighbours || function.number;
		ret->has_acs = function.acs.present;
		ret->missing = acs_missing(&function) & PASID_ACS;
		if (ret->missing)
			return;
		if (!links.parent[0])
			break;
		strcpy(ret->bdf, links.parent);
	}
	ret->bdf[0] = '\0';
}

/* The kernel knows of some that redirect without the capability. */
static bool tell_acs_stop(struct pasid_facts *facts, const struct source *source, int offset)
{
	struct acs_stop stop;
	char words[ACS_WORDS];

	find_acs_stop(source->host, source->bdf, &stop);
	if (!stop.bdf[0])
		return false;
	offset += PCI_PASID_CTRL;
	if (stop.has_acs == VFA_YES)
		pasid_tell(&facts->enabled, VFA_NO,
			   "PASID Control (0x%x) of %s%s is off: %s has %s off, and the kernel "
			   "asks all on the way up to redirect (ACS)",
			   offset, source->role, source->bdf, stop.bdf,
			   acs_words(stop.missing, words));
	else
		pasid_tell(
			&facts->enabled, VFA_UNKNOWN,
			"PASID Control (0x%x) of %s%s is off: %s has no ACS, and the kernel asks "
			"all on the way up to redirect, unless it knows that they do",
			offset, source->role, source->bdf, stop.bdf);
	return true;
}

static void tell_off(struct pasid_facts *facts, const struct source *source, int offset)
{
	char stop[BDF_SIZE];

	if (find_prefix_stop(source->host, source->bdf, stop))
		pasid_tell(
			&facts->enabled, VFA_NO,
			"PASID Control (0x%x) of %s%s is off: %s has no End-End TLP Prefixes, in "
			"which PASIDs travel",
			offset + PCI_PASID_CTRL, source->role, source->bdf, stop);
	else if (!tell_acs_stop(facts, source, offset))
		pasid_tell(
			&facts->enabled, VFA_UNKNOWN,
			"PASID Control (0x%x) of %s%s is off: the kernel turns it on with an IOMMU "
			"that has PASIDs, at boot or as the device is opened; with VT-d that takes "
			"intel_iommu=sm_on",
			offset + PCI_PASID_CTRL, source->role, source->bdf);
}

static void tell_capability(struct pasid_facts *facts, const struct source *source, int offset)
{
	int capability = config_read16(&source->config.space, offset + PCI_PASID_CAP);
	int control = config_read16(&source->config.space, offset + PCI_PASID_CTRL);

	if (capability < 0 || control < 0) {
		tell_unread(&facts->device, source, capability < 0 ? capability : control);
		facts->enabled = facts->device;
		return;
	}
	facts->bits = capability >> 8 & 31;
	pasid_tell(&facts->device, VFA_YES, "PASID capability (0x%x) of %s%s: %u bits%s%s", offset,
		   source->role, source->bdf, facts->bits,
		   capability & PCI_PASID_CAP_EXEC ? ", execution" : "",
		   capability & PCI_PASID_CAP_PRIV ? ", privileged mode" : "");
	if (control & PCI_PASID_CTRL_ENABLE)
		pasid_tell(&facts->enabled, VFA_YES, "PASID Control (0x%x) of %s%s is on%s%s",
			   offset + PCI_PASID_CTRL, source->role, source->bdf,
			   control & PCI_PASID_CTRL_EXEC ? ", with execution" : "",
			   control & PCI_PASID_CTRL_PRIV ? ", with privileged mode" : "");
	else
		tell_off(facts, source, offset);
}

static void read_device(struct pasid_facts *facts, const struct source *source)
{
	int offset = find(source, PCI_EXT_CAP_ID_PASID);

	if (offset > 0) {
		tell_capability(facts, source, offset);
		return;
	}
	if (offset < 0) {
		tell_unread(&facts->device, source, offset);
		facts->enabled = facts->device;
		return;
	}
	pasid_tell(&facts->device, VFA_NO, "%s%s has no PASID capability", source->role,
		   source->bdf);
	pasid_tell(&facts->enabled, VFA_NO, "without it there is nothing to turn on");
}

static void read_feature(struct pasid_fact *fact, const struct source *source, const char *name,
			 uint16_t id, unsigned int control, unsigned int enable)
{
	int offset = find(source, id), value;

	if (!offset) {
		pasid_tell(fact, VFA_NO, "%s%s has no %s capability", source->role, source->bdf,
			   name);
		return;
	}
	value = offset < 0 ? offset : config_read16(&source->config.space, offset + control);
	if (value < 0)
		tell_unread(fact, source, value);
	else
		pasid_tell(fact, VFA_YES, "%s capability (0x%x) of %s%s, which is %s", name, offset,
			   source->role, source->bdf, value & enable ? "on" : "off");
}

void pasid_registers_read(const struct vfa_host *host, const char *bdf, struct pasid_facts *facts)
{
	struct source own = { .host = host, .bdf = bdf, .role = "" }, ruling = own;
	char physical[BDF_SIZE];

	if (function_physical(host, bdf, physical) > 0) {
		ruling.bdf = physical;
		ruling.role = "its physical function ";
	}
	function_config_open(host, own.bdf, &own.config);
	function_config_open(host, ruling.bdf, &ruling.config);
	read_device(facts, &ruling);
	read_feature(&facts->ats, &own, "ATS", PCI_EXT_CAP_ID_ATS, PCI_ATS_CTRL,
		     PCI_ATS_CTRL_ENABLE);
	read_feature(&facts->pri, &ruling, "PRI", PCI_EXT_CAP_ID_PRI, PCI_PRI_CTRL,
		     PCI_PRI_CTRL_ENABLE);
	function_config_close(&ruling.config);
	function_config_close(&own.config);
}
