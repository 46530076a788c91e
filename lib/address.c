/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <vfa/address.h>

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/api.h"
#include "base/error.h"
#include "base/options.h"
#include "mapping.h"

#define LEAST OPTIONS_UP_TO(struct vfa_address_info, vaddr)

/* Of what cannot be mapped, as far as it goes on both sides. */
static struct vfa_iova_range hole_at(const struct range_list *allowed, uint64_t iova)
{
	struct vfa_iova_range hole = { 0, UINT64_MAX };

	for (size_t i = 0; i < allowed->count; i++) {
		if (allowed->ranges[i].last < iova)
			hole.start = allowed->ranges[i].last + 1;
		else if (allowed->ranges[i].start - 1 < hole.last)
			hole.last = allowed->ranges[i].start - 1;
	}
	return hole;
}

static void describe_hole(const struct iova_limits *limits, struct vfa_address_info *info)
{
	const struct vfa_iova_range byte = { info->iova, info->iova };
	const struct vfa_reserved_region *region = iova_limits_reserved(limits, &byte);

	info->kind = region ? VFA_ADDRESS_RESERVED : VFA_ADDRESS_OUTSIDE;
	info->range = region ? region->range : hole_at(&limits->allowed, info->iova);
	if (region)
		info->reserved = *region;
}

/* From neighbour to neighbour, or to the end of what can be mapped. */
static void describe_gap(const struct vfa_iova_range *allowed, struct vfa_address_info *info)
{
	info->kind = VFA_ADDRESS_GAP;
	info->range = *allowed;
	if (info->flags & VFA_ADDRESS_HAS_BEFORE && info->before.last >= allowed->start)
		info->range.start = info->before.last + 1;
	if (info->flags & VFA_ADDRESS_HAS_BEHIND && info->behind.start <= allowed->last)
		info->range.last = info->behind.start - 1;
}

static void describe_mapping(const struct vfa_mapping *mapping, struct vfa_address_info *info)
{
	info->kind = VFA_ADDRESS_MAPPED;
	info->access = vfa_mapping_access(mapping);
	if (mapping->is_device)
		info->flags |= VFA_ADDRESS_IS_BAR;
	mapping_range(mapping, &info->range);
	if (mapping->vaddr)
		info->vaddr = (char *)mapping->vaddr + (info->iova - info->range.start);
}

static void describe_neighbours(const struct vfa_mapping *before, const struct vfa_mapping *behind,
				struct vfa_address_info *info)
{
	if (before) {
		mapping_range(before, &info->before);
		info->flags |= VFA_ADDRESS_HAS_BEFORE;
	}
	if (behind) {
		mapping_range(behind, &info->behind);
		info->flags |= VFA_ADDRESS_HAS_BEHIND;
	}
}

static void describe_window(const struct iova_space *space, struct vfa_address_info *info)
{
	const struct vfa_iova_range byte = { info->iova, info->iova };
	const struct vfa_window *window = iova_space_window(space, &byte);

	if (window) {
		info->window = *window;
		info->flags |= VFA_ADDRESS_HAS_WINDOW;
	}
}

static void describe(const struct vfa_container *container, struct vfa_address_info *info)
{
	const struct iova_space *space = &container->space;
	const struct vfa_iova_range byte = { info->iova, info->iova };
	const struct vfa_iova_range *allowed = range_list_find(&space->limits.allowed, &byte);
	struct mapping_surroundings around;

	mapping_look_around(container, info->iova, &around);
	describe_neighbours(around.before, around.behind, info);
	describe_window(space, info);
	if (around.at)
		describe_mapping(around.at, info);
	else if (allowed)
		describe_gap(allowed, info);
	else
		describe_hole(&space->limits, info);
}

VFA_API int vfa_container_describe(struct vfa_container *container, uint64_t iova,
				   struct vfa_address_info *ret)
{
	struct vfa_address_info info;
	int err;

	if (!container || !ret)
		return error_null(container ? "ret" : "container");
	err = options_check_result("vfa_address_info", ret, LEAST);
	if (err)
		return err;
	memset(&info, 0, sizeof(info));
	info.iova = iova;
	container_lock(container);
	err = container_require_space(container, "describe an IOVA");
	if (!err)
		describe(container, &info);
	container_unlock(container);
	if (!err)
		options_return(&info, sizeof(info), ret);
	return err;
}

/* A sentence that grows; what does not fit is counted. */
struct sentence {
	char *text;
	size_t size;
	size_t used;
};

