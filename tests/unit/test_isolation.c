/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>

#include "shape.h"

#define CONVENTIONAL SHAPE_CONVENTIONAL
#define ENDPOINT     PCI_EXP_TYPE_ENDPOINT
#define ROOT_PORT    PCI_EXP_TYPE_ROOT_PORT
#define UPSTREAM     PCI_EXP_TYPE_UPSTREAM
#define DOWNSTREAM   PCI_EXP_TYPE_DOWNSTREAM
#define PCI_BRIDGE   PCI_EXP_TYPE_PCI_BRIDGE
#define INTEGRATED   PCI_EXP_TYPE_RC_END
#define COLLECTOR    PCI_EXP_TYPE_RC_EC
#define MULTI        SHAPE_MULTIFUNCTION
#define BRIDGE       SHAPE_BRIDGE

#define ALL_FOUR  VFA_ACS_ISOLATION
#define IN_A_SLOT (VFA_ACS_RR | VFA_ACS_CR)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A machine of nothing but the functions of a table. */
static void build(void **state, const struct shape *functions, size_t count)
{
	struct machine *machine = *state;

	tree_remove(&machine->tree, "sys/bus/pci/devices");
	tree_mkdir(&machine->tree, "sys/bus/pci/devices");
	tree_remove(&machine->tree, "sys/devices/pci0000:00");
	tree_remove(&machine->tree, "sys/kernel/iommu_groups");
	tree_mkdir(&machine->tree, "sys/kernel/iommu_groups");
	shape_add(&machine->tree, functions, count);
}

#define BUILD(state, functions) build(state, functions, COUNT(functions))

static struct vfa_topology *topology_of(void **state)
{
	struct machine *machine = *state;
	struct vfa_topology *topology = NULL;

	assert_ok(vfa_topology_new(machine->host, &topology));
	return topology;
}

#define MAX_FUNCTIONS 64

/* Two functions share a predicted group if, and only if, they share one in the table. */
static void check_groups(const struct vfa_topology *topology, const struct vfa_acs_change *changes,
			 size_t count, const int *expected)
{
	int functions = vfa_topology_count_functions(topology);
	int32_t groups[MAX_FUNCTIONS];

	assert_int_equal(vfa_topology_predict(topology, changes, count, groups, MAX_FUNCTIONS),
			 functions);
	for (int i = 0; i < functions; i++) {
		for (int j = 0; j < i; j++) {
			bool together = expected[i] >= 0 && expected[i] == expected[j];

			if (together != (groups[i] >= 0 && groups[i] == groups[j]))
				fail_msg("%s and %s are predicted %s",
					 vfa_topology_get_function(topology, i)->bdf,
					 vfa_topology_get_function(topology, j)->bdf,
					 together ? "apart" : "together");
		}
		assert_int_equal(groups[i] < 0, expected[i] < 0);
	}
}

static void check_kernels_groups(void **state)
{
	struct vfa_topology *topology = topology_of(state);
	int expected[MAX_FUNCTIONS];

	for (size_t i = 0; i < vfa_topology_count_functions(topology); i++)
		expected[i] = vfa_topology_get_function(topology, i)->group;
	check_groups(topology, NULL, 0, expected);
	vfa_topology_free(topology);
}

/* With a change the groups are as given, for each function by address. */
static void check_change(void **state, const char *bdf, uint16_t set, uint16_t clear,
			 const int *expected)
{
	const struct vfa_acs_change change = { bdf, set, clear };
	struct vfa_topology *topology = topology_of(state);

	check_groups(topology, &change, 1, expected);
	vfa_topology_free(topology);
}

static const struct shape ports[] = {
	{ "0000:00:01.0", NULL, ROOT_PORT, ACS_ON, 1, 0, 0 },
	{ "0000:00:02.0", NULL, ROOT_PORT, ACS_NONE, 2, 0, 0 },
	{ "0000:01:00.0", "0000:00:01.0", ENDPOINT, ACS_NONE, 3, 0, 0 },
	{ "0000:02:00.0", "0000:00:02.0", ENDPOINT, ACS_NONE, 2, 0, 0 },
};

static void a_port_isolates_by_acs(void **state)
{
	BUILD(state, ports);
	check_kernels_groups(state);
}

#define SWITCH "0000:00:01.0/0000:01:00.0"
#define LOWER  SWITCH "/0000:02:01.0/0000:04:00.0"

/* A switch with ACS, and below one of its ports another, without. */
static const struct shape switches[] = {
	{ "0000:00:01.0", NULL, ROOT_PORT, ACS_ON, 1, 0, 0 },
	{ "0000:01:00.0", "0000:00:01.0", UPSTREAM, ACS_NONE, 2, 0, 0 },
	{ "0000:02:00.0", SWITCH, DOWNSTREAM, ACS_ON, 3, 0, 0 },
	{ "0000:02:01.0", SWITCH, DOWNSTREAM, ACS_ON, 4, 0, 0 },
	{ "0000:03:00.0", SWITCH "/0000:02:00.0", ENDPOINT, ACS_NONE, 5, 0, 0 },
	{ "0000:04:00.0", SWITCH "/0000:02:01.0", UPSTREAM, ACS_NONE, 6, 0, 0 },
	{ "0000:05:00.0", LOWER, DOWNSTREAM, ACS_NONE, 7, 0, 0 },
	{ "0000:05:01.0", LOWER, DOWNSTREAM, ACS_NONE, 8, 0, 0 },
	{ "0000:06:00.0", LOWER "/0000:05:00.0", ENDPOINT, ACS_NONE, 7, 0, 0 },
	{ "0000:07:00.0", LOWER "/0000:05:01.0", ENDPOINT, ACS_NONE, 8, 0, 0 },
};

