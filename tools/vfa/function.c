/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "function.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vfa/viability.h>

#include "base/sysfs.h"
#include "names.h"
#include "topology/pci.h"
#include "use.h"

/* Room for any attribute; longer ones are cut. */
#define ATTRIBUTE_SIZE 256

static void attribute_path(const struct function_item *item, const char *name,
			   char path[SYSFS_PATH])
{
	sysfs_path(item->request->host, path, "bus/pci/devices/%s/%s", item->function->bdf, name);
}

/* A file of its directory in sysfs: its length, or -errno. */
static int read_attribute(const struct function_item *item, const char *name,
			  char ret[ATTRIBUTE_SIZE])
{
	char path[SYSFS_PATH];

	attribute_path(item, name, path);
	return sysfs_read(item->request->host, path, ret, ATTRIBUTE_SIZE);
}

/* Where a link of its directory leads, by the last name: 0 or -errno. */
static int read_link(const struct function_item *item, const char *name, char ret[ATTRIBUTE_SIZE])
{
	char path[SYSFS_PATH];

	attribute_path(item, name, path);
	return sysfs_link_name(item->request->host, path, ret, ATTRIBUTE_SIZE);
}

/* An attribute as it is, where there is one. */
static void set_attribute(const struct function_item *item, const char *name, struct cell *cell)
{
	char text[ATTRIBUTE_SIZE];
	int length = read_attribute(item, name, text);

	if (length > 0)
		cell_set(cell, "%s", text);
	else if (length == -EACCES || length == -EPERM)
		cell_set_unknown(cell, "sysfs: permission denied");
}

static void get_address(const void *data, struct cell *cell)
{
	const struct function_item *item = data;

	cell_set(cell, "%s", item->function->bdf);
}

void function_get_group(const void *data, struct cell *cell)
{
	const struct function_item *item = data;

	if (item->function->group >= 0)
		cell_set(cell, "%" PRId32, item->function->group);
}

/* Ids where there is no name. */
static void get_class(const void *data, struct cell *cell)
{
	const struct function_item *item = data;
	const char *name = names_class(item->request->names, item->function->class_code);

	if (name)
		cell_set(cell, "%s", name);
	else
		cell_set(cell, "%06" PRIx32, item->function->class_code);
}

static void get_vendor(const void *data, struct cell *cell)
{
	const struct function_item *item = data;
	const char *name = names_vendor(item->request->names, item->function->vendor);

	if (name)
		cell_set(cell, "%s", name);
	else
		cell_set(cell, "%04x", item->function->vendor);
}

static void get_device(const void *data, struct cell *cell)
{
	const struct function_item *item = data;
	const struct vfa_function *function = item->function;
	const char *name = names_device(item->request->names, function->vendor, function->device);

	if (name)
		cell_set(cell, "%s", name);
	else
		cell_set(cell, "%04x", function->device);
}

void function_get_driver(const void *data, struct cell *cell)
{
	const struct function_item *item = data;

	if (*item->function->driver)
		cell_set(cell, "%s", item->function->driver);
}

static void get_override(const void *data, struct cell *cell)
{
	char text[ATTRIBUTE_SIZE];

	if (read_attribute(data, "driver_override", text) > 0 && strcmp(text, "(null)"))
		cell_set(cell, "%s", text);
}

/* Since Linux 5.15; the file is empty where there is none. */
static void get_reset(const void *data, struct cell *cell)
{
	char text[ATTRIBUTE_SIZE], *rest = text, *word;

	if (read_attribute(data, "reset_method", text) < 0)
		return;
	while ((word = strsep(&rest, " "))) {
		if (*word)
			cell_add(cell, "%s", word);
	}
}

void function_get_node(const void *data, struct cell *cell)
{
	const struct function_item *item = data;
	struct pci_function function;

	if (!*item->function->driver)
		return;
	pci_read(item->request->host, item->function->bdf, &function);
	if (!pci_is_vfio_bound(&function))
		return;
	if (function.has_node)
		cell_set(cell, "/dev/vfio/devices/%s", function.vfio_node);
	else if (function.group >= 0)
		cell_set(cell, "/dev/vfio/%s%d", function.noiommu ? "noiommu-" : "",
			 function.group);
}

