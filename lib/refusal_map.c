/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "refusal_map.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "file.h"
#include "mapping.h"
#include "memlock.h"
#include "vma.h"

int refuse_empty(const char *what)
{
	return error_set(EINVAL, VFA_CAUSE_EMPTY, "%s: a size of 0\ngive the size in bytes", what);
}

int refuse_wrapped(const char *what, const char *of, uint64_t start, uint64_t size)
{
	return error_set(EINVAL, VFA_CAUSE_WRAPPED,
			 "%s: %s 0x%" PRIx64 " plus size 0x%" PRIx64 " exceeds 64 bits\n"
			 "the last byte has to be 0x%" PRIx64 " or below",
			 what, of, start, size, UINT64_MAX);
}

int refuse_misaligned(const char *of, uint64_t value, uint64_t alignment)
{
	return error_set(EINVAL, VFA_CAUSE_MISALIGNED,
			 "map: %s 0x%" PRIx64 " is not a multiple of 0x%" PRIx64
			 ", the IOMMU's page size\n"
			 "align IOVA, address and size to vfa_container_alignment",
			 of, value, alignment);
}

/* What would do instead. */
static void print_nearest(const struct vfa_map_options *options, const struct vfa_verdict *verdict,
			  char *text, size_t size)
{
	bool identity = options->flags & VFA_MAP_IDENTITY;

	if (!(verdict->flags & VFA_VERDICT_NEAREST))
		snprintf(text, size,
			 identity ? "map it without VFA_MAP_IDENTITY"
				  : "nothing that would do is free");
	else if (identity)
		snprintf(text, size,
			 "the nearest address for an identity mapping is 0x%" PRIx64
			 ": allocate the memory there, or map it without VFA_MAP_IDENTITY",
			 verdict->nearest.start);
	else
		snprintf(text, size, "the nearest usable IOVA is 0x%" PRIx64,
			 verdict->nearest.start);
}

int refuse_wish(const struct vfa_map_options *options, const struct vfa_verdict *verdict)
{
	const struct vfa_iova_range *range = &verdict->range;
	char nearest[192];

	print_nearest(options, verdict, nearest, sizeof(nearest));
	if (range->start < options->iova_min || range->last > options->iova_max)
		return error_set(
			EINVAL, VFA_CAUSE_BAD_ARGUMENT,
			"map 0x%" PRIx64 "-0x%" PRIx64
			": beyond the limits given with it, 0x%" PRIx64 "-0x%" PRIx64 "\n"
			"the device may not reach what is beyond iova_min and iova_max; %s",
			range->start, range->last, options->iova_min, options->iova_max, nearest);
	return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
			 "map 0x%" PRIx64 "-0x%" PRIx64 ": not aligned to 0x%" PRIx64
			 ", as given with it\n%s",
			 range->start, range->last, options->alignment, nearest);
}

int refuse_verdict(const struct vfa_container *container, const struct vfa_map_options *options,
		   enum iova_verdict found, const struct vfa_verdict *verdict)
{
	const struct iova_limits *limits = &container->space.limits;
	const struct vfa_iova_range *range = &verdict->range;
	char nearest[192], ranges[256];

	print_nearest(options, verdict, nearest, sizeof(nearest));
	switch (found) {
	case IOVA_RESERVED:
		return error_set(EINVAL, VFA_CAUSE_RESERVED,
				 "map 0x%" PRIx64 "-0x%" PRIx64
				 ": overlaps reserved region 0x%" PRIx64 "-0x%" PRIx64
				 " (%s) of group %u\n%s",
				 range->start, range->last, verdict->reserved.range.start,
				 verdict->reserved.range.last,
				 vfa_reserved_type_name(verdict->reserved.type),
				 verdict->reserved.group, nearest);
	case IOVA_OUTSIDE:
		range_list_print(&limits->allowed, ranges, sizeof(ranges));
		return error_set(EINVAL, VFA_CAUSE_OUTSIDE_APERTURE,
				 "map 0x%" PRIx64 "-0x%" PRIx64
				 ": outside the IOMMU's aperture, which is %s\n%s",
				 range->start, range->last, ranges, nearest);
	case IOVA_OVERLAP:
		return error_set(EEXIST, VFA_CAUSE_OVERLAP,
				 "map 0x%" PRIx64 "-0x%" PRIx64 ": overlaps mapping 0x%" PRIx64
				 "-0x%" PRIx64 "\n%s",
				 range->start, range->last, verdict->mapping.start,
				 verdict->mapping.last, nearest);
	default:
		return refuse_misaligned("IOVA", range->start, limits->alignment);
	}
}