static void a_switch_without_acs_merges_below_each_port(void **state)
{
	BUILD(state, switches);
	check_kernels_groups(state);
}

static void a_port_above_a_switch_merges_all_of_it(void **state)
{
	static const int all[] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };

	BUILD(state, switches);
	check_change(state, "0000:00:01.0", 0, VFA_ACS_SV, all);
	check_change(state, "0000:00:01.0", 0, VFA_ACS_RR, all);
	check_change(state, "0000:00:01.0", 0, VFA_ACS_CR, all);
	check_change(state, "0000:00:01.0", 0, VFA_ACS_UF, all);
}

static void a_middle_port_merges_what_is_below(void **state)
{
	static const int lower[] = { 1, 2, 3, 4, 5, 4, 4, 4, 4, 4 };
	static const int leaf[] = { 1, 2, 3, 4, 3, 6, 7, 8, 7, 8 };

	BUILD(state, switches);
	check_change(state, "0000:02:01.0", 0, VFA_ACS_RR, lower);
	check_change(state, "0000:02:00.0", 0, VFA_ACS_RR, leaf);
}

static void acs_that_is_added_separates(void **state)
{
	static const int apart[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 8 };
	static const int partly[] = { 1, 2, 3, 4, 5, 6, 7, 8, 7, 8 };

	BUILD(state, switches);
	check_change(state, "0000:05:00.0", ALL_FOUR, 0, apart);
	check_change(state, "0000:05:00.0", ALL_FOUR & ~VFA_ACS_UF, 0, partly);
}

static void bits_that_no_group_asks_for_change_nothing(void **state)
{
	static const int same[] = { 1, 2, 3, 4, 5, 6, 7, 8, 7, 8 };

	BUILD(state, switches);
	check_change(state, "0000:00:01.0", VFA_ACS_DT | VFA_ACS_EC, VFA_ACS_TB, same);
}

static void changes_follow_each_other(void **state)
{
	static const int same[] = { 1, 2, 3, 4, 5, 6, 7, 8, 7, 8 };
	const struct vfa_acs_change changes[] = {
		{ "0000:00:01.0", 0, VFA_ACS_RR },
		{ "00:01.0", VFA_ACS_RR, 0 },
	};
	struct vfa_topology *topology;

	BUILD(state, switches);
	topology = topology_of(state);
	check_groups(topology, changes, 2, same);
	vfa_topology_free(topology);
}

/* Of each slot two functions; the third slot's second has no capability. */
static const struct shape slots[] = {
	{ "0000:00:01.0", NULL, INTEGRATED, ACS_NONE, 1, 0, MULTI },
	{ "0000:00:01.1", NULL, INTEGRATED, ACS_NONE, 1, 0, 0 },
	{ "0000:00:02.0", NULL, INTEGRATED, ACS_ON, 2, 0, MULTI },
	{ "0000:00:02.1", NULL, INTEGRATED, ACS_ON, 3, 0, 0 },
	{ "0000:00:03.0", NULL, INTEGRATED, ACS_ON, 4, 0, MULTI },
	{ "0000:00:03.1", NULL, INTEGRATED, ACS_NONE, 5, 0, 0 },
	{ "0000:00:03.2", NULL, CONVENTIONAL, ACS_NONE, 5, 0, 0 },
	{ "0000:00:04.0", NULL, CONVENTIONAL, ACS_NONE, 6, 0, 0 },
	{ "0000:00:05.0", NULL, CONVENTIONAL, ACS_NONE, 7, 0, 0 },
	{ "0000:00:06.0", NULL, COLLECTOR, ACS_NONE, 8, 0, MULTI },
	{ "0000:00:06.3", NULL, COLLECTOR, ACS_NONE, 8, 0, 0 },
	{ "0000:00:07.0", NULL, ROOT_PORT, ACS_ON, 9, 0, MULTI },
	{ "0000:00:07.1", NULL, ROOT_PORT, ACS_NONE, 10, 0, 0 },
	{ "0000:00:07.2", NULL, ROOT_PORT, ACS_NONE, 10, 0, 0 },
	{ "0000:08:00.0", "0000:00:07.0", ENDPOINT, ACS_NONE, 11, 0, 0 },
	{ "0000:09:00.0", "0000:00:07.1", ENDPOINT, ACS_NONE, 10, 0, 0 },
	{ "0000:0a:00.0", "0000:00:07.2", ENDPOINT, ACS_NONE, 10, 0, 0 },
};

static void functions_of_a_slot_share_a_group_without_acs(void **state)
{
	BUILD(state, slots);
	check_kernels_groups(state);
}

static void what_a_function_does_not_implement_counts_as_on(void **state)
{
	struct machine *machine = *state;
	struct config config;

	BUILD(state, slots);
	config_init(&config, 0x1b36, 0x0010);
	config_make_multifunction(&config);
	config_add_express(&config, INTEGRATED);
	config_add_acs(&config, IN_A_SLOT, IN_A_SLOT);
	tree_write_config(&machine->tree, "0000:00:02.0", &config, 0);
	check_kernels_groups(state);
}

/* VT-d has them send all untranslated requests up: ids are what Linux goes by. */
static void integrated_endpoints_of_intel_isolate(void **state)
{
	static const int apart[] = { 1, 0, 2, 3, 4, 5, 5, 6, 7, 8, 8, 9, 10, 10, 11, 10, 10 };
	struct machine *machine = *state;

	BUILD(state, slots);
	tree_write(&machine->tree, "0x8086\n", "sys/bus/pci/devices/0000:00:01.1/vendor");
	check_change(state, "0000:00:02.0", IN_A_SLOT, 0, apart);
}

