/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "irq.h"

#include <errno.h>

#include "base/api.h"
#include "base/error.h"
#include "base/options.h"
#include "gone.h"

static const struct {
	const char *name;
	uint32_t index; /* VFIO's */
} kinds[IRQ_KINDS] = {
	[VFA_IRQ_INTX] = { "INTx", VFIO_PCI_INTX_IRQ_INDEX },
	[VFA_IRQ_MSI] = { "MSI", VFIO_PCI_MSI_IRQ_INDEX },
	[VFA_IRQ_MSIX] = { "MSI-X", VFIO_PCI_MSIX_IRQ_INDEX },
	[VFA_IRQ_ERROR] = { "error", VFIO_PCI_ERR_IRQ_INDEX },
	[VFA_IRQ_REQUEST] = { "request", VFIO_PCI_REQ_IRQ_INDEX },
};

VFA_API const char *vfa_irq_kind_name(enum vfa_irq_kind kind)
{
	return (unsigned int)kind < IRQ_KINDS ? kinds[kind].name : "unknown";
}

const char *irq_name(enum vfa_irq_kind kind)
{
	return kinds[kind].name;
}

uint32_t irq_index(enum vfa_irq_kind kind)
{
	return kinds[kind].index;
}

int irq_check_kind(enum vfa_irq_kind kind)
{
	if ((unsigned int)kind < IRQ_KINDS)
		return 0;
	return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
			 "%d is not a kind of interrupt\nuse one of enum vfa_irq_kind", kind);
}

/* A kind that the device lacks is an index beyond its last, an error, or a count of 0. */
int irq_read_info(struct vfa_device *device, enum vfa_irq_kind kind, struct vfio_irq_info *ret)
{
	int err;

	*ret = (struct vfio_irq_info){ .argsz = sizeof(*ret), .index = irq_index(kind) };
	if (ret->index >= device->irq_count)
		return 0;
	err = device_ioctl(device, VFIO_DEVICE_GET_IRQ_INFO, ret);
	if (err == -EINVAL) {
		ret->count = 0;
		return 0;
	}
	if (err < 0)
		return error_device(device, err, "%s: VFIO_DEVICE_GET_IRQ_INFO of %s", device->bdf,
				    irq_name(kind));
	return 0;
}

VFA_API int vfa_irq_count(struct vfa_device *device, enum vfa_irq_kind kind)
{
	struct vfio_irq_info info;
	int err = device ? irq_check_kind(kind) : error_null("device");

	if (!err)
		err = irq_read_info(device, kind, &info);
	return err ? err : (int)info.count;
}

VFA_API int vfa_irq_get_info(struct vfa_device *device, enum vfa_irq_kind kind,
			     struct vfa_irq_info *ret)
{
	struct vfa_irq_info answer = VFA_IRQ_INFO_INIT;
	struct vfio_irq_info info;
	int err;

	if (!device || !ret)
		return error_null(device ? "ret" : "device");
	err = options_check_result("vfa_irq_info", ret,
				   OPTIONS_UP_TO(struct vfa_irq_info, is_resizable));
	if (!err)
		err = irq_check_kind(kind);
	if (!err)
		err = irq_read_info(device, kind, &info);
	if (err)
		return err;
	answer.count = info.count;
	if (info.count) {
		answer.is_maskable = !!(info.flags & VFIO_IRQ_INFO_MASKABLE);
		answer.is_automasked = !!(info.flags & VFIO_IRQ_INFO_AUTOMASKED);
		answer.is_resizable =
			kind == VFA_IRQ_MSIX && !(info.flags & VFIO_IRQ_INFO_NORESIZE);
	}
	options_return(&answer, sizeof(answer), ret);
	return 0;
}
