/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The capabilities of a function: of an open device through VFIO, of any through sysfs. */

#include <vfa/capability.h>

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>

#include "base/api.h"
#include "base/error.h"
#include "device.h"
#include "device_config.h"
#include "gone.h"
#include "topology/function.h"
#include "topology/pci.h"

#define DVSEC_VENDOR 0x4 /* linux/pci_regs.h has all of the word */
#define DVSEC_ID     0x8

/* What is looked for. */
struct wanted {
	uint16_t id;
	bool is_extended;
	bool is_designated; /* by the vendor who defined it, and that one's id */
	uint16_t vendor;
	uint16_t vendors_id;
};

static int read_all(const struct config_space *config, struct capability_set *ret)
{
	int err = capability_read(config, ret);

	return err ? err : config_require(config);
}

static int refuse_unread(const struct vfa_device *device, int err)
{
	return err == -ENODEV ? error_gone(device)
			      : error_device(device, err, "%s: read the capabilities", device->bdf);
}

static int read_device(struct vfa_device *device, struct capability_set *ret)
{
	struct device_config config;
	int err;

	device_config(device, &config);
	err = read_all(&config.space, ret);
	if (err == -ENODATA)
		return error_set(EINVAL, VFA_CAUSE_NO_REGION,
				 "%s has no config space: it is not a PCI device\n"
				 "only PCI devices have capabilities",
				 device->bdf);
	return err ? refuse_unread(device, err) : 0;
}

/* As many as there is room for. */
static int give(const struct capability_set *set, struct vfa_capability *list, size_t max)
{
	for (size_t i = 0; i < set->count && i < max; i++)
		list[i] = set->list[i];
	return set->count;
}

VFA_API int vfa_device_capabilities(struct vfa_device *device, struct vfa_capability *list,
				    size_t max)
{
	struct capability_set set;
	int err;

	if (!device || (!list && max))
		return error_null(device ? "list" : "device");
	err = read_device(device, &set);
	return err ? err : give(&set, list, max);
}

static int refuse_hidden_space(const char *bdf)
{
	return error_set(EACCES, VFA_CAUSE_ACCESS,
			 "%s: the kernel shows its capabilities to CAP_SYS_ADMIN only\n"
			 "run as root; or open the device, and ask vfa_device_capabilities",
			 bdf);
}

static int read_function(const struct vfa_host *host, const char *bdf, struct capability_set *ret)
{
	struct function_config config;
	struct pci_function function;
	int err;

	pci_read(host, bdf, &function);
	if (!function.exists)
		return pci_refuse_missing(bdf);
	function_config_open(host, bdf, &config);
	err = read_all(&config.space, ret);
	function_config_close(&config);
	if (err == -ENODATA)
		return refuse_hidden_space(bdf);
	if (err == -ENODEV)
		return pci_refuse_gone(bdf);
	return err ? error_kernel(err, "%s: read the capabilities", bdf) : 0;
}

VFA_API int vfa_capability_list(struct vfa_host *host, const char *bdf, struct vfa_capability *list,
				size_t max)
{
	struct capability_set set;
	char full[BDF_SIZE];
	int err;

	if (!list && max)
		return error_null("list");
	err = bdf_parse(bdf, full);
	if (!err)
		err = host_hold(host, &host);
	if (err)
		return err;
	err = read_function(host, full, &set);
	vfa_host_free(host);
	return err ? err : give(&set, list, max);
}

/* 1, 0, or -errno of reading. */
static int is_wanted(const struct config_space *config, const struct vfa_capability *capability,
		     const struct wanted *wanted)
{
	int vendor, id;

	if (capability->id != wanted->id || capability->is_extended != wanted->is_extended)
		return 0;
	if (!wanted->is_designated)
		return 1;
	if (capability->size < DVSEC_ID + 2)
		return 0;
	vendor = config_read16(config, capability->offset + DVSEC_VENDOR);
	id = config_read16(config, capability->offset + DVSEC_ID);
	if (vendor < 0 || id < 0)
		return vendor < 0 ? vendor : id;
	return vendor == wanted->vendor && id == wanted->vendors_id;
}

/* The first one from @start on: 1, 0 when there is none, or -errno of reading. */
static int find(const struct config_space *config, const struct capability_set *set, size_t start,
		const struct wanted *wanted, struct vfa_capability *ret)
{
	int found = 0;

	for (size_t i = start; i < set->count && !found; i++) {
		found = is_wanted(config, &set->list[i], wanted);
		if (found > 0)
			*ret = set->list[i];
	}
	return found;
}