/* The second bus is behind a PCIe-to-PCI bridge, the third behind a conventional one there. */
#define BEHIND "0000:00:01.0/0000:01:00.0"

static const struct shape bridges[] = {
	{ "0000:00:01.0", NULL, ROOT_PORT, ACS_ON, 1, 0, 0 },
	{ "0000:00:1e.0", NULL, CONVENTIONAL, ACS_NONE, 2, 0, BRIDGE },
	{ "0000:01:00.0", "0000:00:01.0", PCI_BRIDGE, ACS_NONE, 3, 0, 0 },
	{ "0000:02:00.0", BEHIND, CONVENTIONAL, ACS_NONE, 3, 0, 0 },
	{ "0000:02:01.0", BEHIND, CONVENTIONAL, ACS_NONE, 3, 0, BRIDGE },
	{ "0000:03:00.0", BEHIND "/0000:02:01.0", CONVENTIONAL, ACS_NONE, 3, 0, 0 },
	{ "0000:04:00.0", "0000:00:1e.0", CONVENTIONAL, ACS_NONE, 2, 0, 0 },
	{ "0000:04:01.0", "0000:00:1e.0", PCI_EXP_TYPE_PCIE_BRIDGE, ACS_NONE, 2, 0, BRIDGE },
	{ "0000:05:00.0", "0000:00:1e.0/0000:04:01.0", ENDPOINT, ACS_NONE, 2, 0, 0 },
};

static void behind_a_conventional_bridge_all_share_its_group(void **state)
{
	BUILD(state, bridges);
	check_kernels_groups(state);
}

/* Virtual functions are beside nobody, whatever their number or their header say. */
static const struct shape virtuals[] = {
	{ "0000:00:01.0", NULL, ROOT_PORT, ACS_ON, 1, 0, 0 },
	{ "0000:01:00.0", "0000:00:01.0", ENDPOINT, ACS_NONE, 2, 0, MULTI },
	{ "0000:01:00.1", "0000:00:01.0", ENDPOINT, ACS_NONE, 2, 0, 0 },
	{ "0000:01:00.2", "0000:00:01.0", ENDPOINT, ACS_NONE, 3, 0, MULTI },
	{ "0000:01:01.1", "0000:00:01.0", ENDPOINT, ACS_NONE, 4, 0, 0 },
	{ "0000:02:00.0", "0000:00:01.0", ENDPOINT, ACS_NONE, 5, 0, 0 },
};

static void virtual_functions_have_groups_of_their_own(void **state)
{
	struct machine *machine = *state;

	BUILD(state, virtuals);
	for (size_t i = 3; i < COUNT(virtuals); i++)
		tree_link(&machine->tree, "../0000:01:00.0", "sys/bus/pci/devices/%s/physfn",
			  virtuals[i].bdf);
	check_kernels_groups(state);
}

static void virtual_functions_below_a_port_without_acs_share_its_group(void **state)
{
	static const int one[] = { 1, 1, 1, 1, 1, 1 };
	struct machine *machine = *state;

	BUILD(state, virtuals);
	for (size_t i = 3; i < COUNT(virtuals); i++)
		tree_link(&machine->tree, "../0000:01:00.0", "sys/bus/pci/devices/%s/physfn",
			  virtuals[i].bdf);
	check_change(state, "0000:00:01.0", 0, VFA_ACS_CR, one);
}

/* Functions 0, 8 and 9 of one device: the slots are not slots. */
static const struct shape wide[] = {
	{ "0000:00:01.0", NULL, ROOT_PORT, ACS_ON, 1, 0, 0 },
	{ "0000:01:00.0", "0000:00:01.0", ENDPOINT, ACS_NONE, 2, 0, MULTI },
	{ "0000:01:01.0", "0000:00:01.0", ENDPOINT, ACS_NONE, 3, 0, 0 },
	{ "0000:01:01.1", "0000:00:01.0", ENDPOINT, ACS_NONE, 3, 0, 0 },
};

static void forward_ari(void **state, const char *bdf)
{
	struct machine *machine = *state;
	struct config config;
	unsigned int express;

	config_init(&config, 0x1b36, 0x000c);
	config_make_bridge(&config, 1, 1);
	express = config_add_express(&config, ROOT_PORT);
	config_set16(&config, express + PCI_EXP_DEVCTL2, 0x20);
	config_add_acs(&config, ALL_FOUR, ALL_FOUR);
	tree_write_config(&machine->tree, bdf, &config, 0);
}

static void functions_numbered_by_ari_are_of_several(void **state)
{
	BUILD(state, wide);
	forward_ari(state, "0000:00:01.0");
	check_kernels_groups(state);
}

static void without_ari_a_slot_is_a_slot(void **state)
{
	static const struct shape alone[] = {
		{ "0000:00:01.0", NULL, ROOT_PORT, ACS_ON, 1, 0, 0 },
		{ "0000:01:01.0", "0000:00:01.0", ENDPOINT, ACS_NONE, 3, 0, 0 },
	};
	struct vfa_topology *topology;

	BUILD(state, alone);
	topology = topology_of(state);
	assert_false(vfa_topology_get_function(topology, 1)->is_multifunction);
	vfa_topology_free(topology);
	forward_ari(state, "0000:00:01.0");
	topology = topology_of(state);
	assert_true(vfa_topology_get_function(topology, 1)->is_multifunction);
	vfa_topology_free(topology);
}

