/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "topology/topology.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/api.h"
#include "base/error.h"
#include "base/sysfs.h"
#include "topology/pci.h"

#define DEVICES "bus/pci/devices"

/* Of full addresses the longer is in the higher domain. */
static int compare_addresses(const char *left, const char *right)
{
	size_t a = strlen(left), b = strlen(right);

	return a != b ? (a > b) - (a < b) : strcmp(left, right);
}

static int compare_names(const void *a, const void *b)
{
	return compare_addresses(*(char *const *)a, *(char *const *)b);
}

static int compare_function(const void *bdf, const void *function)
{
	return compare_addresses(bdf, ((const struct vfa_function *)function)->bdf);
}

/* The index, -1 when there is none. */
static int find(const struct vfa_topology *topology, const char *bdf)
{
	const struct vfa_function *found = bsearch(bdf, topology->functions, topology->count,
						   sizeof(*found), compare_function);

	return found ? found - topology->functions : -1;
}

static int read_functions(const struct vfa_host *host, char **names, int count,
			  enum function_parts parts, struct vfa_topology *topology)
{
	topology->functions = calloc(count + 1, sizeof(*topology->functions));
	topology->links = calloc(count + 1, sizeof(*topology->links));
	if (!topology->functions || !topology->links)
		return -ENOMEM;
	qsort(names, count, sizeof(*names), compare_names);
	for (int i = 0; i < count; i++) {
		int err = function_read(host, names[i], parts, &topology->links[topology->count],
					&topology->functions[topology->count]);

		if (!err)
			topology->count++;
		else if (err != -ENODEV)
			return err;
	}
	return 0;
}

/*
 * A domain has 256 buses, and so many bridges at most are above a function. A tree that was
 * made up may have more, or a function that is its own ancestor.
 */
static bool is_too_deep(const struct vfa_topology *topology, size_t index)
{
	int above = topology->functions[index].parent;
	int bridges = 0;

	while (above >= 0 && bridges++ < 256)
		above = topology->functions[above].parent;
	return above >= 0;
}

/* In a virtual function these registers are reserved: its physical function's rule. */
static void take_from_physical(struct vfa_topology *topology, struct vfa_function *function)
{
	const struct vfa_function *physical = &topology->functions[function->physical];

	function->no_snoop = physical->no_snoop;
	function->pri = physical->pri;
	function->pasid = physical->pasid;
}

/* As the kernel sees it: functions behind the first are of several, virtual ones never. */
static bool is_multifunction(const struct vfa_topology *topology, size_t index)
{
	const struct vfa_function *function = &topology->functions[index];

	if (topology->links[index].physical[0])
		return false;
	if (function->number || topology->links[index].has_neighbours)
		return true;
	return function->slot && function->parent >= 0 &&
	       topology->links[function->parent].forwards_ari;
}

static void connect_functions(struct vfa_topology *topology)
{
	for (size_t i = 0; i < topology->count; i++) {
		struct vfa_function *function = &topology->functions[i];

		function->parent = find(topology, topology->links[i].parent);
		function->physical = find(topology, topology->links[i].physical);
		if (function->physical >= 0)
			take_from_physical(topology, function);
	}
	for (size_t i = 0; i < topology->count; i++) {
		struct vfa_function *function = &topology->functions[i];

		if (is_too_deep(topology, i))
			function->parent = -1;
		function->is_multifunction = is_multifunction(topology, i);
	}
}

static int fill(const struct vfa_host *host, char **names, int count, enum function_parts parts,
		struct vfa_topology *topology)
{
	int err = read_functions(host, names, count, parts, topology);

	if (err)
		return err == -ENOMEM
			       ? error_memory()
			       : error_kernel(err, "read the PCI functions of %s", host->sysfs);
	connect_functions(topology);
	return 0;
}

static int read_topology(const struct vfa_host *host, struct vfa_topology *topology)
{
	char path[SYSFS_PATH], **names;
	int err, count;

	sysfs_path(host, path, DEVICES);
	count = sysfs_list(host, path, &names);
	if (count == -ENOENT)
		return 0; /* a machine without PCI */
	if (count < 0)
		return count == -ENOMEM ? error_memory() : error_kernel(count, "list %s", path);
	err = fill(host, names, count, FUNCTION_WHOLE, topology);
	sysfs_free_list(names, count);
	return err;
}