void function_get_ids(const void *data, struct cell *cell)
{
	const struct function_item *item = data;

	cell_set(cell, "%04x:%04x", item->function->vendor, item->function->device);
}

static uint16_t id_attribute(const struct function_item *item, const char *name)
{
	char text[ATTRIBUTE_SIZE];

	return read_attribute(item, name, text) > 0 ? strtoul(text, NULL, 16) : 0;
}

/* Bridges have none. */
static void get_subsystem(const void *data, struct cell *cell)
{
	uint16_t vendor = id_attribute(data, "subsystem_vendor");
	uint16_t device = id_attribute(data, "subsystem_device");

	if (vendor || device)
		cell_set(cell, "%04x:%04x", vendor, device);
}

static void get_revision(const void *data, struct cell *cell)
{
	char text[ATTRIBUTE_SIZE];

	if (read_attribute(data, "revision", text) > 0)
		cell_set(cell, "%02lx", strtoul(text, NULL, 16));
}

static void get_code(const void *data, struct cell *cell)
{
	const struct function_item *item = data;

	cell_set(cell, "%06" PRIx32, item->function->class_code);
}

static void get_parent(const void *data, struct cell *cell)
{
	const struct function_item *item = data;
	int32_t parent = item->function->parent;

	if (parent >= 0)
		cell_set(cell, "%s", vfa_topology_get_function(item->topology, parent)->bdf);
}

static void get_buses(const void *data, struct cell *cell)
{
	const struct function_item *item = data;

	if (item->function->is_bridge)
		cell_set(cell, "%02x-%02x", item->function->secondary_bus,
			 item->function->subordinate_bus);
}

static void get_pf(const void *data, struct cell *cell)
{
	const struct function_item *item = data;
	int32_t physical = item->function->physical;

	if (physical >= 0)
		cell_set(cell, "%s", vfa_topology_get_function(item->topology, physical)->bdf);
}

static void get_vfs(const void *data, struct cell *cell)
{
	set_attribute(data, "sriov_numvfs", cell);
}

static void get_max_vfs(const void *data, struct cell *cell)
{
	set_attribute(data, "sriov_totalvfs", cell);
}

static void get_iommu(const void *data, struct cell *cell)
{
	char name[ATTRIBUTE_SIZE];

	if (!read_link(data, "iommu", name))
		cell_set(cell, "%s", name);
}

/* A group is looked at again for each of its members, but most have one. */
static void get_viable(const void *data, struct cell *cell)
{
	const struct function_item *item = data;
	struct vfa_viability *viability;

	if (item->function->group < 0)
		return;
	if (vfa_viability_new(item->request->host, item->function->group, &viability)) {
		cell_set_unknown(cell, "sysfs: its group could not be read");
		return;
	}
	cell_set_boolean(cell, vfa_viability_is_viable(viability));
	vfa_viability_free(viability);
}

void function_get_use(const void *data, struct cell *cell)
{
	const struct function_item *item = data;

	usage_set(item->request->host, item->function->bdf, cell);
}

/* The group's, which the directory of a function leads to. */
static void get_domain(const void *data, struct cell *cell)
{
	set_attribute(data, "iommu_group/type", cell);
}

/* -1 is the kernel's word for none. */
static void get_numa(const void *data, struct cell *cell)
{
	char text[ATTRIBUTE_SIZE];

	if (read_attribute(data, "numa_node", text) > 0 && *text != '-')
		cell_set(cell, "%s", text);
}

static void get_power(const void *data, struct cell *cell)
{
	set_attribute(data, "power_state", cell);
}

/* As the kernel has it: "8.0 GT/s PCIe" and "4", or "Unknown". */
static void set_link(const struct function_item *item, const char *speed, const char *width,
		     struct cell *cell)
{
	char rate[ATTRIBUTE_SIZE], lanes[ATTRIBUTE_SIZE], *end;

	if (read_attribute(item, speed, rate) <= 0 || read_attribute(item, width, lanes) <= 0 ||
	    *rate < '0' || *rate > '9' || !strcmp(lanes, "0"))
		return;
	end = strstr(rate, " PCIe");
	if (end)
		*end = '\0';
	cell_set(cell, "%s x%s", rate, lanes);
}

