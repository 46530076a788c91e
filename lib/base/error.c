/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/api.h"

static _Thread_local struct error_record last = { .error = { .message = "", .hint = "" } };

static int record(int err, enum vfa_cause cause)
{
	char *hint = strchr(last.text, '\n');

	if (hint)
		*hint++ = '\0';
	last.error.code = -abs(err);
	last.error.cause = cause;
	last.error.message = last.text;
	last.error.hint = hint ? hint : "";
	return last.error.code;
}

int error_set(int err, enum vfa_cause cause, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(last.text, sizeof(last.text), format, arguments);
	va_end(arguments);
	return record(err, cause);
}

int error_kernel(int err, const char *format, ...)
{
	const char *description = strerrordesc_np(abs(err));
	va_list arguments;
	size_t used;

	va_start(arguments, format);
	vsnprintf(last.text, sizeof(last.text), format, arguments);
	va_end(arguments);
	used = strlen(last.text);
	/* Errnos of the kernel's own, such as ENOTSUPP, get out now and then. */
	if (description)
		snprintf(last.text + used, sizeof(last.text) - used, ": %s", description);
	else
		snprintf(last.text + used, sizeof(last.text) - used, ": errno %d", abs(err));
	return record(err, VFA_CAUSE_KERNEL);
}

void error_save(struct error_record *ret)
{
	*ret = last;
}

/* The sentences point into the thread's own text, or are constant: both stay right. */
void error_restore(const struct error_record *saved)
{
	last = *saved;
}

int error_memory(void)
{
	return error_set(ENOMEM, VFA_CAUSE_NO_MEMORY, "out of memory");
}

int error_null(const char *argument)
{
	return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT, "%s is NULL", argument);
}

int error_old_kernel(const char *what, const char *interface, const char *since)
{
	return error_set(EOPNOTSUPP, VFA_CAUSE_OLD_KERNEL,
			 "%s: this kernel has no %s\nit came with Linux %s", what, interface,
			 since);
}

VFA_API const struct vfa_error *vfa_error_last(void)
{
	return &last.error;
}

