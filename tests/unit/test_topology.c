/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>

#include "base/host.h"
#include "shape.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define ENDPOINT "0000:01:00.0"
#define VIRTUAL  "0000:01:00.3"
#define WIDE     "10000:e1:00.0"

static const struct shape functions[] = {
	{ "0000:00:01.0", NULL, PCI_EXP_TYPE_ROOT_PORT, ACS_ON, 1, 0, 0 },
	{ WIDE, NULL, SHAPE_CONVENTIONAL, ACS_NONE, 4, 0, 0 },
	{ ENDPOINT, "0000:00:01.0", PCI_EXP_TYPE_ENDPOINT, ACS_NONE, 2, 0, SHAPE_MULTIFUNCTION },
	{ VIRTUAL, "0000:00:01.0", PCI_EXP_TYPE_ENDPOINT, ACS_NONE, 3, 0, 0 },
};

/* A machine of nothing but these. */
static int build(void **state)
{
	struct machine *machine;

	if (setup(state))
		return -1;
	machine = *state;
	tree_remove(&machine->tree, "sys/bus/pci/devices");
	tree_mkdir(&machine->tree, "sys/bus/pci/devices");
	tree_remove(&machine->tree, "sys/devices/pci0000:00");
	SHAPE_ADD(machine, functions);
	tree_link(&machine->tree, "../" ENDPOINT, "sys/bus/pci/devices/" VIRTUAL "/physfn");
	return 0;
}

static struct vfa_topology *topology_of(void **state)
{
	struct machine *machine = *state;
	struct vfa_topology *topology = NULL;

	assert_ok(vfa_topology_new(machine->host, &topology));
	return topology;
}

static const struct vfa_function *find(const struct vfa_topology *topology, const char *bdf)
{
	int index = vfa_topology_find_function(topology, bdf);

	assert_ok(index);
	return vfa_topology_get_function(topology, index);
}

static void write_config(void **state, const char *bdf, const struct config *config, size_t size)
{
	struct machine *machine = *state;

	tree_write_config(&machine->tree, bdf, config, size);
}

static void functions_ascend_by_address(void **state)
{
	static const char *const order[] = { "0000:00:01.0", ENDPOINT, VIRTUAL, WIDE };
	struct vfa_topology *topology = topology_of(state);

	assert_int_equal(vfa_topology_count_functions(topology), COUNT(order));
	for (size_t i = 0; i < COUNT(order); i++) {
		assert_string_equal(vfa_topology_get_function(topology, i)->bdf, order[i]);
		assert_int_equal(vfa_topology_find_function(topology, order[i]), i);
	}
	assert_null(vfa_topology_get_function(topology, COUNT(order)));
	assert_int_equal(vfa_topology_find_function(topology, "01:00.0"), 1);
	vfa_topology_free(topology);
}

static void a_function_tells_where_it_is(void **state)
{
	struct vfa_topology *topology = topology_of(state);
	const struct vfa_function *function = find(topology, ENDPOINT);

	assert_int_equal(function->domain, 0);
	assert_int_equal(function->bus, 1);
	assert_int_equal(function->slot, 0);
	assert_int_equal(function->number, 0);
	assert_int_equal(function->type, VFA_FUNCTION_ENDPOINT);
	assert_int_equal(function->parent, 0);
	assert_int_equal(function->physical, -1);
	assert_int_equal(function->group, 2);
	assert_true(function->is_multifunction);
	assert_false(function->is_bridge);
	assert_int_equal(function->config_error, 0);
	assert_int_equal(find(topology, WIDE)->domain, 0x10000);
	assert_int_equal(find(topology, WIDE)->type, VFA_FUNCTION_CONVENTIONAL);
	vfa_topology_free(topology);
}

static void a_port_tells_its_buses_and_its_acs(void **state)
{
	struct vfa_topology *topology = topology_of(state);
	const struct vfa_function *port = find(topology, "0000:00:01.0");

	assert_true(port->is_bridge);
	assert_int_equal(port->secondary_bus, 1);
	assert_int_equal(port->subordinate_bus, 255);
	assert_int_equal(port->type, VFA_FUNCTION_ROOT_PORT);
	assert_int_equal(port->parent, -1);
	assert_int_equal(port->acs.present, VFA_YES);
	assert_int_equal(port->acs.capability, ACS_ALL);
	assert_int_equal(port->acs.control, ACS_ON);
	assert_int_equal(port->ats.present, VFA_NO);
	vfa_topology_free(topology);
}