/* Where sysfs has one that VFIO does not show; 0 where it has none either, or does not tell. */
static unsigned int find_hidden(const struct vfa_device *device, const struct wanted *wanted)
{
	struct vfa_capability hidden = { 0 };
	struct function_config config;
	struct capability_set set;

	function_config_open(device->container->host, device->bdf, &config);
	if (!read_all(&config.space, &set))
		(void)find(&config.space, &set, 0, wanted, &hidden);
	function_config_close(&config);
	return hidden.offset;
}

#define DESCRIPTION 128

/* Behind "has no". */
static void describe(const struct wanted *wanted, char ret[DESCRIPTION])
{
	const struct vfa_capability capability = { .id = wanted->id,
						   .is_extended = wanted->is_extended };
	const char *name = capability_name(&capability);
	const char *list = wanted->is_extended ? "extended " : "";

	if (wanted->is_designated)
		snprintf(ret, DESCRIPTION, "%s capability of vendor 0x%x with id 0x%x", name,
			 wanted->vendor, wanted->vendors_id);
	else if (name)
		snprintf(ret, DESCRIPTION, "%s capability (%sid 0x%x)", name, list, wanted->id);
	else
		snprintf(ret, DESCRIPTION, "capability of %sid 0x%x", list, wanted->id);
}

static int refuse_missing(const struct vfa_device *device, const struct wanted *wanted)
{
	unsigned int offset = find_hidden(device, wanted);
	char description[DESCRIPTION];

	describe(wanted, description);
	if (offset)
		return error_set(ENOENT, VFA_CAUSE_NO_CAPABILITY,
				 "%s: VFIO leaves out the %s\n"
				 "sysfs shows it at 0x%x of config space",
				 device->bdf, description, offset);
	return error_set(ENOENT, VFA_CAUSE_NO_CAPABILITY,
			 "%s has no %s\n"
			 "vfa info %s lists those it has",
			 device->bdf, description, device->bdf);
}

static int find_first(struct vfa_device *device, const struct wanted *wanted,
		      struct vfa_capability *ret)
{
	struct device_config config;
	struct capability_set set;
	int found, err;

	if (!device || !ret)
		return error_null(device ? "ret" : "device");
	err = read_device(device, &set);
	if (err)
		return err;
	device_config(device, &config);
	found = find(&config.space, &set, 0, wanted, ret);
	if (found < 0)
		return refuse_unread(device, found);
	return found ? 0 : refuse_missing(device, wanted);
}

VFA_API int vfa_capability_find(struct vfa_device *device, uint8_t id, struct vfa_capability *ret)
{
	const struct wanted wanted = { .id = id };

	return find_first(device, &wanted, ret);
}

VFA_API int vfa_capability_find_extended(struct vfa_device *device, uint16_t id,
					 struct vfa_capability *ret)
{
	const struct wanted wanted = { .id = id, .is_extended = true };

	return find_first(device, &wanted, ret);
}

VFA_API int vfa_capability_find_dvsec(struct vfa_device *device, uint16_t vendor, uint16_t id,
				      struct vfa_capability *ret)
{
	const struct wanted wanted = {
		.id = PCI_EXT_CAP_ID_DVSEC,
		.is_extended = true,
		.is_designated = true,
		.vendor = vendor,
		.vendors_id = id,
	};

	return find_first(device, &wanted, ret);
}

static bool is_same(const struct vfa_capability *a, const struct vfa_capability *b)
{
	return a->id == b->id && a->is_extended == b->is_extended && a->offset == b->offset;
}

static int refuse_stranger(const struct vfa_device *device, const struct wanted *wanted,
			   unsigned int offset)
{
	char description[DESCRIPTION];

	describe(wanted, description);
	return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
			 "%s has no %s at 0x%x\n"
			 "start from one that vfa_capability_find gave",
			 device->bdf, description, offset);
}

static int refuse_last(const struct vfa_device *device, const struct wanted *wanted,
		       unsigned int offset)
{
	char description[DESCRIPTION];

	describe(wanted, description);
	return error_set(ENOENT, VFA_CAUSE_NO_CAPABILITY,
			 "%s has no %s behind that at 0x%x\nit is the last one of its id",
			 device->bdf, description, offset);
}

VFA_API int vfa_capability_find_next(struct vfa_device *device, const struct vfa_capability *from,
				     struct vfa_capability *ret)
{
	struct device_config config;
	struct capability_set set;
	struct wanted wanted;
	size_t i = 0;
	int err;

	if (!device || !from || !ret)
		return error_null(!device ? "device" : from ? "ret" : "from");
	err = read_device(device, &set);
	if (err)
		return err;
	wanted = (struct wanted){ .id = from->id, .is_extended = from->is_extended };
	while (i < set.count && !is_same(&set.list[i], from))
		i++;
	if (i == set.count)
		return refuse_stranger(device, &wanted, from->offset);
	device_config(device, &config);
	if (!find(&config.space, &set, i + 1, &wanted, ret))
		return refuse_last(device, &wanted, from->offset);
	return 0;
}