/* No IOMMU covers them, and they merge nobody. */
static const struct shape uncovered[] = {
	{ "0000:00:01.0", NULL, ROOT_PORT, ACS_NONE, -1, 0, MULTI },
	{ "0000:00:01.1", NULL, ROOT_PORT, ACS_NONE, 1, 0, 0 },
	{ "0000:00:02.0", NULL, ROOT_PORT, ACS_NONE, -1, 0, 0 },
	{ "0000:01:00.0", "0000:00:01.0", ENDPOINT, ACS_NONE, 1, 0, 0 },
	{ "0000:02:00.0", "0000:00:02.0", ENDPOINT, ACS_NONE, 2, 0, 0 },
	{ "0000:02:00.1", "0000:00:02.0", ENDPOINT, ACS_NONE, 3, 0, 0 },
};

static void functions_without_a_group_merge_nobody(void **state)
{
	BUILD(state, uncovered);
	check_kernels_groups(state);
}

static void an_upstream_port_of_several_functions_merges_all(void **state)
{
	static const struct shape shapes[] = {
		{ "0000:00:01.0", NULL, ROOT_PORT, ACS_ON, 1, 0, 0 },
		{ "0000:01:00.0", "0000:00:01.0", UPSTREAM, ACS_NONE, 2, 0, MULTI },
		{ "0000:01:00.1", "0000:00:01.0", ENDPOINT, ACS_NONE, 2, 0, 0 },
		{ "0000:02:00.0", SWITCH, DOWNSTREAM, ACS_ON, 2, 0, 0 },
		{ "0000:03:00.0", SWITCH "/0000:02:00.0", ENDPOINT, ACS_NONE, 2, 0, 0 },
	};

	BUILD(state, shapes);
	check_kernels_groups(state);
}

static void downstream_ports_of_one_slot_merge(void **state)
{
	static const struct shape shapes[] = {
		{ "0000:00:01.0", NULL, ROOT_PORT, ACS_ON, 1, 0, 0 },
		{ "0000:01:00.0", "0000:00:01.0", UPSTREAM, ACS_NONE, 2, 0, 0 },
		{ "0000:02:00.0", SWITCH, DOWNSTREAM, ACS_NONE, 3, 0, MULTI },
		{ "0000:02:00.1", SWITCH, DOWNSTREAM, ACS_NONE, 3, 0, 0 },
		{ "0000:03:00.0", SWITCH "/0000:02:00.0", ENDPOINT, ACS_NONE, 3, 0, 0 },
		{ "0000:04:00.0", SWITCH "/0000:02:00.1", ENDPOINT, ACS_NONE, 3, 0, 0 },
	};

	BUILD(state, shapes);
	check_kernels_groups(state);
}

/* A report as lines: steps, members, notes. */
static void describe(const struct vfa_topology *topology, const struct vfa_isolation *isolation,
		     char *text, size_t size)
{
	const struct vfa_isolation_member *member;
	const struct vfa_isolation_step *step;
	const struct vfa_isolation_note *note;
	size_t used = 0;

#define ADD(...)   used += snprintf(text + used, size - used, __VA_ARGS__)
#define BDF(index) vfa_topology_get_function(topology, index)->bdf
	for (size_t i = 0; (step = vfa_isolation_get_step(isolation, i)); i++)
		ADD("%s %s %x%s%s%s\n", BDF(step->function), vfa_answer_name(step->isolates),
		    step->missing, step->is_alias ? " alias" : "", *step->reason ? " " : "",
		    step->reason);
	for (size_t i = 0; (member = vfa_isolation_get_member(isolation, i)); i++)
		ADD("with %s by %s: %s\n", BDF(member->function),
		    member->culprit < 0 ? "none" : BDF(member->culprit), member->reason);
	for (size_t i = 0; (note = vfa_isolation_get_note(isolation, i)); i++)
		ADD("%s of %s: %s\n", vfa_isolation_note_name(note->kind), BDF(note->function),
		    note->text);
}

static void check_report(void **state, const char *bdf, const struct vfa_acs_change *changes,
			 size_t count, enum vfa_answer supported, const char *expected)
{
	struct vfa_topology *topology = topology_of(state);
	struct vfa_isolation *isolation = NULL;
	char text[4096] = "";

	assert_ok(vfa_isolation_new(topology, bdf, changes, count, &isolation));
	describe(topology, isolation, text, sizeof(text));
	assert_string_equal(text, expected);
	assert_int_equal(vfa_isolation_is_supported(isolation), supported);
	vfa_isolation_free(isolation);
	vfa_topology_free(topology);
}

/* What a machine could not have, and a captured one may claim. */
static void parents_in_a_loop_end_somewhere(void **state)
{
	struct machine *machine = *state;
	struct vfa_isolation *isolation;
	struct vfa_topology *topology;

	BUILD(state, ports);
	tree_remove(&machine->tree, "sys/bus/pci/devices/0000:00:01.0");
	tree_remove(&machine->tree, "sys/bus/pci/devices/0000:01:00.0");
	tree_link(&machine->tree, "0000:01:00.0/0000:00:01.0", "sys/bus/pci/devices/0000:00:01.0");
	tree_link(&machine->tree, "../../../devices/pci0000:00/0000:00:01.0/0000:01:00.0",
		  "sys/bus/pci/devices/0000:01:00.0");
	topology = topology_of(state);
	assert_int_equal(vfa_topology_count_functions(topology), 3);
	assert_ok(vfa_isolation_new(topology, "0000:01:00.0", NULL, 0, &isolation));
	assert_int_equal(vfa_isolation_count_steps(isolation), 1);
	assert_int_equal(vfa_isolation_is_supported(isolation), VFA_UNKNOWN);
	vfa_isolation_free(isolation);
	vfa_topology_free(topology);
}