static void say(struct sentence *sentence, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void say(struct sentence *sentence, const char *format, ...)
{
	size_t used = sentence->used < sentence->size ? sentence->used : sentence->size;
	va_list arguments;

	va_start(arguments, format);
	sentence->used += vsnprintf(used < sentence->size ? sentence->text + used : NULL,
				    sentence->size - used, format, arguments);
	va_end(arguments);
}

static const char *rights_of(uint32_t access)
{
	if (access == VFA_ACCESS_READ)
		return "read-only";
	return access == VFA_ACCESS_WRITE ? "write-only" : "readable and writable";
}

static void say_mapping(struct sentence *sentence, const struct vfa_address_info *info,
			uint32_t access)
{
	const char *what = access == VFA_ACCESS_READ ? "read" : "write";

	say(sentence, "in mapping 0x%" PRIx64 "-0x%" PRIx64 " (%s for devices), ",
	    info->range.start, info->range.last, rights_of(info->access));
	if (info->vaddr)
		say(sentence, "at %p in this process", info->vaddr);
	else
		say(sentence, "without an address in this process");
	if (!access)
		return;
	if (access & info->access && info->flags & VFA_ADDRESS_IS_BAR)
		say(sentence,
		    ": a %s of this BAR does not fault, unless the kernel has taken it away, as "
		    "iommufd does when its device is reset, or decodes no memory",
		    what);
	else if (access & info->access)
		say(sentence,
		    ": a %s does not fault; one that did came before the mapping, or from a "
		    "device that is not in this container",
		    what);
	else
		say(sentence, ": a %s faults", what);
}

/* How far it is from the mapping before, which something may have run over. */
static void say_neighbours(struct sentence *sentence, const struct vfa_address_info *info)
{
	const struct vfa_iova_range *before = &info->before, *behind = &info->behind;
	bool has_before = info->flags & VFA_ADDRESS_HAS_BEFORE;

	if (has_before && info->iova == before->last + 1)
		say(sentence, ", right behind mapping 0x%" PRIx64 "-0x%" PRIx64, before->start,
		    before->last);
	else if (has_before)
		say(sentence,
		    ", 0x%" PRIx64 " bytes behind the end of mapping 0x%" PRIx64 "-0x%" PRIx64,
		    info->iova - before->last - 1, before->start, before->last);
	if (info->flags & VFA_ADDRESS_HAS_BEHIND)
		say(sentence, "%s 0x%" PRIx64 " bytes before mapping 0x%" PRIx64 "-0x%" PRIx64,
		    has_before ? " and" : ",", behind->start - info->iova, behind->start,
		    behind->last);
}

static void say_gap(struct sentence *sentence, const struct vfa_address_info *info)
{
	say(sentence, "not mapped: in the gap 0x%" PRIx64 "-0x%" PRIx64, info->range.start,
	    info->range.last);
	say_neighbours(sentence, info);
	if (!(info->flags & (VFA_ADDRESS_HAS_BEFORE | VFA_ADDRESS_HAS_BEHIND)))
		say(sentence, ": nothing is mapped in this container");
}

static void say_window(struct sentence *sentence, const struct vfa_window *window)
{
	say(sentence,
	    "; it is in the %s 0x%" PRIx64 "-0x%" PRIx64
	    "%s%s, which devices may reach in place of the memory",
	    vfa_window_kind_name(window->kind), window->range.start, window->range.last,
	    window->bdf[0] ? " of " : "", window->bdf);
}

static void say_all(struct sentence *sentence, const struct vfa_address_info *info, uint32_t access)
{
	say(sentence, "0x%" PRIx64 " is ", info->iova);
	switch (info->kind) {
	case VFA_ADDRESS_MAPPED:
		say_mapping(sentence, info, access);
		break;
	case VFA_ADDRESS_GAP:
		say_gap(sentence, info);
		break;
	case VFA_ADDRESS_RESERVED:
		say(sentence,
		    "in reserved region 0x%" PRIx64 "-0x%" PRIx64
		    " (%s) of group %u: nothing can be mapped there",
		    info->range.start, info->range.last,
		    vfa_reserved_type_name(info->reserved.type), info->reserved.group);
		break;
	case VFA_ADDRESS_OUTSIDE:
		say(sentence,
		    "outside the IOMMU's aperture: nothing can be mapped from 0x%" PRIx64
		    " to 0x%" PRIx64,
		    info->range.start, info->range.last);
		break;
	}
	if (info->flags & VFA_ADDRESS_HAS_WINDOW)
		say_window(sentence, &info->window);
}

VFA_API int vfa_address_explain(const struct vfa_address_info *info, uint32_t access, char *text,
				size_t size)
{
	struct sentence sentence = { text, size, 0 };
	int err;

	if (!info || (!text && size))
		return error_null(info ? "text" : "info");
	err = options_check_result("vfa_address_info", info, LEAST);
	if (err)
		return err;
	if (access && access != VFA_ACCESS_READ && access != VFA_ACCESS_WRITE)
		return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				 "access 0x%" PRIx32 " is not one access\n"
				 "give VFA_ACCESS_READ, VFA_ACCESS_WRITE, or 0",
				 access);
	say_all(&sentence, info, access);
	return sentence.used;
}
