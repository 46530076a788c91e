/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * How much can be mapped: entries, locked memory, and who it is counted for.
 *
 * The kernel pins what is mapped and holds it to RLIMIT_MEMLOCK. How it counts
 * differs between the backends: docs/memory.md has the rules.
 * All functions may be called from any thread.
 */

#ifndef VFA_LIMITS_H
#define VFA_LIMITS_H

#include <stddef.h>
#include <stdint.h>
#include <vfa/container.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Values of a limit that are no number. */
#define VFA_LIMIT_NONE    UINT64_MAX       /* there is no limit */
#define VFA_LIMIT_UNKNOWN (UINT64_MAX - 1) /* the kernel does not tell */

/** enum vfa_accounting - who the kernel counts pinned memory for */
enum vfa_accounting {
	VFA_ACCOUNTING_PROCESS = 1, /* this process, with what it locks by mlock(2) */
	VFA_ACCOUNTING_USER = 2,    /* the user, over all processes */
};

/**
 * struct vfa_limits - what a container has used, and what is left
 * @struct_size: set by VFA_LIMITS_INIT
 * @accounting: enum vfa_accounting
 * @entries_used: mappings of this container that are in the kernel
 * @entries_available: how many more type1 takes; VFA_LIMIT_NONE on iommufd;
 *	VFA_LIMIT_UNKNOWN on type1 without a device, or before Linux 5.10
 * @mapped_bytes: the sum of the sizes of the container's mappings
 * @locked_bytes: VmLck of this process: what mlock(2) and mappings counted per
 *	process have locked, or VFA_LIMIT_UNKNOWN without /proc
 * @pinned_bytes: VmPin of this process: what iommufd has pinned, and other
 *	interfaces such as io_uring, or VFA_LIMIT_UNKNOWN without /proc
 * @memlock_soft: RLIMIT_MEMLOCK in bytes, which the kernel holds mappings to, or
 *	VFA_LIMIT_NONE
 * @memlock_hard: how far the process may raise it by itself, or VFA_LIMIT_NONE
 * @is_exempt: 1 when the process has CAP_IPC_LOCK in the first user namespace, so
 *	that its mappings are not held to the limit; else 0
 * @reserved: 0, for what later releases tell
 *
 * With VFA_ACCOUNTING_PROCESS, @locked_bytes is what counts against @memlock_soft.
 * With VFA_ACCOUNTING_USER that is the user's sum, which the kernel does not show;
 * @pinned_bytes is this process's share of it.
 */
struct vfa_limits {
	uint32_t struct_size;
	uint32_t accounting;
	uint64_t entries_used;
	uint64_t entries_available;
	uint64_t mapped_bytes;
	uint64_t locked_bytes;
	uint64_t pinned_bytes;
	uint64_t memlock_soft;
	uint64_t memlock_hard;
	uint32_t is_exempt;
	uint32_t reserved;
};

#define VFA_LIMITS_INIT                                                                            \
	{                                                                                          \
		sizeof(struct vfa_limits), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0                            \
	}

/**
 * vfa_container_limits() - what is used and what is left, now
 * @container: a container whose backend is decided
 * @ret: initialised by the caller, filled on success
 *
 * Other threads and processes change the numbers at any time.
 *
 * Return: 0, or
 *	-EINVAL: a NULL argument, or @ret is not initialised
 *	-ENODEV: the backend is undecided (VFA_CAUSE_WRONG_ORDER)
 *	-EBUSY: the container was sent to another process (VFA_CAUSE_SENT)
 *	-EOPNOTSUPP: noiommu maps and counts nothing (VFA_CAUSE_NOIOMMU)
 *	-ENOMEM: no memory
 *	any other errno of the kernel
 *
 * Kernel: VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL; IOMMU_OPTION_RLIMIT_MODE; getrlimit(2);
 * VmLck, VmPin and CapEff of /proc/self/status.
 */
int vfa_container_limits(struct vfa_container *container, struct vfa_limits *ret);

