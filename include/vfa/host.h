/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * The machine: where its sysfs, /dev and /proc are, and who hears its log.
 *
 * A NULL host means this machine, everywhere one is asked for. A host with
 * other roots reads a captured tree or a container's view. It has nothing
 * open, never changes after vfa_host_new(), and may be used by all threads.
 * Objects made from it keep it alive.
 */

#ifndef VFA_HOST_H
#define VFA_HOST_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vfa_host;

/**
 * enum vfa_backend - the kernel interface an address space is made of
 * @VFA_BACKEND_AUTO: iommufd where the device has a device node and /dev/iommu
 *	opens, else type1; decided when the first device joins
 * @VFA_BACKEND_TYPE1: /dev/vfio/vfio with type1v2, and group nodes
 * @VFA_BACKEND_IOMMUFD: /dev/iommu, and device nodes (Linux 6.6)
 * @VFA_BACKEND_NOIOMMU: /dev/vfio/noiommu-N: interrupts and regions without any
 *	translation or protection. Never chosen by AUTO
 */
enum vfa_backend {
	VFA_BACKEND_AUTO = 0,
	VFA_BACKEND_TYPE1,
	VFA_BACKEND_IOMMUFD,
	VFA_BACKEND_NOIOMMU,
};

/** enum vfa_log_level - how much a log line matters */
enum vfa_log_level {
	VFA_LOG_WARNING = 1, /* something a user should know, though the call succeeded */
	VFA_LOG_INFO,        /* a decision, such as the backend chosen */
	VFA_LOG_DEBUG,       /* devices joining and leaving, memory mapped and unmapped */
};

/**
 * vfa_log_fn - hears one log line
 * @data: log_data of the host's options
 * @level: how much it matters
 * @message: one line without a newline; valid during the call only
 *
 * Called from whichever thread is in the library, possibly with locks held: it
 * must not call the library.
 */
typedef void (*vfa_log_fn)(void *data, enum vfa_log_level level, const char *message);

/**
 * struct vfa_host_options - how to see a machine
 * @struct_size: set by VFA_HOST_OPTIONS_INIT
 * @log_level: the most detailed level to hear, 0 for VFA_LOG_INFO
 * @sysfs: sysfs root, NULL for "/sys"
 * @dev: device node root, NULL for "/dev"
 * @proc: procfs root, NULL for "/proc"
 * @log: hears log lines, NULL for none
 * @log_data: handed to @log
 */
struct vfa_host_options {
	uint32_t struct_size;
	enum vfa_log_level log_level;
	const char *sysfs;
	const char *dev;
	const char *proc;
	vfa_log_fn log;
	void *log_data;
};

/* The fields by position, because C++11 cannot name them. */
#define VFA_HOST_OPTIONS_INIT                                                                      \
	{                                                                                          \
		sizeof(struct vfa_host_options), (enum vfa_log_level)0, 0, 0, 0, 0, 0              \
	}

/**
 * vfa_host_new() - describe a machine
 * @options: how to see it, NULL for this machine without a log
 * @ret: the host, to be freed with vfa_host_free()
 *
 * The strings of @options are copied. Nothing is opened or checked.
 *
 * Return: 0, or
 *	-EINVAL: @ret is NULL, or struct_size is not one this library knows
 *	-ENOMEM: no memory
 */
int vfa_host_new(const struct vfa_host_options *options, struct vfa_host **ret);

/**
 * vfa_host_free() - drop the caller's hold on a host
 * @host: the host, or NULL
 *
 * The memory goes with the last object made from it.
 */
void vfa_host_free(struct vfa_host *host);

/**
 * vfa_host_check_backend() - whether this machine offers a backend
 * @host: the machine, or NULL for this one
 * @backend: VFA_BACKEND_TYPE1, VFA_BACKEND_IOMMUFD or VFA_BACKEND_NOIOMMU
 *
 * Opens the backend's control node, asks it what the backend needs, and closes
 * it again. A device may still be missing what the backend needs of it.
 *
 * Return: 0 when it is there, or
 *	-EINVAL: @backend is none of the three
 *	-ENOENT: not in this kernel, or its module is not loaded
 *		(VFA_CAUSE_NO_VFIO, VFA_CAUSE_NO_TYPE1, VFA_CAUSE_NO_IOMMUFD), or
 *		noiommu is off (VFA_CAUSE_NOIOMMU)
 *	-EACCES, -EPERM: the node does not open (VFA_CAUSE_ACCESS, VFA_CAUSE_DENIED)
 *	-ENOMEM: no memory
 *	any other errno of open(2) and the kernel
 * with the reason in vfa_error_last().
 *
 * Kernel: VFIO_GET_API_VERSION, VFIO_CHECK_EXTENSION in linux/vfio.h.
 */
int vfa_host_check_backend(struct vfa_host *host, enum vfa_backend backend);

/**
 * vfa_backend_name() - "auto", "type1", "iommufd" or "noiommu"
 * @backend: any value; "unknown" for one this library does not know
 */
const char *vfa_backend_name(enum vfa_backend backend);

#ifdef __cplusplus
}
#endif

#endif