static void print_window(const struct vfa_window *window, char *text, size_t size)
{
	snprintf(text, size, "%s 0x%" PRIx64 "-0x%" PRIx64 "%s%s",
		 vfa_window_kind_name(window->kind), window->range.start, window->range.last,
		 window->bdf[0] ? " of " : "", window->bdf);
}

void warn_of_window(const struct vfa_container *container, const char *what,
		    const struct vfa_iova_range *range, const struct vfa_window *window)
{
	char text[96];

	print_window(window, text, sizeof(text));
	host_log(container->host, VFA_LOG_WARNING,
		 "%s 0x%" PRIx64 "-0x%" PRIx64
		 ": in the %s, which devices may reach in place of the memory",
		 what, range->start, range->last, text);
}

static int refuse_dangerous_space(const struct iova_wish *wish, const struct vfa_verdict *verdict)
{
	char window[96];

	print_window(&verdict->window, window, sizeof(window));
	return error_set(ENOSPC, VFA_CAUSE_NO_SPACE,
			 "map: the only IOVAs free for 0x%" PRIx64 " bytes aligned to 0x%" PRIx64
			 " from 0x%" PRIx64 " to 0x%" PRIx64 " are dangerous: in the %s\n"
			 "devices may reach that in place of the memory; to insist, give 0x%" PRIx64
			 " with VFA_MAP_FIXED; else widen iova_min and iova_max, or unmap",
			 wish->size, wish->alignment, wish->min, wish->max, window,
			 verdict->nearest.start);
}

int refuse_no_space(const struct vfa_container *container, const struct iova_wish *wish,
		    const struct vfa_verdict *verdict)
{
	char ranges[256];

	if (verdict->flags & VFA_VERDICT_WINDOW)
		return refuse_dangerous_space(wish, verdict);
	range_list_print(&container->space.limits.allowed, ranges, sizeof(ranges));
	return error_set(ENOSPC, VFA_CAUSE_NO_SPACE,
			 "map: no free IOVA range of 0x%" PRIx64 " bytes aligned to 0x%" PRIx64
			 " from 0x%" PRIx64 " to 0x%" PRIx64 "\n"
			 "the IOMMU's aperture is %s, with %zu mappings of %" PRIu64
			 " bytes in it; widen iova_min and iova_max, or unmap",
			 wish->size, wish->alignment, wish->min, wish->max, ranges,
			 container->space.count, container->mapped_bytes);
}

int refuse_no_identity(const struct vfa_container *container, const struct iova_wish *wish)
{
	char ranges[256];

	range_list_print(&container->space.limits.allowed, ranges, sizeof(ranges));
	return error_set(ENOSPC, VFA_CAUSE_NO_SPACE,
			 "buffer: no 0x%" PRIx64 " bytes aligned to 0x%" PRIx64 " from 0x%" PRIx64
			 " to 0x%" PRIx64 " are free both in this process and as IOVA\n"
			 "the IOMMU's aperture is %s, with %zu mappings in it; "
			 "/proc/self/maps lists what the process has; widen iova_min and iova_max, "
			 "or leave out VFA_BUFFER_IDENTITY",
			 wish->size, wish->alignment, wish->min, wish->max, ranges,
			 container->space.count);
}

/* Mapped registers of a device, through either of VFIO's interfaces. */
static bool is_device_memory(const struct vma *vma)
{
	return strstr(vma->name, "[vfio-device]") || strstr(vma->name, "/vfio/devices/");
}