/* In its own registers these bits are reserved. */
static void a_virtual_function_has_what_its_physical_one_has(void **state)
{
	struct vfa_topology *topology;
	const struct vfa_function *virtual;
	struct config config;
	unsigned int at;

	config_init(&config, 0x1b36, 0x0010);
	at = config_add_express(&config, PCI_EXP_TYPE_ENDPOINT);
	config_set16(&config, at + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_NOSNOOP_EN);
	at = config_add_extended(&config, PCI_EXT_CAP_ID_PRI, 16);
	config_set16(&config, at + PCI_PRI_CTRL, PCI_PRI_CTRL_ENABLE);
	config_add_extended(&config, PCI_EXT_CAP_ID_PASID, 8);
	write_config(state, ENDPOINT, &config, 0);
	config_init(&config, 0xffff, 0xffff);
	config_add_express(&config, PCI_EXP_TYPE_ENDPOINT);
	config_add_ats(&config, true);
	write_config(state, VIRTUAL, &config, 0);

	topology = topology_of(state);
	virtual = find(topology, VIRTUAL);
	assert_int_equal(virtual->config_error, 0);
	assert_int_equal(virtual->physical, 1);
	assert_false(virtual->is_multifunction);
	assert_int_equal(virtual->no_snoop, VFA_YES);
	assert_int_equal(virtual->pri.enabled, VFA_YES);
	assert_int_equal(virtual->pasid.present, VFA_YES);
	assert_int_equal(virtual->pasid.enabled, VFA_NO);
	assert_int_equal(virtual->ats.enabled, VFA_YES);
	assert_int_equal(find(topology, ENDPOINT)->ats.present, VFA_NO);
	vfa_topology_free(topology);
}

static void check_unread(void **state, int error)
{
	struct vfa_topology *topology = topology_of(state);
	const struct vfa_function *function = find(topology, ENDPOINT);

	assert_int_equal(function->config_error, error);
	assert_int_equal(function->type, VFA_FUNCTION_UNKNOWN);
	assert_int_equal(function->acs.present, VFA_UNKNOWN);
	assert_int_equal(function->ats.present, VFA_UNKNOWN);
	assert_int_equal(function->pasid.enabled, VFA_UNKNOWN);
	assert_int_equal(function->parent, 0);
	assert_int_equal(function->group, 2);
	vfa_topology_free(topology);
}

static void physical_and_virtual_functions_lead_to_each_other(void **state)
{
	struct machine *machine = *state;
	struct vfa_topology *topology;
	size_t indexes[2] = { 99, 99 };
	int physical;

	tree_write(&machine->tree, "7\n", "sys/bus/pci/devices/" ENDPOINT "/sriov_totalvfs");
	tree_write(&machine->tree, "1\n", "sys/bus/pci/devices/" ENDPOINT "/sriov_numvfs");
	topology = topology_of(state);
	physical = vfa_topology_find_function(topology, ENDPOINT);

	assert_int_equal(find(topology, ENDPOINT)->vf_max, 7);
	assert_int_equal(find(topology, ENDPOINT)->vf_count, 1);
	assert_int_equal(find(topology, VIRTUAL)->vf_max, 0);
	assert_int_equal(vfa_topology_virtual_functions(topology, physical, NULL, 0), 1);
	assert_int_equal(vfa_topology_virtual_functions(topology, physical, indexes, 2), 1);
	assert_int_equal(indexes[0], vfa_topology_find_function(topology, VIRTUAL));
	assert_int_equal(indexes[1], 99);
	assert_int_equal(vfa_topology_virtual_functions(topology, indexes[0], indexes, 2), 0);

	assert_fails(vfa_topology_virtual_functions(NULL, 0, indexes, 2), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_topology_virtual_functions(topology, 0, NULL, 2), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_topology_virtual_functions(topology, 99, NULL, 0), EINVAL, BAD_ARGUMENT);
	vfa_topology_free(topology);
}