static void a_bridge_that_has_gone_leaves_groups_unknown(void **state)
{
	struct machine *machine = *state;
	struct vfa_topology *topology;

	BUILD(state, ports);
	tree_remove(&machine->tree, "sys/bus/pci/devices/0000:00:02.0");
	topology = topology_of(state);
	assert_fails(vfa_topology_predict(topology, NULL, 0, NULL, 0), ENODEV, DEVICE_GONE);
	check_message("the bridge above 0000:02:00.0 is not in the snapshot: it has gone",
		      "take a new snapshot");
	vfa_topology_free(topology);
	check_report(
		state, "0000:02:00.0", NULL, 0, VFA_UNKNOWN,
		"0000:02:00.0 yes 0\n"
		"unread of 0000:02:00.0: the bridge above 0000:02:00.0 is not in the snapshot: "
		"what merges groups is not known\n");
}

static void refuse(void **state, const char *bdf, uint16_t set, uint16_t clear, const char *message,
		   const char *hint)
{
	const struct vfa_acs_change change = { bdf, set, clear };
	struct vfa_topology *topology = topology_of(state);
	struct vfa_isolation *isolation = NULL;
	int32_t group = 77;

	assert_fails(vfa_topology_predict(topology, &change, 1, &group, 1), EINVAL, BAD_ARGUMENT);
	check_message(message, hint);
	assert_int_equal(group, 77);
	assert_fails(vfa_isolation_new(topology, bdf, &change, 1, &isolation), EINVAL,
		     BAD_ARGUMENT);
	assert_null(isolation);
	vfa_topology_free(topology);
}

static void changes_that_make_no_sense_are_refused(void **state)
{
	BUILD(state, switches);
	refuse(state, "0000:00:01.0", VFA_ACS_RR, VFA_ACS_RR,
	       "0000:00:01.0: ACS bits 0x4 cannot be set and 0x4 cleared",
	       "use enum vfa_acs_bit, each bit once");
	refuse(state, "0000:00:01.0", 0x80, 0,
	       "0000:00:01.0: ACS bits 0x80 cannot be set and 0x0 cleared",
	       "use enum vfa_acs_bit, each bit once");
	refuse(state, "0000:03:00.0", VFA_ACS_RR, 0,
	       "0000:03:00.0 is alone in its slot: its ACS isolates it from nobody",
	       "name the port above it");
	BUILD(state, bridges);
	refuse(state, "0000:01:00.0", VFA_ACS_RR, 0,
	       "0000:01:00.0 is of the type PCIe-to-PCI bridge, which never has ACS",
	       "name a port or an endpoint of PCI Express");
	BUILD(state, slots);
	refuse(state, "0000:00:01.0", VFA_ACS_SV | VFA_ACS_RR, 0,
	       "0000:00:01.0: a function that is no port never has ACS SV",
	       "between functions of a slot RR and CR count");
	refuse(state, "0000:00:04.0", VFA_ACS_RR, 0,
	       "0000:00:04.0 is of the type conventional, which never has ACS",
	       "name a port or an endpoint of PCI Express");
}

static void what_is_hardwired_cannot_be_cleared(void **state)
{
	struct machine *machine = *state;
	struct config config;

	BUILD(state, ports);
	config_init(&config, 0x1b36, 0x000c);
	config_make_bridge(&config, 1, 1);
	config_add_express(&config, ROOT_PORT);
	config_add_acs(&config, VFA_ACS_SV | VFA_ACS_UF, VFA_ACS_SV | VFA_ACS_UF);
	tree_write_config(&machine->tree, "0000:00:01.0", &config, 0);
	check_kernels_groups(state);
	refuse(state, "0000:00:01.0", 0, VFA_ACS_RR | VFA_ACS_CR | VFA_ACS_SV,
	       "0000:00:01.0: ACS RR, CR cannot be cleared, since it does not have them",
	       "the kernel takes what is not implemented as always on");
}

static void silence(void **state, const char *bdf)
{
	struct machine *machine = *state;
	struct config config;

	memset(&config, 0xff, sizeof(config));
	tree_write_config(&machine->tree, bdf, &config, CONFIG_SIZE);
}

static void a_function_that_has_gone_is_left_to_itself(void **state)
{
	BUILD(state, ports);
	silence(state, "0000:01:00.0");
	check_kernels_groups(state);
	refuse(state, "0000:01:00.0", VFA_ACS_RR, 0,
	       "0000:01:00.0 reads as all ones: it sleeps, or has gone",
	       "name a function that answers");
}

static void bad_arguments_are_refused(void **state)
{
	struct vfa_acs_change change = { "0000:00:09.0", VFA_ACS_RR, 0 };
	struct vfa_topology *topology;
	struct vfa_isolation *isolation = NULL;

	BUILD(state, ports);
	topology = topology_of(state);
	assert_fails(vfa_topology_predict(NULL, NULL, 0, NULL, 0), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_topology_predict(topology, NULL, 1, NULL, 0), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_topology_predict(topology, NULL, 0, NULL, 1), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_topology_predict(topology, &change, 1, NULL, 0), ENODEV, NO_DEVICE);
	change.bdf = "port";
	assert_fails(vfa_topology_predict(topology, &change, 1, NULL, 0), EINVAL, BAD_BDF);
	change.bdf = NULL;
	assert_fails(vfa_topology_predict(topology, &change, 1, NULL, 0), EINVAL, BAD_ARGUMENT);
	assert_int_equal(vfa_topology_predict(topology, NULL, 0, NULL, 0), COUNT(ports));
	assert_fails(vfa_isolation_new(NULL, "0000:01:00.0", NULL, 0, &isolation), EINVAL,
		     BAD_ARGUMENT);
	assert_fails(vfa_isolation_new(topology, NULL, NULL, 0, &isolation), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_isolation_new(topology, "0000:01:00.0", NULL, 1, &isolation), EINVAL,
		     BAD_ARGUMENT);
	assert_fails(vfa_isolation_new(topology, "0000:01:00.0", NULL, 0, NULL), EINVAL,
		     BAD_ARGUMENT);
	assert_fails(vfa_isolation_new(topology, "0000:0f:00.0", NULL, 0, &isolation), ENODEV,
		     NO_DEVICE);
	assert_null(isolation);
	vfa_isolation_free(NULL);
	vfa_topology_free(topology);
}