static int refuse_address(const struct vfa_container *container, const struct dma_request *request)
{
	uint64_t start = (uintptr_t)request->vaddr, last = start + (request->size - 1);
	uint64_t address = start;
	struct vma vma;

	for (;; address = vma.last + 1) {
		if (!vma_find(container->host, address, &vma))
			return error_set(
				EFAULT, VFA_CAUSE_BAD_ADDRESS,
				"map: this process has no memory at 0x%" PRIx64
				", inside 0x%" PRIx64 "-0x%" PRIx64 "\n"
				"map memory there first, and keep it until it is unmapped for "
				"DMA",
				address, start, last);
		if (is_device_memory(&vma))
			return error_set(
				EFAULT, VFA_CAUSE_MMIO_ADDRESS,
				"map: 0x%" PRIx64 " is device memory (%s), which %s does not "
				"pin\n"
				"map it by vfa_peer_map, which makes a dma-buf of it where that is "
				"needed (Linux 6.19)",
				address, vma.name, vfa_backend_name(container->backend->kind));
		if (!vma.readable || (!vma.writable && request->access & VFA_ACCESS_WRITE))
			return error_set(
				EFAULT, VFA_CAUSE_BAD_ADDRESS,
				"map: the memory at 0x%" PRIx64 ", inside 0x%" PRIx64 "-0x%" PRIx64
				", is not %s\n"
				"%s",
				address, start, last, vma.readable ? "writable" : "readable",
				address != start ? "check the size: the memory before it ends there"
				: vma.readable   ? "map it with VFA_ACCESS_READ, or make it "
						   "writable: mprotect"
						 : "make it readable: mprotect");
		if (vma.last >= last)
			break;
	}
	return error_set(
		EFAULT, VFA_CAUSE_BAD_ADDRESS,
		"map: the kernel cannot pin 0x%" PRIx64 "-0x%" PRIx64 "\n"
		"a file may end before the mapping of it does, or its file system does not "
		"allow long-term pins",
		start, last);
}

/* "4096 bytes", or what there is instead of a number. */
static const char *print_bytes(uint64_t value, char text[32])
{
	if (value == VFA_LIMIT_NONE)
		return "unlimited";
	if (value == VFA_LIMIT_UNKNOWN)
		return "an unknown number of bytes";
	snprintf(text, 32, "%" PRIu64 " bytes", value);
	return text;
}

/* The limit holds, but there was room for this: the kernel's own memory ran out. */
static int refuse_no_memory(const char *what, uint64_t size, const struct memlock *memlock)
{
	char soft[32], counted[32], why[160];

	if (memlock->is_exempt)
		snprintf(why, sizeof(why), "this process has CAP_IPC_LOCK");
	else if (memlock->soft == VFA_LIMIT_NONE)
		snprintf(why, sizeof(why), "it is unlimited");
	else
		snprintf(why, sizeof(why), "it is %s, of which %s are in use",
			 print_bytes(memlock->soft, soft),
			 print_bytes(memlock_counted(memlock), counted));
	return error_set(ENOMEM, VFA_CAUSE_NO_MEMORY,
			 "%s: the kernel has no memory to pin or map 0x%" PRIx64 " bytes\n"
			 "the limit on locked memory is not the reason: %s; free memory, or give "
			 "the memory cgroup more",
			 what, size, why);
}

/* The way out that asks for the least. */
static void print_way_out(const struct memlock *memlock, uint64_t needed, char *text, size_t size)
{
	bool by_user = memlock->accounting == VFA_ACCOUNTING_USER;
	bool is_known = needed != VFA_LIMIT_UNKNOWN;
	bool others = by_user && is_known && needed <= memlock->soft;

	if (is_known && !others && needed <= memlock->hard)
		snprintf(text, size,
			 "raise the soft limit to %" PRIu64
			 " bytes%s, which needs no privilege: setrlimit, or ulimit -S -l %" PRIu64,
			 needed, by_user ? " or more" : "", (needed + 1023) / 1024);
	else
		snprintf(text, size,
			 "%sraise the limit: ulimit -l, LimitMEMLOCK= of a systemd service, or "
			 "memlock in limits.conf; or give CAP_IPC_LOCK",
			 others ? "other programs of the user have the rest: have it counted by "
				  "process, with vfa_container_set_accounting; or "
				: "");
}

