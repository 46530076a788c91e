/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Which ways the kernel has to reset a function, from sysfs. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <vfa/reset.h>

#include "base/api.h"
#include "base/error.h"
#include "base/sysfs.h"
#include "topology/function.h"
#include "topology/pci.h"

#define DEVICES "bus/pci/devices"

static const struct {
	const char *name; /* the kernel's, in reset_method */
	const char *effect;
} kinds[] = {
	[VFA_RESET_UNKNOWN] = { "unknown", "all state of the function" },
	[VFA_RESET_DEVICE_SPECIFIC] = { "device_specific", "what the kernel clears of this kind" },
	[VFA_RESET_ACPI] = { "acpi", "all state of the function, by firmware (_RST)" },
	[VFA_RESET_FLR] = { "flr", "all state of the function, once its requests have ended" },
	[VFA_RESET_AF_FLR] = { "af_flr",
			       "all state of the function, once its requests have ended" },
	[VFA_RESET_PM] = { "pm", "all state of the function, by a power state (D3hot)" },
	[VFA_RESET_BUS] = { "bus", "all state of the function, and of its link" },
	[VFA_RESET_CXL_BUS] = { "cxl_bus", "all state of the function, and of its CXL link" },
	[VFA_RESET_HOT] = { "hot", "all state of every function on the bus and below it" },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

VFA_API const char *vfa_reset_kind_name(enum vfa_reset_kind kind)
{
	return (unsigned int)kind < KINDS ? kinds[kind].name : "unknown";
}

static enum vfa_reset_kind kind_of(const char *word, size_t length)
{
	for (size_t kind = VFA_RESET_UNKNOWN + 1; kind < VFA_RESET_HOT; kind++)
		if (strlen(kinds[kind].name) == length && !memcmp(kinds[kind].name, word, length))
			return kind;
	return VFA_RESET_UNKNOWN;
}

/* The kernel has seven of them, and tries no more than it has. */
#define METHODS_MAX 16

struct methods {
	struct vfa_reset_method list[METHODS_MAX];
	size_t count;
};

static void add(struct methods *methods, enum vfa_reset_kind kind, const char *word, int length,
		uint32_t functions)
{
	struct vfa_reset_method *method = &methods->list[methods->count];

	if (methods->count == METHODS_MAX)
		return;
	methods->count++;
	method->kind = kind;
	method->functions = functions;
	method->effect = kinds[kind].effect;
	snprintf(method->name, sizeof(method->name), "%.*s", length, word);
}

/* Whether two addresses are of one bus: all but the slot and function. */
static bool shares_bus(const char *bdf, const char *other)
{
	const char *end = strrchr(bdf, ':');

	return end && !strncmp(bdf, other, end - bdf + 1);
}

static bool has_neighbour(const struct vfa_host *host, const char *bdf)
{
	char path[SYSFS_PATH], **names;
	bool found = false;
	int count;

	sysfs_path(host, path, DEVICES);
	count = sysfs_list(host, path, &names);
	for (int i = 0; i < count && !found; i++)
		found = strcmp(names[i], bdf) && shares_bus(bdf, names[i]);
	if (count >= 0)
		sysfs_free_list(names, count);
	return found;
}

/*
 * Which methods there are the kernel decides as it finds a function. Those of its bus do not work
 * once it has found another function there, but stay in the list.
 */
static bool is_outdated(const struct vfa_host *host, const char *bdf, enum vfa_reset_kind kind)
{
	return (kind == VFA_RESET_BUS || kind == VFA_RESET_CXL_BUS) && has_neighbour(host, bdf);
}

static void add_words(struct methods *methods, const struct vfa_host *host, const char *bdf,
		      const char *text)
{
	while (*(text += strspn(text, " "))) {
		size_t length = strcspn(text, " ");
		enum vfa_reset_kind kind = kind_of(text, length);

		if (!is_outdated(host, bdf, kind))
			add(methods, kind, text, length, 1);
		text += length;
	}
}

/* Before Linux 5.15 there is no more than a file to write to. */
static int add_own(struct methods *methods, const struct vfa_host *host, const char *bdf)
{
	char path[SYSFS_PATH], text[256];
	int err;

	sysfs_path(host, path, DEVICES "/%s/reset_method", bdf);
	err = sysfs_read(host, path, text, sizeof(text));
	if (err >= 0) {
		add_words(methods, host, bdf, text);
		return 0;
	}
	if (err != -ENOENT)
		return error_kernel(err, "read %s", path);
	sysfs_path(host, path, DEVICES "/%s/reset", bdf);
	if (sysfs_exists(host, path))
		add(methods, VFA_RESET_UNKNOWN, "unknown", 7, 1);
	return 0;
}

/* The functions below a bridge: their directories are below its own. */
static int count_below(const struct vfa_host *host, const char *bridge)
{
	char path[SYSFS_PATH], target[SYSFS_PATH], part[BDF_SIZE + 2];
	char **names;
	int count = 0, listed;

	sysfs_path(host, path, DEVICES);
	listed = sysfs_list(host, path, &names);
	if (listed < 0)
		return listed;
	snprintf(part, sizeof(part), "/%s/", bridge);
	for (int i = 0; i < listed; i++) {
		sysfs_path(host, path, DEVICES "/%s", names[i]);
		if (!sysfs_link(host, path, target) && strstr(target, part))
			count++;
	}
	sysfs_free_list(names, listed);
	return count;
}

/* Not for virtual functions, whose physical one would be reset too, and bridges: VFIO refuses. */
static int add_hot(struct methods *methods, const struct vfa_host *host, const char *bdf)
{
	char bridge[BDF_SIZE], physical[BDF_SIZE];
	int found = function_parent(host, bdf, bridge);
	int count;

	if (found <= 0 || pci_is_bridge(host, bdf) || function_physical(host, bdf, physical) > 0)
		return found < 0 ? error_kernel(found, "read the place of %s", bdf) : 0;
	count = count_below(host, bridge);
	if (count < 0)
		return error_kernel(count, "list the functions below %s", bridge);
	add(methods, VFA_RESET_HOT, kinds[VFA_RESET_HOT].name, 3, count);
	return 0;
}

static int read_methods(const struct vfa_host *host, const char *bdf, struct methods *methods)
{
	struct pci_function function;
	int err;

	pci_read(host, bdf, &function);
	if (!function.exists)
		return pci_refuse_missing(bdf);
	err = add_own(methods, host, bdf);
	return err ? err : add_hot(methods, host, bdf);
}

VFA_API int vfa_reset_methods(struct vfa_host *host, const char *bdf, struct vfa_reset_method *list,
			      size_t max)
{
	struct methods methods = { .count = 0 };
	char full[BDF_SIZE];
	int err;

	if (max && !list)
		return error_null("list");
	err = bdf_parse(bdf, full);
	if (!err)
		err = host_hold(host, &host);
	if (err)
		return err;
	err = read_methods(host, full, &methods);
	vfa_host_free(host);
	if (err)
		return err;
	if (max)
		memcpy(list, methods.list,
		       (max < methods.count ? max : methods.count) * sizeof(*list));
	return methods.count;
}
