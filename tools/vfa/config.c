/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Columns of a function from its config space. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/sysfs.h"
#include "function.h"

/* Of PCI Express; conventional functions have less. */
#define CONFIG_SIZE 4096

const char *config_reason(int err)
{
	if (err == -ENODATA || err == -EACCES || err == -EPERM)
		return "config space beyond its first 64 bytes is for root only";
	if (err == -ENODEV)
		return "config space reads as all ones: the device is asleep or gone";
	return "config space could not be read";
}

void get_config(const void *data, struct cell *cell)
{
	const struct function_item *item = data;
	char path[SYSFS_PATH], bytes[CONFIG_SIZE];
	int size;

	sysfs_path(item->request->host, path, "bus/pci/devices/%s/config", item->function->bdf);
	size = sysfs_read_at(item->request->host, path, 0, bytes, sizeof(bytes));
	if (size < 0)
		cell_set_unknown(cell, config_reason(size));
	else
		cell_set_size(cell, size);
}

void get_type(const void *data, struct cell *cell)
{
	const struct vfa_function *function = ((const struct function_item *)data)->function;

	if (function->type == VFA_FUNCTION_UNKNOWN)
		cell_set_unknown(cell, config_reason(function->config_error));
	else
		cell_set(cell, "%s", vfa_function_type_name(function->type));
}

void get_acs(const void *data, struct cell *cell)
{
	const struct vfa_function *function = ((const struct function_item *)data)->function;

	if (function->acs.present == VFA_UNKNOWN)
		cell_set_unknown(cell, config_reason(function->config_error));
	for (unsigned int bit = VFA_ACS_SV; bit <= VFA_ACS_DT; bit <<= 1) {
		if (function->acs.control & bit)
			cell_add(cell, "%s", vfa_acs_bit_name(bit));
	}
}

/* As lspci has them. */
void function_acs_set(const struct vfa_function *function, const struct vfa_acs *acs,
		      struct cell *cell)
{
	char text[64] = "";
	size_t used = 0;

	if (acs->present == VFA_UNKNOWN) {
		cell_set_unknown(cell, config_reason(function->config_error));
		return;
	}
	for (unsigned int bit = VFA_ACS_SV; bit <= VFA_ACS_DT; bit <<= 1) {
		if (acs->capability & bit)
			used += snprintf(text + used, sizeof(text) - used, "%s%s%c",
					 used ? " " : "", vfa_acs_bit_name(bit),
					 acs->control & bit ? '+' : '-');
	}
	cell_set(cell, "%s", acs->present == VFA_YES ? text : "absent");
}

static void set_answer(const struct vfa_function *function, enum vfa_answer answer,
		       struct cell *cell)
{
	if (answer == VFA_UNKNOWN)
		cell_set_unknown(cell, config_reason(function->config_error));
	else
		cell_set(cell, "%s", answer == VFA_YES ? "on" : "off");
}

/* Nothing for a function without it. */
static void set_feature(const struct vfa_function *function,
			const struct vfa_function_feature *feature, struct cell *cell)
{
	if (feature->present != VFA_NO)
		set_answer(function, feature->enabled, cell);
}

void get_ats(const void *data, struct cell *cell)
{
	const struct vfa_function *function = ((const struct function_item *)data)->function;

	set_feature(function, &function->ats, cell);
}

void get_pri(const void *data, struct cell *cell)
{
	const struct vfa_function *function = ((const struct function_item *)data)->function;

	set_feature(function, &function->pri, cell);
}

void get_pasid(const void *data, struct cell *cell)
{
	const struct vfa_function *function = ((const struct function_item *)data)->function;

	set_feature(function, &function->pasid, cell);
}

void get_no_snoop(const void *data, struct cell *cell)
{
	const struct vfa_function *function = ((const struct function_item *)data)->function;

	if (function->type != VFA_FUNCTION_CONVENTIONAL)
		set_answer(function, function->no_snoop, cell);
}