static void get_link(const void *data, struct cell *cell)
{
	set_link(data, "current_link_speed", "current_link_width", cell);
}

static void get_max_link(const void *data, struct cell *cell)
{
	set_link(data, "max_link_speed", "max_link_width", cell);
}

const struct column function_columns[] = {
	{ "GROUP", "IOMMU group", COLUMN_NUMBER, COLUMN_DEFAULT, function_get_group },
	{ "ADDRESS", "PCI address", COLUMN_ADDRESS, COLUMN_DEFAULT, get_address },
	{ "CLASS", "name of its class", COLUMN_TEXT, COLUMN_DEFAULT | COLUMN_CUT, get_class },
	{ "VENDOR", "name of its vendor", COLUMN_TEXT, COLUMN_DEFAULT | COLUMN_CUT, get_vendor },
	{ "DEVICE", "name of the device", COLUMN_TEXT, COLUMN_DEFAULT | COLUMN_CUT, get_device },
	{ "DRIVER", "driver that it is bound to", COLUMN_TEXT, COLUMN_DEFAULT,
	  function_get_driver },
	{ "RESET", "ways to reset it, in the order in which they are tried", COLUMN_LIST,
	  COLUMN_DEFAULT, get_reset },
	{ "NODE", "node by which VFIO offers it", COLUMN_TEXT, COLUMN_DEFAULT, function_get_node },
	{ "VIABLE", "whether its group can be given to user space", COLUMN_BOOLEAN, 0, get_viable },
	{ "USE", "what the kernel uses it for", COLUMN_LIST, 0, function_get_use },
	{ "IDS", "vendor and device id", COLUMN_TEXT, 0, function_get_ids },
	{ "SUBSYSTEM", "ids of the subsystem", COLUMN_TEXT, 0, get_subsystem },
	{ "CODE", "class, subclass and interface", COLUMN_TEXT, 0, get_code },
	{ "REVISION", "revision", COLUMN_TEXT, 0, get_revision },
	{ "TYPE", "place in PCI Express", COLUMN_TEXT, 0, get_type },
	{ "PARENT", "the bridge above it", COLUMN_ADDRESS, 0, get_parent },
	{ "BUSES", "first and last bus below a bridge", COLUMN_TEXT, 0, get_buses },
	{ "PF", "physical function of a virtual one", COLUMN_ADDRESS, 0, get_pf },
	{ "VFS", "virtual functions that it has", COLUMN_NUMBER, 0, get_vfs },
	{ "MAXVFS", "virtual functions that it can have", COLUMN_NUMBER, 0, get_max_vfs },
	{ "OVERRIDE", "the only driver that may bind to it", COLUMN_TEXT, 0, get_override },
	{ "IOMMU", "the IOMMU that it is behind", COLUMN_TEXT, 0, get_iommu },
	{ "DOMAIN", "how the kernel itself uses the IOMMU for its group", COLUMN_TEXT, 0,
	  get_domain },
	{ "NUMA", "NUMA node", COLUMN_NUMBER, 0, get_numa },
	{ "POWER", "power state", COLUMN_TEXT, 0, get_power },
	{ "LINK", "speed and width of its link", COLUMN_TEXT, 0, get_link },
	{ "MAXLINK", "what its link could be", COLUMN_TEXT, 0, get_max_link },
	{ "CONFIG", "how much of config space can be read", COLUMN_SIZE, 0, get_config },
	{ "ACS", "Access Control Services that are on", COLUMN_LIST, 0, get_acs },
	{ "ATS", "Address Translation Services: on or off", COLUMN_TEXT, 0, get_ats },
	{ "PRI", "Page Request Interface: on or off", COLUMN_TEXT, 0, get_pri },
	{ "PASID", "Process Address Space IDs: on or off", COLUMN_TEXT, 0, get_pasid },
	{ "NOSNOOP", "Enable No Snoop: on or off", COLUMN_TEXT, 0, get_no_snoop },
	{ "REGIONS", "base address registers, ROM and windows", COLUMN_LIST, 0, get_regions },
	{ "INTERRUPTS", "kinds of interrupts, with the number of vectors", COLUMN_LIST, 0,
	  get_interrupts },
	{ "CAPABILITIES", "capabilities in config space", COLUMN_LIST, 0, get_capabilities },
	{ NULL },
};