static const char *const cause_names[] = {
	[VFA_CAUSE_NONE] = "none",
	[VFA_CAUSE_KERNEL] = "kernel",
	[VFA_CAUSE_NO_MEMORY] = "no-memory",
	[VFA_CAUSE_BAD_ARGUMENT] = "bad-argument",
	[VFA_CAUSE_BAD_BDF] = "bad-bdf",
	[VFA_CAUSE_BAD_FD] = "bad-fd",
	[VFA_CAUSE_WRONG_ORDER] = "wrong-order",
	[VFA_CAUSE_NO_DEVICE] = "no-device",
	[VFA_CAUSE_NO_GROUP] = "no-group",
	[VFA_CAUSE_NO_IOMMU] = "no-iommu",
	[VFA_CAUSE_NO_VFIO] = "no-vfio",
	[VFA_CAUSE_NO_TYPE1] = "no-type1",
	[VFA_CAUSE_NO_IOMMUFD] = "no-iommufd",
	[VFA_CAUSE_NO_DEVICE_NODE] = "no-device-node",
	[VFA_CAUSE_NOT_BOUND] = "not-bound",
	[VFA_CAUSE_NOIOMMU] = "noiommu",
	[VFA_CAUSE_ACCESS] = "access",
	[VFA_CAUSE_DENIED] = "denied",
	[VFA_CAUSE_VF_TOKEN] = "vf-token",
	[VFA_CAUSE_UNSAFE_INTERRUPTS] = "unsafe-interrupts",
	[VFA_CAUSE_NOT_VIABLE] = "not-viable",
	[VFA_CAUSE_GROUP_BUSY] = "group-busy",
	[VFA_CAUSE_DEVICE_BUSY] = "device-busy",
	[VFA_CAUSE_FIRMWARE_MAP] = "firmware-map",
	[VFA_CAUSE_JOIN_CONFLICT] = "join-conflict",
	[VFA_CAUSE_EMPTY] = "empty",
	[VFA_CAUSE_WRAPPED] = "wrapped",
	[VFA_CAUSE_MISALIGNED] = "misaligned",
	[VFA_CAUSE_OUTSIDE_APERTURE] = "outside-aperture",
	[VFA_CAUSE_RESERVED] = "reserved",
	[VFA_CAUSE_OVERLAP] = "overlap",
	[VFA_CAUSE_NO_SPACE] = "no-space",
	[VFA_CAUSE_NOT_MAPPED] = "not-mapped",
	[VFA_CAUSE_PARTIAL_UNMAP] = "partial-unmap",
	[VFA_CAUSE_SHORT_UNMAP] = "short-unmap",
	[VFA_CAUSE_BAD_ADDRESS] = "bad-address",
	[VFA_CAUSE_MMIO_ADDRESS] = "mmio-address",
	[VFA_CAUSE_MEMLOCK] = "memlock",
	[VFA_CAUSE_ENTRY_LIMIT] = "entry-limit",
	[VFA_CAUSE_NO_REGION] = "no-region",
	[VFA_CAUSE_REGION_BOUNDS] = "region-bounds",
	[VFA_CAUSE_REGION_RIGHTS] = "region-rights",
	[VFA_CAUSE_NO_IRQ] = "no-irq",
	[VFA_CAUSE_IRQ_BOUNDS] = "irq-bounds",
	[VFA_CAUSE_IRQ_BUSY] = "irq-busy",
	[VFA_CAUSE_IRQ_FIXED] = "irq-fixed",
	[VFA_CAUSE_TIMEOUT] = "timeout",
	[VFA_CAUSE_NO_RESET] = "no-reset",
	[VFA_CAUSE_DEVICE_GONE] = "device-gone",
	[VFA_CAUSE_NOT_CONTIGUOUS] = "not-contiguous",
	[VFA_CAUSE_NO_HUGE_PAGES] = "no-huge-pages",
	[VFA_CAUSE_NO_NODE] = "no-node",
	[VFA_CAUSE_POOL_EMPTY] = "pool-empty",
	[VFA_CAUSE_BAD_PIECE] = "bad-piece",
	[VFA_CAUSE_CAPTURED] = "captured",
	[VFA_CAUSE_BAD_CAPTURE] = "bad-capture",
	[VFA_CAUSE_SENT] = "sent",
	[VFA_CAUSE_BAD_MESSAGE] = "bad-message",
	[VFA_CAUSE_NO_DRIVER] = "no-driver",
	[VFA_CAUSE_DRIVER_REFUSED] = "driver-refused",
	[VFA_CAUSE_IN_USE] = "in-use",
	[VFA_CAUSE_NOT_RESTORED] = "not-restored",
	[VFA_CAUSE_NO_SNOOP_FIXED] = "no-snoop-fixed",
	[VFA_CAUSE_NO_FEATURE] = "no-feature",
	[VFA_CAUSE_NO_CAPABILITY] = "no-capability",
	[VFA_CAUSE_NO_UDEV] = "no-udev",
	[VFA_CAUSE_EVENTS_LOST] = "events-lost",
	[VFA_CAUSE_NO_KVM_VFIO] = "no-kvm-vfio",
	[VFA_CAUSE_REGISTERED] = "registered",
	[VFA_CAUSE_NOT_OWNED] = "not-owned",
	[VFA_CAUSE_REGION_OFF] = "region-off",
	[VFA_CAUSE_IOEVENTFD] = "ioeventfd",
	[VFA_CAUSE_NOT_IOMMUFD] = "not-iommufd",
	[VFA_CAUSE_OLD_KERNEL] = "old-kernel",
	[VFA_CAUSE_NO_PASID] = "no-pasid",
	[VFA_CAUSE_PASID_GROUP] = "pasid-group",
	[VFA_CAUSE_PASID_IN_USE] = "pasid-in-use",
	[VFA_CAUSE_OTHER_IOMMUFD] = "other-iommufd",
	[VFA_CAUSE_FILE_BOUNDS] = "file-bounds",
	[VFA_CAUSE_FILE_RIGHTS] = "file-rights",
	[VFA_CAUSE_DMABUF] = "dmabuf",
	[VFA_CAUSE_NO_REQUEST] = "no-request",
	[VFA_CAUSE_NO_ROOM] = "no-room",
};

VFA_API const char *vfa_cause_name(enum vfa_cause cause)
{
	if ((unsigned int)cause >= sizeof(cause_names) / sizeof(cause_names[0]))
		return "unknown";
	return cause_names[cause];
}