static struct vfa_topology *new_topology(struct vfa_host *host)
{
	struct vfa_topology *topology = calloc(1, sizeof(*topology));

	if (topology && !host_hold(host, &topology->host))
		return topology;
	free(topology);
	return NULL;
}

/* Give away what could be read whole. */
static int finish(struct vfa_topology *topology, int err, struct vfa_topology **ret)
{
	if (err)
		vfa_topology_free(topology);
	else
		*ret = topology;
	return err;
}

int topology_read_some(struct vfa_host *host, char **names, int count, struct vfa_topology **ret)
{
	struct vfa_topology *topology = new_topology(host);

	if (!topology)
		return error_memory();
	return finish(topology, fill(topology->host, names, count, FUNCTION_ROUTE, topology), ret);
}

VFA_API int vfa_topology_new(struct vfa_host *host, struct vfa_topology **ret)
{
	struct vfa_topology *topology;

	if (!ret)
		return error_null("ret");
	topology = new_topology(host);
	if (!topology)
		return error_memory();
	return finish(topology, read_topology(topology->host, topology), ret);
}

VFA_API void vfa_topology_free(struct vfa_topology *topology)
{
	if (!topology)
		return;
	for (size_t i = 0; i < topology->count; i++)
		free((char *)topology->functions[i].driver);
	free(topology->functions);
	free(topology->links);
	vfa_host_free(topology->host);
	free(topology);
}

VFA_API size_t vfa_topology_count_functions(const struct vfa_topology *topology)
{
	return topology->count;
}

VFA_API const struct vfa_function *vfa_topology_get_function(const struct vfa_topology *topology,
							     size_t index)
{
	return index < topology->count ? &topology->functions[index] : NULL;
}

VFA_API int vfa_topology_find_function(const struct vfa_topology *topology, const char *bdf)
{
	char full[BDF_SIZE];
	int err, index;

	if (!topology)
		return error_null("topology");
	err = bdf_parse(bdf, full);
	if (err)
		return err;
	index = find(topology, full);
	return index < 0 ? pci_refuse_missing(full) : index;
}

VFA_API int vfa_topology_virtual_functions(const struct vfa_topology *topology, size_t physical,
					   size_t *indexes, size_t max)
{
	size_t count = 0;

	if (!topology || (!indexes && max))
		return error_null(topology ? "indexes" : "topology");
	if (physical >= topology->count)
		return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				 "function %zu: the topology has %zu\n"
				 "give an index below that",
				 physical, topology->count);
	for (size_t i = 0; i < topology->count; i++) {
		if (topology->functions[i].physical != (int32_t)physical)
			continue;
		if (count < max)
			indexes[count] = i;
		count++;
	}
	return count;
}

VFA_API const char *vfa_function_type_name(enum vfa_function_type type)
{
	static const char *const names[] = {
		[VFA_FUNCTION_CONVENTIONAL] = "conventional",
		[VFA_FUNCTION_ENDPOINT] = "endpoint",
		[VFA_FUNCTION_LEGACY_ENDPOINT] = "legacy endpoint",
		[VFA_FUNCTION_ROOT_PORT] = "root port",
		[VFA_FUNCTION_UPSTREAM_PORT] = "upstream port",
		[VFA_FUNCTION_DOWNSTREAM_PORT] = "downstream port",
		[VFA_FUNCTION_PCI_BRIDGE] = "PCIe-to-PCI bridge",
		[VFA_FUNCTION_EXPRESS_BRIDGE] = "PCI-to-PCIe bridge",
		[VFA_FUNCTION_ROOT_ENDPOINT] = "root complex endpoint",
		[VFA_FUNCTION_ROOT_COLLECTOR] = "root complex event collector",
	};
	size_t index = (size_t)type;

	return index < sizeof(names) / sizeof(names[0]) && names[index] ? names[index] : "unknown";
}

VFA_API const char *vfa_acs_bit_name(enum vfa_acs_bit bit)
{
	static const char *const names[] = { "SV", "TB", "RR", "CR", "UF", "EC", "DT" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if ((int)bit == 1 << i)
			return names[i];
	}
	return "unknown";
}

VFA_API const char *vfa_answer_name(enum vfa_answer answer)
{
	switch (answer) {
	case VFA_NO:
		return "no";
	case VFA_YES:
		return "yes";
	case VFA_UNKNOWN:
		return "unknown";
	}
	return "unknown";
}
