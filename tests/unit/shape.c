/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "shape.h"

#include <linux/pci_regs.h>
#include <stdio.h>
#include <unistd.h>

#define LINES_BRIDGE 17 /* of the file resource */
#define LINES_OTHER  13
#define WINDOW       14

static bool is_bridge(const struct shape *function)
{
	switch (function->type) {
	case PCI_EXP_TYPE_ROOT_PORT:
	case PCI_EXP_TYPE_UPSTREAM:
	case PCI_EXP_TYPE_DOWNSTREAM:
	case PCI_EXP_TYPE_PCI_BRIDGE:
		return true;
	}
	return function->flags & SHAPE_BRIDGE;
}

static void build(const struct shape *function, int acs, struct config *ret)
{
	config_init(ret, 0x1b36, 0x0010);
	if (is_bridge(function))
		config_make_bridge(ret, 1, 255);
	if (function->flags & SHAPE_MULTIFUNCTION)
		config_make_multifunction(ret);
	if (function->type != SHAPE_CONVENTIONAL)
		config_add_express(ret, function->type);
	if (acs != ACS_NONE)
		config_add_acs(ret, ACS_ALL | acs, acs);
}

void shape_set_acs(const struct tree *tree, const struct shape *function, int acs)
{
	struct config config;

	build(function, acs, &config);
	tree_write_config(tree, function->bdf, &config, 0);
}

static void add_resources(const struct tree *tree, const struct shape *function)
{
	struct tree_resource resource = { 0, function->start, function->start + 0xffff,
					  TREE_MEMORY };

	if (is_bridge(function)) {
		resource.line = WINDOW;
		resource.last = function->start + 0xfffff;
	}
	tree_write_resources(tree, function->bdf, is_bridge(function) ? LINES_BRIDGE : LINES_OTHER,
			     &resource, !!function->start);
}

static void add_group(const struct tree *tree, int group)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/kernel/iommu_groups/%d", tree->sys, group);
	if (group >= 0 && access(path, F_OK))
		tree_add_group(tree, group, "");
}

void shape_add(const struct tree *tree, const struct shape *functions, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct shape *function = &functions[i];
		struct tree_device device = {
			.bdf = function->bdf,
			.parent = function->parents,
			.vendor = 0x1b36,
			.device = 0x0010,
			.class_code = is_bridge(function) ? 0x060400 : 0x010802,
			.group = function->group,
			.cdev = -1,
		};

		add_group(tree, function->group);
		tree_add_device(tree, &device);
		shape_set_acs(tree, function, function->acs);
		add_resources(tree, function);
	}
}

void shape_hide(const struct tree *tree, const struct shape *functions, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct config config;

		build(&functions[i], functions[i].acs, &config);
		tree_write_config(tree, functions[i].bdf, &config, CONFIG_UNPRIVILEGED);
	}
}