static void a_report_tells_the_path(void **state)
{
	BUILD(state, switches);
	check_report(state, "0000:03:00.0", NULL, 0, VFA_YES,
		     "0000:03:00.0 yes 0\n"
		     "0000:02:00.0 yes 0\n"
		     "0000:01:00.0 yes 0\n"
		     "0000:00:01.0 yes 0\n");
}

static void a_report_names_the_port_that_merges(void **state)
{
	BUILD(state, ports);
	check_report(state, "02:00.0", NULL, 0, VFA_YES,
		     "0000:02:00.0 yes 0\n"
		     "0000:00:02.0 no 1d has no ACS: requests may turn round to a peer below or "
		     "beside it\n"
		     "with 0000:00:02.0 by 0000:00:02.0: 0000:00:02.0 has no ACS: what is below it "
		     "is not isolated from it\n");
}

static void a_report_warns_of_direct_ways_in_a_switch(void **state)
{
	BUILD(state, switches);
	check_report(state, "0000:06:00.0", NULL, 0, VFA_YES,
		     "0000:06:00.0 yes 0\n"
		     "0000:05:00.0 no 1d has no ACS: requests may turn round to a peer below or "
		     "beside it\n"
		     "0000:04:00.0 yes 0\n"
		     "0000:02:01.0 yes 0\n"
		     "0000:01:00.0 yes 0\n"
		     "0000:00:01.0 yes 0\n"
		     "with 0000:05:00.0 by 0000:05:00.0: 0000:05:00.0 has no ACS: what is below it "
		     "is not isolated from it\n"
		     "direct of 0000:05:00.0: the kernel's groups are apart, but requests of "
		     "0000:06:00.0 may go straight to 0000:07:00.0: 0000:05:00.0 has no ACS\n"
		     "direct of 0000:05:01.0: the kernel's groups are apart, but requests of "
		     "0000:07:00.0 may go straight to 0000:06:00.0: 0000:05:01.0 has no ACS\n");
}

static void lost_bits_are_told(void **state)
{
	struct machine *machine = *state;

	BUILD(state, switches);
	shape_set_acs(&machine->tree, &switches[2], ACS_ON & ~(VFA_ACS_RR | VFA_ACS_CR));
	check_report(state, "0000:03:00.0", NULL, 0, VFA_NO,
		     "0000:03:00.0 yes 0\n"
		     "0000:02:00.0 no c has RR, CR off: without RR a request may turn round to a "
		     "peer, without CR a completion may turn round to a peer\n"
		     "0000:01:00.0 yes 0\n"
		     "0000:00:01.0 yes 0\n"
		     "lost of 0000:02:00.0: 0000:02:00.0 has RR, CR off, and the group no longer "
		     "holds: formed now, it would have 0000:02:00.0 too\n"
		     "direct of 0000:02:00.0: the kernel's groups are apart, but requests of "
		     "0000:03:00.0 may go straight to 0000:06:00.0 and 1 more: 0000:02:00.0 has "
		     "RR, CR off\n");
}

static void lost_bits_of_a_slot_are_told(void **state)
{
	struct machine *machine = *state;

	BUILD(state, slots);
	shape_set_acs(&machine->tree, &slots[2], ACS_ON & ~VFA_ACS_CR);
	check_report(state, "0000:00:02.1", NULL, 0, VFA_YES, "0000:00:02.1 yes 0\n");
	shape_set_acs(&machine->tree, &slots[3], ACS_ON & ~VFA_ACS_RR);
	check_report(
		state, "0000:00:02.1", NULL, 0, VFA_NO,
		"0000:00:02.1 no 4 has RR off: without RR a request may turn round to a peer\n"
		"lost of 0000:00:02.1: 0000:00:02.1 has RR off, and the group no longer holds: "
		"formed now, it would have 0000:00:02.0 too\n");
}

static void functions_of_a_slot_are_told(void **state)
{
	BUILD(state, slots);
	check_report(
		state, "0000:00:03.1", NULL, 0, VFA_YES,
		"0000:00:03.1 no c has no ACS: requests may reach the other functions of its "
		"slot\n"
		"with 0000:00:03.2 by 0000:00:03.1: 0000:00:03.1 (has no ACS) and 0000:00:03.2 "
		"(can have no ACS) are functions of one slot: a request may go from one to the "
		"other without the IOMMU\n"
		"dangerous of 0000:00:03.1: 0000:00:03.1 is not isolated from 0000:00:03.2 of its "
		"group: one may reach the other past the IOMMU, so let them have one owner\n");
	check_report(
		state, "0000:0a:00.0", NULL, 0, VFA_YES,
		"0000:0a:00.0 yes 0\n"
		"0000:00:07.2 no 1d has no ACS: requests may turn round to a peer below or "
		"beside it\n"
		"with 0000:00:07.1 by 0000:00:07.2: 0000:00:07.2 (has no ACS) and 0000:00:07.1 "
		"(has no ACS) are functions of one slot: a request may go from one to the "
		"other without the IOMMU\n"
		"with 0000:00:07.2 by 0000:00:07.2: 0000:00:07.2 has no ACS: what is below it "
		"is not isolated from it\n"
		"with 0000:09:00.0 by 0000:00:07.2: 0000:00:07.2 (has no ACS) and 0000:00:07.1 "
		"(has no ACS) are functions of one slot: a request may go from one to the "
		"other without the IOMMU\n"
		"dangerous of 0000:0a:00.0: 0000:0a:00.0 is not isolated from 0000:09:00.0 of its "
		"group: one may reach the other past the IOMMU, so let them have one owner\n");
}

