/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Enable No Snoop of a device, cleared or set on request. */

#include <errno.h>
#include <linux/pci_regs.h>
#include <vfa/coherency.h>
#include <vfa/config.h>

#include "base/api.h"
#include "base/error.h"
#include "device.h"
#include "device_config.h"
#include "gone.h"
#include "topology/express.h"
#include "topology/function.h"

static int refuse_virtual(const struct vfa_device *device, const char *physical)
{
	return error_set(EOPNOTSUPP, VFA_CAUSE_NO_SNOOP_FIXED,
			 "%s is a virtual function: Enable No Snoop of its physical function %s "
			 "rules it\n"
			 "whoever has %s can change it, for all its virtual functions",
			 device->bdf, physical, physical);
}

static int refuse_missing(const struct vfa_device *device)
{
	return error_set(EOPNOTSUPP, VFA_CAUSE_NO_SNOOP_FIXED,
			 "%s has no Enable No Snoop: it has no PCI Express capability\n"
			 "only PCI Express devices can be allowed no-snoop transactions",
			 device->bdf);
}

static int refuse_fixed(const struct vfa_device *device, bool set)
{
	return error_set(EOPNOTSUPP, VFA_CAUSE_NO_SNOOP_FIXED,
			 "%s: Enable No Snoop stays %s: the device does not take what is written\n"
			 "%s",
			 device->bdf, set ? "set" : "clear",
			 set ? "only an IOMMU that enforces snooping keeps its DMA coherent"
			     : "the device never issues no-snoop transactions");
}

/* Where Device Control is: 0 when there is none. */
static int find_control(struct vfa_device *device, uint32_t *ret)
{
	struct express express = { 0 };
	struct device_config config;
	int err;

	device_config(device, &config);
	err = express_require(&config.space, &express);
	if (err == -ENODEV)
		return error_gone(device);
	if (err)
		return error_device(device, err, "%s: read the capabilities", device->bdf);
	*ret = express.offset ? express.offset + PCI_EXP_DEVCTL : 0;
	return 0;
}

static bool is_set(uint16_t control)
{
	return control & PCI_EXP_DEVCTL_NOSNOOP_EN;
}

/* What is as wanted is not written. */
static int change_control(struct vfa_device *device, uint32_t offset, bool set)
{
	uint16_t control = 0;
	int err = vfa_config_read16(device, offset, &control);

	if (err || is_set(control) == set)
		return err;
	err = vfa_config_write16(device, offset, control ^ PCI_EXP_DEVCTL_NOSNOOP_EN);
	if (!err)
		err = vfa_config_read16(device, offset, &control);
	if (!err && is_set(control) != set)
		err = refuse_fixed(device, !set);
	return err;
}

static int change_no_snoop(struct vfa_device *device, bool set)
{
	char physical[BDF_SIZE];
	uint32_t offset = 0;
	int err;

	if (!device)
		return error_null("device");
	if (function_physical(device->container->host, device->bdf, physical) > 0)
		return refuse_virtual(device, physical);
	err = find_control(device, &offset);
	if (err)
		return err;
	if (!offset)
		return set ? refuse_missing(device) : 0;
	pthread_mutex_lock(&device->lock);
	err = change_control(device, offset, set);
	pthread_mutex_unlock(&device->lock);
	return err;
}

VFA_API int vfa_device_disable_no_snoop(struct vfa_device *device)
{
	return change_no_snoop(device, false);
}

VFA_API int vfa_device_enable_no_snoop(struct vfa_device *device)
{
	return change_no_snoop(device, true);
}