static void what_cannot_be_read_is_unknown(void **state)
{
	struct machine *machine = *state;
	struct config config;

	config_init(&config, 0x1b36, 0x0010);
	config_add_express(&config, PCI_EXP_TYPE_ENDPOINT);
	write_config(state, ENDPOINT, &config, CONFIG_UNPRIVILEGED);
	check_unread(state, -EACCES);
	memset(&config, 0xff, sizeof(config));
	write_config(state, ENDPOINT, &config, CONFIG_SIZE);
	check_unread(state, -ENODEV);
	tree_remove(&machine->tree, "sys/bus/pci/devices/" ENDPOINT "/config");
	check_unread(state, -ENOENT);
}

/* Capabilities that point to themselves, to each other, out of their space, or to nothing. */
static void lists_of_capabilities_end(void **state)
{
	static const uint16_t ways[][2] = {
		{ 0x40, 0x100 }, { 0x44, 0x104 }, { 0x04, 0x004 }, { 0xfc, 0xffc }, { 0xff, 0xfff },
	};
	struct vfa_topology *topology;
	struct config config;
	unsigned int at;

	for (size_t i = 0; i < COUNT(ways); i++) {
		config_init(&config, 0x1b36, 0x0010);
		at = config_add_express(&config, PCI_EXP_TYPE_ENDPOINT);
		config.bytes[at + 1] = ways[i][0];
		config.bytes[0x44] = PCI_CAP_ID_MSI;
		config.bytes[0x45] = 0x40;
		at = config_add_extended(&config, PCI_EXT_CAP_ID_DSN, 8);
		config_set16(&config, at + 2, ways[i][1] << 4 | 1);
		write_config(state, ENDPOINT, &config, 0);
		topology = topology_of(state);
		assert_int_equal(find(topology, ENDPOINT)->type, VFA_FUNCTION_ENDPOINT);
		assert_int_equal(find(topology, ENDPOINT)->acs.present, VFA_NO);
		vfa_topology_free(topology);
	}
}

/* Its list begins elsewhere; where that of others does it has a window. */
static void capabilities_of_a_cardbus_bridge_are_found(void **state)
{
	struct vfa_topology *topology;
	struct config config;

	config_init(&config, 0x104c, 0xac50);
	config.bytes[PCI_CB_CAPABILITY_LIST] = config_add_express(&config, PCI_EXP_TYPE_ENDPOINT);
	config.bytes[PCI_CAPABILITY_LIST] = 0x80;
	config.bytes[PCI_HEADER_TYPE] = PCI_HEADER_TYPE_CARDBUS;
	write_config(state, ENDPOINT, &config, 0);
	topology = topology_of(state);
	assert_int_equal(find(topology, ENDPOINT)->type, VFA_FUNCTION_ENDPOINT);
	vfa_topology_free(topology);
}

/* Config space that is cut anywhere is read without a word of what is not there. */
static unsigned int config_opens;

static int count_config_opens(const char *path, int flags)
{
	const char *name = strrchr(path, '/');

	if (name && !strcmp(name, "/config"))
		config_opens++;
	return fake_syscalls.open(path, flags);
}

/* It is read word by word, and more than one capability is looked for. */
static void config_space_is_opened_once(void **state)
{
	struct syscalls counting = fake_syscalls;
	struct machine *machine = *state;

	counting.open = count_config_opens;
	config_opens = 0;
	machine->host->sys = &counting;
	vfa_topology_free(topology_of(state));
	machine->host->sys = &fake_syscalls;
	assert_int_equal(config_opens, COUNT(functions));
}

static void truncated_config_space_ends_in_an_answer(void **state)
{
	struct vfa_topology *topology;
	struct config config;

	config_init(&config, 0x1b36, 0x0010);
	config_add_express(&config, PCI_EXP_TYPE_ENDPOINT);
	config_add_acs(&config, VFA_ACS_RR, VFA_ACS_RR);
	for (size_t size = 1; size < 0x110; size++) {
		const struct vfa_function *function;

		write_config(state, ENDPOINT, &config, size);
		topology = topology_of(state);
		function = find(topology, ENDPOINT);
		if (function->config_error)
			assert_int_equal(function->acs.present, VFA_UNKNOWN);
		else if (size >= 0x108)
			assert_int_equal(function->acs.control, VFA_ACS_RR);
		vfa_topology_free(topology);
	}
}