static void aliases_are_told(void **state)
{
	BUILD(state, bridges);
	check_report(
		state, "0000:03:00.0", NULL, 0, VFA_YES,
		"0000:03:00.0 yes 0\n"
		"0000:02:01.0 no 0 alias a conventional bus below it: devices there reach each "
		"other, and the IOMMU sees one address for all\n"
		"0000:01:00.0 no 0 alias a conventional bus below it: devices there reach each "
		"other, and the IOMMU sees one address for all\n"
		"0000:00:01.0 yes 0\n"
		"with 0000:01:00.0 by 0000:01:00.0: 0000:01:00.0 (PCIe-to-PCI bridge) puts its own "
		"address on requests from below it\n"
		"with 0000:02:00.0 by 0000:01:00.0: 0000:03:00.0 and 0000:02:00.0 are behind "
		"0000:01:00.0 (PCIe-to-PCI bridge), whose address is on the requests of both\n"
		"with 0000:02:01.0 by 0000:02:01.0: 0000:02:01.0 (conventional bridge) puts its "
		"own address on requests from below it\n"
		"dangerous of 0000:03:00.0: 0000:03:00.0 is not isolated from 0000:02:00.0 of its "
		"group: one may reach the other past the IOMMU, so let them have one owner\n");
}

static void a_quirk_that_isolates_is_told(void **state)
{
	struct machine *machine = *state;

	BUILD(state, ports);
	tree_remove(&machine->tree, "sys/bus/pci/devices/0000:02:00.0/iommu_group");
	tree_add_group(&machine->tree, 9, "");
	tree_link(&machine->tree, "../../../../kernel/iommu_groups/9",
		  "sys/bus/pci/devices/0000:02:00.0/iommu_group");
	check_report(state, "0000:02:00.0", NULL, 0, VFA_YES,
		     "0000:02:00.0 yes 0\n"
		     "0000:00:02.0 no 1d has no ACS: requests may turn round to a peer below or "
		     "beside it\n"
		     "finer of 0000:00:02.0: 0000:00:02.0 has no ACS, but the kernel has "
		     "0000:00:02.0 in another group: it knows better, by a quirk of the device\n");
}

static void a_group_that_nothing_explains_is_kept(void **state)
{
	struct machine *machine = *state;

	BUILD(state, ports);
	tree_remove(&machine->tree, "sys/bus/pci/devices/0000:01:00.0/iommu_group");
	tree_link(&machine->tree, "../../../../kernel/iommu_groups/1",
		  "sys/bus/pci/devices/0000:01:00.0/iommu_group");
	check_report(
		state, "0000:01:00.0", NULL, 0, VFA_YES,
		"0000:01:00.0 yes 0\n"
		"0000:00:01.0 yes 0\n"
		"with 0000:00:01.0 by none: \n"
		"coarser of 0000:01:00.0: the kernel has 0000:00:01.0 in the group too, and "
		"nothing that could be read says why: it knows a quirk, or bits were set after "
		"the group had been formed\n");
	silence(state, "0000:00:01.0");
	check_report(state, "0000:01:00.0", NULL, 0, VFA_UNKNOWN,
		     "0000:01:00.0 yes 0\n"
		     "0000:00:01.0 unknown 0\n"
		     "with 0000:00:01.0 by none: \n"
		     "unread of 0000:00:01.0: 0000:00:01.0 reads as all ones: it sleeps or has "
		     "gone, and what it isolates is not known\n");
}

/* Linux sees that a function is of several only when it has its group already. */
static void a_slot_that_was_plugged_in_is_told(void **state)
{
	static const struct shape plugged[] = {
		{ "0000:00:01.0", NULL, ROOT_PORT, ACS_ON, 1, 0, 0 },
		{ "0000:01:00.0", "0000:00:01.0", ENDPOINT, ACS_NONE, 2, 0, MULTI },
		{ "0000:01:00.1", "0000:00:01.0", ENDPOINT, ACS_NONE, 3, 0, 0 },
	};

	BUILD(state, plugged);
	check_report(state, "0000:01:00.0", NULL, 0, VFA_YES,
		     "0000:01:00.0 no c has no ACS: requests may reach the other functions of its "
		     "slot\n"
		     "0000:00:01.0 yes 0\n"
		     "hotplugged of 0000:01:00.0: the kernel has 0000:01:00.1 in another group, "
		     "since the slot was plugged in after the machine had started: formed at boot, "
		     "they would share one\n");
}

static void translated_requests_are_told(void **state)
{
	struct machine *machine = *state;
	struct config config;

	BUILD(state, ports);
	shape_set_acs(&machine->tree, &ports[0], ACS_ON | VFA_ACS_DT);
	config_init(&config, 0x1b36, 0x0010);
	config_add_express(&config, ENDPOINT);
	config_add_ats(&config, true);
	tree_write_config(&machine->tree, "0000:01:00.0", &config, 0);
	check_report(state, "0000:01:00.0", NULL, 0, VFA_YES,
		     "0000:01:00.0 yes 0\n"
		     "0000:00:01.0 yes 0\n"
		     "translated of 0000:00:01.0: 0000:00:01.0 has DT on: requests of 0000:01:00.0 "
		     "with translated addresses may go straight to a peer\n");
	shape_set_acs(&machine->tree, &ports[0], ACS_ON | VFA_ACS_DT | VFA_ACS_TB);
	check_report(state, "0000:01:00.0", NULL, 0, VFA_YES,
		     "0000:01:00.0 yes 0\n"
		     "0000:00:01.0 yes 0\n");
}

