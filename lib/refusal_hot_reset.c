/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Why a bus cannot be reset: what on it is not the caller's. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/append.h"
#include "base/error.h"
#include "hot_reset.h"
#include "topology/pci.h"

#define NAMED_MAX 8

static void append_name(const struct vfa_hot_reset_function *function, char *text, size_t size)
{
	const char *before = *text ? ", " : "";

	if (function->ownership == VFA_OWNERSHIP_UNBOUND)
		append_whole(text, size, "%s%s (no VFIO driver)", before, function->bdf);
	else
		append_whole(text, size, "%s%s (group %" PRId32 ")", before, function->bdf,
			     function->group);
}

static size_t name_unowned(const struct hot_reset *hot_reset, char *text, size_t size)
{
	size_t count = 0;

	for (size_t i = 0; i < hot_reset->count; i++)
		if (!hot_reset_owns(&hot_reset->functions[i]) && count++ < NAMED_MAX)
			append_name(&hot_reset->functions[i], text, size);
	if (count > NAMED_MAX)
		append_whole(text, size, " and %zu more", count - NAMED_MAX);
	return count;
}

static bool has_bridge(const struct hot_reset *hot_reset)
{
	for (size_t i = 0; i < hot_reset->count; i++)
		if (pci_is_bridge(hot_reset->device->container->host, hot_reset->functions[i].bdf))
			return true;
	return false;
}

static bool has_unbound(const struct hot_reset *hot_reset)
{
	for (size_t i = 0; i < hot_reset->count; i++)
		if (hot_reset->functions[i].ownership == VFA_OWNERSHIP_UNBOUND)
			return true;
	return false;
}

static const char *find_hint(const struct hot_reset *hot_reset)
{
	if (has_bridge(hot_reset))
		return "VFIO takes no bridge, so no user can reset a bus with one";
	if (has_unbound(hot_reset))
		return "bind them to vfio-pci, vfa bind ADDRESS, and open them too";
	if (hot_reset->device->container->backend->kind == VFA_BACKEND_IOMMUFD)
		return "open them too, through the same /dev/iommu, or have their user close them";
	return "open one of each group too, in this container, or pass one of another container";
}

int refuse_unowned(const struct hot_reset *hot_reset)
{
	char names[512] = "";
	size_t count = name_unowned(hot_reset, names, sizeof(names));

	return error_set(EPERM, VFA_CAUSE_NOT_OWNED,
			 "hot reset of %s would reset %s, which %s not owned here\n%s",
			 hot_reset->device->bdf, names, count == 1 ? "is" : "are",
			 find_hint(hot_reset));
}