int refuse_memory(const struct vfa_container *container, const char *what, uint64_t size)
{
	char soft[32], hard[32], counted[32], way_out[320];
	struct memlock memlock;

	if (memlock_read(container, &memlock) < 0)
		return error_set(ENOMEM, VFA_CAUSE_NO_MEMORY,
				 "%s: the kernel has no memory to pin or map 0x%" PRIx64 " bytes\n"
				 "free memory, or raise the limit on locked memory: ulimit -l",
				 what, size);
	if (!memlock_refuses(&memlock, size))
		return refuse_no_memory(what, size, &memlock);
	print_way_out(&memlock, memlock_needed(&memlock, size), way_out, sizeof(way_out));
	return error_set(
		ENOMEM, VFA_CAUSE_MEMLOCK,
		"%s: the limit on locked memory: %s allowed (hard limit %s), %s %s, %" PRIu64
		" asked for; %s counts by %s\n%s",
		what, print_bytes(memlock.soft, soft), print_bytes(memlock.hard, hard),
		print_bytes(memlock_counted(&memlock), counted),
		memlock.accounting == VFA_ACCOUNTING_USER ? "pinned by this process" : "in use",
		size, vfa_backend_name(container->backend->kind),
		memlock.accounting == VFA_ACCOUNTING_USER
			? "user, all processes together"
			: "process, all its containers and mlock together",
		way_out);
}

static int refuse_entries(const struct vfa_container *container, const struct dma_request *request)
{
	uint32_t left = 0;

	if (container->backend->ops->entries_left(container->backend, &left))
		return error_kernel(ENOSPC, "map 0x%" PRIx64 " bytes at 0x%" PRIx64, request->size,
				    request->iova);
	return error_set(ENOSPC, VFA_CAUSE_ENTRY_LIMIT,
			 "map: %zu of %zu type1 mappings are in use\n"
			 "map larger pieces, or raise the parameter dma_entry_limit of "
			 "vfio_iommu_type1 before the container is opened",
			 container->space.count, container->space.count + left);
}

/* Of a BAR nothing is pinned, so that no limit on that is the reason. */
static int refuse_device_memory(const struct dma_request *request, int err)
{
	uint64_t last = request->iova + (request->size - 1);

	switch (err) {
	case -ENOTTY:
		return error_set(EOPNOTSUPP, VFA_CAUSE_NO_FEATURE,
				 "map a BAR: the iommufd of this kernel maps no files\n"
				 "that needs Linux 6.14, and Linux 6.19 for BARs; a container on "
				 "type1 does without");
	case -EOPNOTSUPP:
		return error_set(EOPNOTSUPP, VFA_CAUSE_NO_FEATURE,
				 "map a BAR: the iommufd of this kernel maps no dma-bufs of BARs\n"
				 "that needs Linux 6.19 with CONFIG_PCI_P2PDMA; a container on "
				 "type1 does without");
	case -ENODEV:
	case -EFAULT:
		return error_set(EIO, VFA_CAUSE_REGION_OFF,
				 "map 0x%" PRIx64 "-0x%" PRIx64
				 ": the BAR does not answer: its device decodes no memory, or is "
				 "gone\n"
				 "look after the device: vfa_device_check, and Memory Space Enable "
				 "in its Command register",
				 request->iova, last);
	case -ENOMEM:
		return error_set(ENOMEM, VFA_CAUSE_NO_MEMORY,
				 "map 0x%" PRIx64 "-0x%" PRIx64
				 ": the kernel has no memory to map a BAR\n"
				 "free memory, or give the memory cgroup more",
				 request->iova, last);
	default:
		return 0;
	}
}

/* Limits, of which none is for what has no address, and IOVAs have errnos of their own. */
static bool may_be_the_file(const struct dma_request *request, int err)
{
	if (err == -ENOMEM)
		return !request->vaddr;
	return request->fd >= 0 && err != -ENOSPC && err != -EEXIST && err != -EADDRINUSE;
}

int refuse_map(const struct vfa_container *container, const struct dma_request *request, int err)
{
	int refused = 0;

	if (request->is_device)
		refused = refuse_device_memory(request, err);
	else if (may_be_the_file(request, err))
		refused = file_refuse(container, request, err);

	if (refused)
		return refused;
	switch (err) {
	case -EFAULT:
		return refuse_address(container, request);
	case -ENOMEM:
		return refuse_memory(container, "map", request->size);
	case -ENOSPC:
		return refuse_entries(container, request);
	case -EEXIST:
	case -EADDRINUSE:
		return error_set(EEXIST, VFA_CAUSE_OVERLAP,
				 "map 0x%" PRIx64 "-0x%" PRIx64
				 ": the kernel has a mapping there that this library did not make\n"
				 "leave the container's fd alone, or map elsewhere",
				 request->iova, request->iova + (request->size - 1));
	default:
		return error_kernel(err, "map 0x%" PRIx64 "-0x%" PRIx64, request->iova,
				    request->iova + (request->size - 1));
	}
}