/* Then the kernel's groups are all there is. */
static void without_privileges_nothing_is_guessed(void **state)
{
	const struct vfa_acs_change change = { "0000:00:01.0", 0, VFA_ACS_RR };
	struct machine *machine = *state;
	struct vfa_isolation *isolation = NULL;
	struct vfa_topology *topology;
	int32_t group = 77;

	BUILD(state, ports);
	shape_hide(&machine->tree, ports, COUNT(ports));
	check_report(state, "0000:02:00.0", NULL, 0, VFA_UNKNOWN,
		     "0000:02:00.0 unknown 0\n"
		     "0000:00:02.0 unknown 0\n"
		     "with 0000:00:02.0 by none: \n"
		     "unread of 0000:00:01.0: without privileges the kernel shows no capabilities, "
		     "of 0000:00:01.0 and others: what merges groups is not known\n");
	topology = topology_of(state);
	assert_fails(vfa_topology_predict(topology, NULL, 0, &group, 1), EACCES, ACCESS);
	check_message("0000:00:01.0: the kernel shows the first 64 bytes of its config space only, "
		      "without capabilities",
		      "run as root, or with CAP_SYS_ADMIN");
	assert_fails(vfa_isolation_new(topology, "0000:02:00.0", &change, 1, &isolation), EACCES,
		     ACCESS);
	assert_null(isolation);
	assert_int_equal(group, 77);
	vfa_topology_free(topology);
}

static void without_an_iommu_there_is_no_group_to_explain(void **state)
{
	BUILD(state, uncovered);
	check_report(state, "0000:00:02.0", NULL, 0, VFA_UNKNOWN,
		     "0000:00:02.0 no 1d has no ACS: requests may turn round to a peer below or "
		     "beside it\n");
}

static void a_report_with_changes_tells_the_group_that_follows(void **state)
{
	const struct vfa_acs_change changes[] = {
		{ "0000:00:01.0", 0, VFA_ACS_SV },
		{ "0000:00:02.0", ALL_FOUR, 0 },
	};

	BUILD(state, ports);
	check_report(state, "0000:01:00.0", changes, 2, VFA_YES,
		     "0000:01:00.0 yes 0\n"
		     "0000:00:01.0 no 1 has SV off: without SV a request may bear the address of "
		     "another device\n"
		     "with 0000:00:01.0 by 0000:00:01.0: 0000:00:01.0 has SV off: what is below it "
		     "is not isolated from it\n");
	check_report(state, "0000:02:00.0", changes, 2, VFA_YES,
		     "0000:02:00.0 yes 0\n"
		     "0000:00:02.0 yes 0\n");
}

static void note_kinds_have_names(void **state)
{
	(void)state;
	assert_string_equal(vfa_isolation_note_name(VFA_ISOLATION_LOST), "lost");
	assert_string_equal(vfa_isolation_note_name(VFA_ISOLATION_UNREAD), "unread");
	assert_string_equal(vfa_isolation_note_name(VFA_ISOLATION_DANGEROUS), "dangerous");
	assert_string_equal(vfa_isolation_note_name(0), "unknown");
	assert_string_equal(vfa_isolation_note_name(9), "unknown");
	assert_string_equal(vfa_isolation_note_name(-1), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_port_isolates_by_acs),
		CASE(a_switch_without_acs_merges_below_each_port),
		CASE(a_port_above_a_switch_merges_all_of_it),
		CASE(a_middle_port_merges_what_is_below),
		CASE(acs_that_is_added_separates),
		CASE(bits_that_no_group_asks_for_change_nothing),
		CASE(changes_follow_each_other),
		CASE(functions_of_a_slot_share_a_group_without_acs),
		CASE(what_a_function_does_not_implement_counts_as_on),
		CASE(integrated_endpoints_of_intel_isolate),
		CASE(behind_a_conventional_bridge_all_share_its_group),
		CASE(virtual_functions_have_groups_of_their_own),
		CASE(virtual_functions_below_a_port_without_acs_share_its_group),
		CASE(functions_numbered_by_ari_are_of_several),
		CASE(without_ari_a_slot_is_a_slot),
		CASE(functions_without_a_group_merge_nobody),
		CASE(an_upstream_port_of_several_functions_merges_all),
		CASE(downstream_ports_of_one_slot_merge),
		CASE(parents_in_a_loop_end_somewhere),
		CASE(a_bridge_that_has_gone_leaves_groups_unknown),
		CASE(changes_that_make_no_sense_are_refused),
		CASE(what_is_hardwired_cannot_be_cleared),
		CASE(a_function_that_has_gone_is_left_to_itself),
		CASE(bad_arguments_are_refused),
		CASE(a_report_tells_the_path),
		CASE(a_report_names_the_port_that_merges),
		CASE(a_report_warns_of_direct_ways_in_a_switch),
		CASE(lost_bits_are_told),
		CASE(lost_bits_of_a_slot_are_told),
		CASE(functions_of_a_slot_are_told),
		CASE(aliases_are_told),
		CASE(a_quirk_that_isolates_is_told),
		CASE(a_group_that_nothing_explains_is_kept),
		CASE(a_slot_that_was_plugged_in_is_told),
		CASE(translated_requests_are_told),
		CASE(without_privileges_nothing_is_guessed),
		CASE(without_an_iommu_there_is_no_group_to_explain),
		CASE(a_report_with_changes_tells_the_group_that_follows),
		cmocka_unit_test(note_kinds_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