static void a_machine_without_pci_has_no_functions(void **state)
{
	struct machine *machine = *state;
	struct vfa_topology *topology;

	tree_remove(&machine->tree, "sys/bus");
	topology = topology_of(state);
	assert_int_equal(vfa_topology_count_functions(topology), 0);
	assert_null(vfa_topology_get_function(topology, 0));
	assert_int_equal(vfa_topology_predict(topology, NULL, 0, NULL, 0), 0);
	vfa_topology_free(topology);
}

static void bad_arguments_are_refused(void **state)
{
	struct vfa_topology *topology = topology_of(state);
	struct machine *machine = *state;

	assert_fails(vfa_topology_new(machine->host, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_topology_find_function(NULL, ENDPOINT), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_topology_find_function(topology, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_topology_find_function(topology, "endpoint"), EINVAL, BAD_BDF);
	assert_fails(vfa_topology_find_function(topology, "0000:02:00.0"), ENODEV, NO_DEVICE);
	vfa_topology_free(topology);
	vfa_topology_free(NULL);
}

static void names_tell_what_is_unknown(void **state)
{
	(void)state;
	assert_string_equal(vfa_function_type_name(VFA_FUNCTION_UPSTREAM_PORT), "upstream port");
	assert_string_equal(vfa_function_type_name(VFA_FUNCTION_UNKNOWN), "unknown");
	assert_string_equal(vfa_function_type_name(99), "unknown");
	assert_string_equal(vfa_acs_bit_name(VFA_ACS_SV), "SV");
	assert_string_equal(vfa_acs_bit_name(VFA_ACS_DT), "DT");
	assert_string_equal(vfa_acs_bit_name(VFA_ACS_SV | VFA_ACS_DT), "unknown");
	assert_string_equal(vfa_answer_name(VFA_YES), "yes");
	assert_string_equal(vfa_answer_name(7), "unknown");
}

/* Each function of the chain is below the one after it, over several domains. */
static void add_chain(const struct machine *machine, int length)
{
	char bdf[32], parent[32], target[128];

	tree_remove(&machine->tree, "sys/bus/pci/devices");
	for (int i = 0; i < length; i++) {
		snprintf(bdf, sizeof(bdf), "%04x:%02x:00.0", i >> 8, i & 0xff);
		snprintf(parent, sizeof(parent), "%04x:%02x:00.0", (i + 1) >> 8, (i + 1) & 0xff);
		tree_mkdir(&machine->tree, "sys/devices/pci0000:00/%s/%s", parent, bdf);
		snprintf(target, sizeof(target), "../../../devices/pci0000:00/%s/%s", parent, bdf);
		tree_link(&machine->tree, target, "sys/bus/pci/devices/%s", bdf);
	}
}

static void no_more_bridges_are_above_a_function_than_buses(void **state)
{
	struct vfa_topology *topology;
	size_t deepest = 0;

	add_chain(*state, 600);
	topology = topology_of(state);
	assert_int_equal(vfa_topology_count_functions(topology), 600);
	for (size_t i = 0; i < 600; i++) {
		const struct vfa_function *above = vfa_topology_get_function(topology, i);
		size_t depth = 0;

		for (; above->parent >= 0; depth++)
			above = vfa_topology_get_function(topology, above->parent);
		deepest = depth > deepest ? depth : deepest;
	}
	assert_int_equal(deepest, 256);
	vfa_topology_free(topology);
}

#define BUILT(test) cmocka_unit_test_setup_teardown(test, build, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BUILT(functions_ascend_by_address),
		BUILT(a_function_tells_where_it_is),
		BUILT(a_port_tells_its_buses_and_its_acs),
		BUILT(a_virtual_function_has_what_its_physical_one_has),
		BUILT(physical_and_virtual_functions_lead_to_each_other),
		BUILT(what_cannot_be_read_is_unknown),
		BUILT(lists_of_capabilities_end),
		BUILT(capabilities_of_a_cardbus_bridge_are_found),
		BUILT(config_space_is_opened_once),
		BUILT(truncated_config_space_ends_in_an_answer),
		BUILT(no_more_bridges_are_above_a_function_than_buses),
		BUILT(a_machine_without_pci_has_no_functions),
		BUILT(bad_arguments_are_refused),
		cmocka_unit_test(names_tell_what_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