/**
 * vfa_container_set_accounting() - choose who pinned memory is counted for
 * @container: an iommufd container without devices and mappings
 * @accounting: VFA_ACCOUNTING_PROCESS or VFA_ACCOUNTING_USER
 *
 * Iommufd counts for the user, so that all programs of a user share one limit.
 * Counted for the process, each has the limit to itself, as on type1. The choice
 * holds for all that is made from the container's fd. The container gets a new IOAS:
 * ask vfa_container_ioas() again. What is already as wanted succeeds at once, also on
 * type1, also with devices, and without any privilege.
 *
 * Return: 0, or
 *	-EINVAL: @container is NULL, @accounting is neither of the two
 *	-ENODEV: the backend is undecided (VFA_CAUSE_WRONG_ORDER)
 *	-EBUSY: the container was sent to another process (VFA_CAUSE_SENT)
 *	-EBUSY: the container has devices or mappings (VFA_CAUSE_WRONG_ORDER), or its
 *		fd is used for more than this container (VFA_CAUSE_BAD_FD)
 *	-EPERM: it takes CAP_SYS_RESOURCE in the first user namespace (VFA_CAUSE_DENIED)
 *	-EOPNOTSUPP: type1 counts for the process only (VFA_CAUSE_BAD_ARGUMENT); noiommu
 *		counts nothing (VFA_CAUSE_NOIOMMU)
 *	any other errno of the kernel; but for the IOAS id nothing has changed then
 *
 * Kernel: IOMMU_OPTION_RLIMIT_MODE, IOMMU_DESTROY, IOMMU_IOAS_ALLOC.
 */
int vfa_container_set_accounting(struct vfa_container *container, enum vfa_accounting accounting);

/** enum vfa_plan_flags - what is to be mapped */
enum vfa_plan_flags {
	VFA_PLAN_DEVICE_MEMORY = 1 << 0, /* a mapped region of a device, which does not count */
};

/**
 * struct vfa_plan - mappings that a program is going to make
 * @size: of one of them, in bytes; rounded up to whole pages
 * @page_size: of the memory where that is more than the alignment of the container, so
 *	that @size is rounded up to it: a power of two such as 2 MiB; 0 for no more
 * @count: how many of them, at least 1. Memory that is mapped twice counts twice
 * @flags: enum vfa_plan_flags
 * @reserved: 0
 */
struct vfa_plan {
	uint64_t size;
	uint64_t page_size;
	uint64_t count;
	uint32_t flags;
	uint32_t reserved;
};

/**
 * struct vfa_memlock_estimate - what a plan takes
 * @struct_size: set by VFA_MEMLOCK_ESTIMATE_INIT
 * @accounting: enum vfa_accounting, by which the kernel counts it
 * @bytes: that it adds to what the kernel counts
 * @limit: the lowest RLIMIT_MEMLOCK that allows it on top of what counts now, in bytes:
 *	0 when this process is exempt, VFA_LIMIT_UNKNOWN without /proc. Counted for the
 *	user, what other processes of the user have comes on top
 * @entries: mappings that it makes
 */
struct vfa_memlock_estimate {
	uint32_t struct_size;
	uint32_t accounting;
	uint64_t bytes;
	uint64_t limit;
	uint64_t entries;
};

#define VFA_MEMLOCK_ESTIMATE_INIT                                                                  \
	{                                                                                          \
		sizeof(struct vfa_memlock_estimate), 0, 0, 0, 0                                    \
	}

/**
 * vfa_container_estimate_memlock() - what a plan takes before it is carried out
 * @container: a container whose backend is decided
 * @plan: the mappings, may be NULL when @count is 0
 * @count: number of elements in @plan
 * @ret: initialised by the caller, filled on success
 *
 * With RLIMIT_MEMLOCK at @ret's limit the plan can be carried out, and with a page less
 * it cannot. Mappings of a container that has no device at the moment are pinned again
 * with the next one, and are in it. The kernel's own memory for page tables is not: it
 * counts in the memory cgroup.
 *
 * Return: 0, or
 *	-EINVAL: a NULL argument, @ret is not initialised, or @plan has a page size that is
 *		no power of two or something unknown; a size or count of 0
 *		(VFA_CAUSE_EMPTY); more bytes than 64 bits count (VFA_CAUSE_WRAPPED)
 *	and the errors of vfa_container_limits()
 */
int vfa_container_estimate_memlock(struct vfa_container *container, const struct vfa_plan *plan,
				   size_t count, struct vfa_memlock_estimate *ret);

/**
 * vfa_accounting_name() - "process" or "user"
 * @accounting: any value; "unknown" for one this library does not know
 */
const char *vfa_accounting_name(enum vfa_accounting accounting);

#ifdef __cplusplus
}
#endif

#endif
