/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>

#include "oracle/random.h"
#include "shape.h"
#include "topology/reach.h"

#define CONVENTIONAL SHAPE_CONVENTIONAL
#define ENDPOINT     PCI_EXP_TYPE_ENDPOINT
#define ROOT_PORT    PCI_EXP_TYPE_ROOT_PORT
#define UPSTREAM     PCI_EXP_TYPE_UPSTREAM
#define DOWNSTREAM   PCI_EXP_TYPE_DOWNSTREAM
#define PCI_BRIDGE   PCI_EXP_TYPE_PCI_BRIDGE
#define INTEGRATED   PCI_EXP_TYPE_RC_END

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct vfa_topology *topology_of(struct machine *machine)
{
	struct vfa_topology *topology = NULL;

	assert_ok(vfa_topology_new(machine->host, &topology));
	return topology;
}

/* One line for each: the windows from a snapshot, and the same from what is read for one device. */
static void windows_are(struct machine *machine, const char *bdf, const char *expected)
{
	struct vfa_topology *topology = topology_of(machine);
	struct vfa_window windows[16], *same = NULL;
	int count = vfa_topology_windows(topology, bdf, windows, 16);
	char text[1024] = "";
	size_t used = 0;

	assert_ok(count);
	for (int i = 0; i < count; i++)
		used += snprintf(text + used, sizeof(text) - used, "%llx-%llx %s of %s\n",
				 (unsigned long long)windows[i].range.start,
				 (unsigned long long)windows[i].range.last,
				 vfa_window_kind_name(windows[i].kind), windows[i].bdf);
	assert_string_equal(text, expected);
	assert_int_equal(reach_windows_of(machine->host, bdf, &same), count);
	assert_memory_equal(same, windows, count * sizeof(*same));
	free(same);
	vfa_topology_free(topology);
}

/* A root port with ACS, one without, and one below which two functions are. */
static const struct shape ports[] = {
	{ "0000:00:10.0", NULL, ROOT_PORT, ACS_ON, 10, 0xe0000000, 0 },
	{ "0000:02:00.0", "0000:00:10.0", ENDPOINT, ACS_NONE, 11, 0xe0000000, 0 },
	{ "0000:00:11.0", NULL, ROOT_PORT, ACS_NONE, 12, 0xe0100000, 0 },
	{ "0000:03:00.0", "0000:00:11.0", ENDPOINT, ACS_NONE, 12, 0xe0100000, 0 },
	{ "0000:00:12.0", NULL, ROOT_PORT, ACS_ON, 13, 0xe0200000, 0 },
	{ "0000:04:00.0", "0000:00:12.0", ENDPOINT, ACS_NONE, 14, 0xe0200000, SHAPE_MULTIFUNCTION },
	{ "0000:04:00.1", "0000:00:12.0", ENDPOINT, ACS_NONE, 14, 0xe0210000, 0 },
};

static void a_port_with_acs_leaves_no_windows(void **state)
{
	SHAPE_ADD((struct machine *)*state, ports);
	windows_are(*state, "0000:02:00.0", "");
}

static void a_port_without_acs_may_keep_its_own_addresses(void **state)
{
	SHAPE_ADD((struct machine *)*state, ports);
	windows_are(*state, "0000:03:00.0", "e0100000-e01fffff bridge window of 0000:00:11.0\n");
}

static void functions_of_a_slot_reach_each_other(void **state)
{
	SHAPE_ADD((struct machine *)*state, ports);
	windows_are(*state, "0000:04:00.0", "e0210000-e021ffff BAR of 0000:04:00.1\n");
	windows_are(*state, "0000:04:00.1", "e0200000-e020ffff BAR of 0000:04:00.0\n");
}

static void functions_that_redirect_do_not(void **state)
{
	struct machine *machine = *state;

	SHAPE_ADD(machine, ports);
	shape_set_acs(&machine->tree, &ports[5], ACS_ON);
	windows_are(machine, "0000:04:00.0", "");
	windows_are(machine, "0000:04:00.1", "e0200000-e020ffff BAR of 0000:04:00.0\n");
}

static void bits_that_were_cleared_count(void **state)
{
	struct machine *machine = *state;

	SHAPE_ADD(machine, ports);
	shape_set_acs(&machine->tree, &ports[0], ACS_ON & ~VFA_ACS_UF);
	windows_are(machine, "0000:02:00.0", "e0000000-e00fffff bridge window of 0000:00:10.0\n");
	shape_set_acs(&machine->tree, &ports[0], ACS_ON & ~VFA_ACS_SV);
	windows_are(machine, "0000:02:00.0", "");
}

/* Two levels of switches, without ACS at their ports, as they may be below one with it. */
#define TOP "0000:00:10.0"
#define UP  TOP "/0000:02:00.0"
#define LOW UP "/0000:03:00.0/0000:04:00.0"

static const struct shape switches[] = {
	{ "0000:00:10.0", NULL, ROOT_PORT, ACS_ON, 10, 0xe0000000, 0 },
	{ "0000:02:00.0", TOP, UPSTREAM, ACS_NONE, 11, 0xe1000000, 0 },
	{ "0000:03:00.0", UP, DOWNSTREAM, ACS_ON, 12, 0xe2000000, 0 },
	{ "0000:04:00.0", UP "/0000:03:00.0", UPSTREAM, ACS_NONE, 13, 0xe3000000, 0 },
	{ "0000:05:00.0", LOW, DOWNSTREAM, ACS_NONE, 14, 0xe4000000, 0 },
	{ "0000:06:00.0", LOW "/0000:05:00.0", ENDPOINT, ACS_NONE, 14, 0xe4000000, 0 },
	{ "0000:05:01.0", LOW, DOWNSTREAM, ACS_NONE, 15, 0xe4100000, 0 },
	{ "0000:07:00.0", LOW "/0000:05:01.0", ENDPOINT, ACS_NONE, 15, 0xe4100000, 0 },
	{ "0000:03:01.0", UP, DOWNSTREAM, ACS_ON, 16, 0xe5000000, 0 },
	{ "0000:08:00.0", UP "/0000:03:01.0", ENDPOINT, ACS_NONE, 17, 0xe5000000, 0 },
};

/* The kernel has the two in groups of their own. */
static void ports_without_acs_are_left_across_groups(void **state)
{
	SHAPE_ADD((struct machine *)*state, switches);
	windows_are(*state, "0000:06:00.0",
		    "e3000000-e30fffff bridge window of 0000:04:00.0\n"
		    "e4100000-e410ffff BAR of 0000:07:00.0\n");
	windows_are(*state, "0000:08:00.0", "");
}

static void the_highest_turning_point_counts(void **state)
{
	struct machine *machine = *state;

	SHAPE_ADD(machine, switches);
	shape_set_acs(&machine->tree, &switches[2], ACS_ON & ~VFA_ACS_RR);
	windows_are(machine, "0000:06:00.0",
		    "e1000000-e10fffff bridge window of 0000:02:00.0\n"
		    "e4100000-e410ffff BAR of 0000:07:00.0\n"
		    "e5000000-e500ffff BAR of 0000:08:00.0\n");
	windows_are(machine, "0000:08:00.0", "");
}

static void egress_control_may_let_pass(void **state)
{
	struct machine *machine = *state;

	SHAPE_ADD(machine, switches);
	shape_set_acs(&machine->tree, &switches[8], ACS_ON | VFA_ACS_EC);
	windows_are(machine, "0000:08:00.0",
		    "e1000000-e10fffff bridge window of 0000:02:00.0\n"
		    "e4000000-e400ffff BAR of 0000:06:00.0\n"
		    "e4100000-e410ffff BAR of 0000:07:00.0\n");
}

/* A conventional bus below a bridge, and one below that. */
static const struct shape buses[] = {
	{ "0000:00:10.0", NULL, ROOT_PORT, ACS_ON, 10, 0xe0000000, 0 },
	{ "0000:02:00.0", TOP, PCI_BRIDGE, ACS_NONE, 11, 0xe1000000, 0 },
	{ "0000:03:01.0", UP, CONVENTIONAL, ACS_NONE, 11, 0xe1000000, 0 },
	{ "0000:03:02.0", UP, CONVENTIONAL, ACS_NONE, 11, 0xe1010000, 0 },
	{ "0000:03:03.0", UP, CONVENTIONAL, ACS_NONE, 11, 0xe2000000, SHAPE_BRIDGE },
	{ "0000:04:01.0", UP "/0000:03:03.0", CONVENTIONAL, ACS_NONE, 11, 0xe2000000, 0 },
};

static void a_conventional_bus_is_shared(void **state)
{
	SHAPE_ADD((struct machine *)*state, buses);
	windows_are(*state, "0000:04:01.0",
		    "e1000000-e10fffff bridge window of 0000:02:00.0\n"
		    "e1000000-e100ffff BAR of 0000:03:01.0\n"
		    "e1010000-e101ffff BAR of 0000:03:02.0\n");
}

/* Ports in one slot, one of which the kernel takes for isolating; and functions beside them. */
static const struct shape roots[] = {
	{ "0000:00:10.0", NULL, ROOT_PORT, ACS_NONE, 10, 0xe0000000, SHAPE_MULTIFUNCTION },
	{ "0000:02:00.0", "0000:00:10.0", ENDPOINT, ACS_NONE, 10, 0xe0000000, 0 },
	{ "0000:00:10.1", NULL, ROOT_PORT, ACS_NONE, 10, 0xe0100000, SHAPE_MULTIFUNCTION },
	{ "0000:03:00.0", "0000:00:10.1", ENDPOINT, ACS_NONE, 10, 0xe0100000, 0 },
	{ "0000:00:10.2", NULL, ROOT_PORT, ACS_NONE, 11, 0xe0200000, SHAPE_MULTIFUNCTION },
	{ "0000:04:00.0", "0000:00:10.2", ENDPOINT, ACS_NONE, 12, 0xe0200000, 0 },
	{ "0000:00:11.0", NULL, INTEGRATED, ACS_NONE, 13, 0xe0300000, 0 },
	{ "0000:00:12.0", NULL, CONVENTIONAL, ACS_NONE, 14, 0xe0310000, 0 },
};

static void ports_of_one_slot_may_lead_to_each_other(void **state)
{
	SHAPE_ADD((struct machine *)*state, roots);
	windows_are(*state, "0000:02:00.0",
		    "e0000000-e00fffff bridge window of 0000:00:10.0\n"
		    "e0100000-e01fffff bridge window of 0000:00:10.1\n"
		    "e0100000-e010ffff BAR of 0000:03:00.0\n");
}

static void what_the_kernel_isolates_without_acs_is_isolated(void **state)
{
	SHAPE_ADD((struct machine *)*state, roots);
	windows_are(*state, "0000:04:00.0", "");
}

/* Linux saw each of them as the only one when it gave it a group. */
static void groups_of_functions_that_were_plugged_in_tell_nothing(void **state)
{
	static const struct shape plugged[] = {
		{ "0000:00:10.0", NULL, ROOT_PORT, ACS_ON, 10, 0xe0000000, 0 },
		{ "0000:02:00.0", TOP, ENDPOINT, ACS_NONE, 11, 0xe0000000, SHAPE_MULTIFUNCTION },
		{ "0000:02:00.1", TOP, ENDPOINT, ACS_NONE, 12, 0xe0010000, 0 },
	};

	SHAPE_ADD((struct machine *)*state, plugged);
	windows_are(*state, "0000:02:00.0", "e0010000-e001ffff BAR of 0000:02:00.1\n");
	windows_are(*state, "0000:02:00.1", "e0000000-e000ffff BAR of 0000:02:00.0\n");
}

static void functions_alone_on_the_root_bus_have_no_windows(void **state)
{
	SHAPE_ADD((struct machine *)*state, roots);
	windows_are(*state, "0000:00:11.0", "");
	windows_are(*state, "0000:00:12.0", "");
}

static void hidden_registers_leave_the_groups(void **state)
{
	struct machine *machine = *state;

	SHAPE_ADD(machine, switches);
	shape_hide(&machine->tree, switches, COUNT(switches));
	windows_are(machine, "0000:08:00.0", "");
	windows_are(machine, "0000:06:00.0",
		    "e3000000-e30fffff bridge window of 0000:04:00.0\n"
		    "e4000000-e40fffff bridge window of 0000:05:00.0\n");
}

static void a_hidden_device_without_group_has_no_windows(void **state)
{
	struct machine *machine = *state;
	static const struct shape alone[] = {
		{ "0000:00:10.0", NULL, ROOT_PORT, ACS_NONE, -1, 0xe0000000, 0 },
		{ "0000:02:00.0", TOP, ENDPOINT, ACS_NONE, -1, 0xe0000000, 0 },
	};

	SHAPE_ADD(machine, alone);
	shape_hide(&machine->tree, alone, COUNT(alone));
	windows_are(machine, "0000:02:00.0", "");
}

/* I/O ports, what has no address, and virtual functions' BARs. */
static void all_memory_of_a_peer_counts(void **state)
{
	struct machine *machine = *state;
	static const struct tree_resource resources[] = {
		{ 0, 0xe000, 0xe0ff, 0x101 },
		{ 1, 0x8000000000, 0x80ffffffff, 0x14220c },
		{ 2, 0x1000, 0x1fff, 0x20000200 },
		{ 3, 0, 0xfff, TREE_MEMORY },
		{ 4, 0xe0002000, 0xe0001fff, TREE_MEMORY },
		{ 6, 0xe0220000, 0xe022ffff, 0x46200 },
		{ 9, 0xe0230000, 0xe023ffff, TREE_MEMORY },
	};

	SHAPE_ADD(machine, ports);
	tree_write_resources(&machine->tree, "0000:04:00.1", 13, resources, COUNT(resources));
	windows_are(machine, "0000:04:00.0",
		    "e0220000-e022ffff BAR of 0000:04:00.1\n"
		    "e0230000-e023ffff BAR of 0000:04:00.1\n"
		    "8000000000-80ffffffff BAR of 0000:04:00.1\n");
	/* A kernel without support of virtual functions has fewer lines. */
	tree_write_resources(&machine->tree, "0000:00:11.0", 11,
			     &(struct tree_resource){ 9, 0x9000000000, 0x90ffffffff, 0x102201 }, 1);
	windows_are(machine, "0000:03:00.0",
		    "9000000000-90ffffffff bridge window of 0000:00:11.0\n");
}

static void garbage_is_no_window(void **state)
{
	struct machine *machine = *state;

	SHAPE_ADD(machine, ports);
	tree_write(&machine->tree, "\xff\xfe junk\n0x1 0x2\n", "sys/bus/pci/devices/%s/resource",
		   "0000:04:00.1");
	windows_are(machine, "0000:04:00.0", "");
	tree_remove(&machine->tree, "sys/bus/pci/devices/0000:04:00.1/resource");
	windows_are(machine, "0000:04:00.0", "");
	tree_mkdir(&machine->tree, "sys/bus/pci/devices/0000:04:00.1/resource");
	{
		struct vfa_topology *topology = topology_of(machine);

		assert_fails(vfa_topology_windows(topology, "0000:04:00.0", NULL, 0), EISDIR,
			     KERNEL);
		vfa_topology_free(topology);
	}
}

static void bad_questions_are_refused(void **state)
{
	struct vfa_topology *topology = topology_of(*state);
	struct vfa_window window;

	assert_fails(vfa_topology_windows(NULL, EDU, &window, 1), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_topology_windows(topology, EDU, NULL, 1), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_topology_windows(topology, "edu", &window, 1), EINVAL, BAD_BDF);
	assert_fails(vfa_topology_windows(topology, "0000:77:00.0", &window, 1), ENODEV, NO_DEVICE);
	vfa_topology_free(topology);
}

static void an_unknown_device_reaches_nothing(void **state)
{
	struct machine *machine = *state;
	struct vfa_window *windows = NULL;

	assert_int_equal(reach_windows_of(machine->host, "0000:77:00.0", &windows), 0);
	assert_null(windows);
}

/*
 * Random machines, and a request that is followed step by step: an independent account of
 * what the windows have to say.
 */

#define NODES  40
#define BAR    0x10000ull
#define BOTTOM 0xc0000000ull

struct node {
	struct shape shape;
	char bdf[16];
	char parents[128];
	int parent; /* -1 on the root bus */
	int slot;
	uint64_t last;
};

struct random_machine {
	struct random random;
	struct node nodes[NODES];
	int count;
	int bus; /* the last one given away */
	uint64_t next;
};

static int random_acs(struct random *random)
{
	return random_once_in(random, 3) ? ACS_NONE
					 : (int)(random_bits(random) & (VFA_ACS_RR | VFA_ACS_UF)) |
						   VFA_ACS_SV | VFA_ACS_CR;
}

static bool has_acs(int type)
{
	return type == ROOT_PORT || type == DOWNSTREAM || type == ENDPOINT;
}

static void list_parents(const struct node *above, char ret[128])
{
	bool is_root = above->parent < 0;
	char text[128];

	snprintf(text, sizeof(text), "%.*s%s%s", (int)sizeof(text) - 20,
		 is_root ? "" : above->parents, is_root ? "" : "/", above->bdf);
	strcpy(ret, text);
}

static int add_node(struct random_machine *machine, int parent, int bus, int slot, int function,
		    int type)
{
	const struct node *above = parent < 0 ? NULL : &machine->nodes[parent];
	struct node *node = &machine->nodes[machine->count];

	node->parent = parent;
	node->slot = slot;
	snprintf(node->bdf, sizeof(node->bdf), "0000:%02x:%02x.%x", bus, slot, function);
	if (above)
		list_parents(above, node->parents);
	node->shape = (struct shape){
		node->bdf, above ? node->parents : NULL,
		type,      has_acs(type) ? random_acs(&machine->random) : ACS_NONE,
		-1,        machine->next,
		0,
	};
	if (type == ENDPOINT || type == CONVENTIONAL || type == INTEGRATED)
		machine->next += BAR;
	node->last = machine->next - 1;
	return machine->count++;
}

static void fill_below(struct random_machine *machine, int bridge, int depth);

static bool leads_on(int type)
{
	return type == ROOT_PORT || type == DOWNSTREAM || type == UPSTREAM || type == PCI_BRIDGE;
}

/* One to three functions of a slot; of bridges with all that is below each. */
static void add_slot(struct random_machine *machine, int parent, int bus, int slot, int type,
		     int depth)
{
	int functions = random_once_in(&machine->random, 2) ? 1 : 3, first = machine->count;

	for (int i = 0; i < functions && machine->count < NODES; i++) {
		int index = add_node(machine, parent, bus, slot, i, type);

		if (i)
			machine->nodes[first].shape.flags = SHAPE_MULTIFUNCTION;
		if (leads_on(type))
			fill_below(machine, index, depth + 1);
	}
}

static int random_device(struct random_machine *machine, int depth)
{
	static const int types[] = { ENDPOINT, ENDPOINT, PCI_BRIDGE, UPSTREAM };

	return depth > 5 ? ENDPOINT : types[random_below(&machine->random, COUNT(types))];
}

static void fill_below(struct random_machine *machine, int bridge, int depth)
{
	int type = machine->nodes[bridge].shape.type, bus = ++machine->bus;

	if (type == ROOT_PORT || type == DOWNSTREAM)
		add_slot(machine, bridge, bus, 0, random_device(machine, depth), depth);
	else
		for (int slot = 0; slot < 2; slot++)
			add_slot(machine, bridge, bus, slot,
				 type == UPSTREAM ? DOWNSTREAM : CONVENTIONAL, depth);
	machine->nodes[bridge].last = machine->next - 1;
}

static void make_machine(struct random_machine *machine, uint64_t seed)
{
	static const int types[] = { ROOT_PORT, ROOT_PORT, ENDPOINT, INTEGRATED, CONVENTIONAL };

	*machine = (struct random_machine){ .random = { seed }, .next = BOTTOM };
	for (int slot = 1; machine->count < NODES && slot < 0x1f; slot++)
		add_slot(machine, -1, 0, slot, types[random_below(&machine->random, COUNT(types))],
			 0);
}

static void write_machine(struct machine *machine, const struct random_machine *made)
{
	for (int i = 0; i < made->count; i++) {
		const struct node *node = &made->nodes[i];
		struct tree_resource window = { 14, node->shape.start, node->last, TREE_MEMORY };

		shape_add(&machine->tree, &node->shape, 1);
		if (leads_on(node->shape.type))
			tree_write_resources(&machine->tree, node->bdf, 17, &window,
					     node->shape.start <= node->last);
	}
}

static bool claims(const struct node *node, uint64_t address)
{
	return node->shape.start <= address && address <= node->last;
}

static bool lacks(const struct node *node, int bit)
{
	return node->shape.acs == ACS_NONE || !(node->shape.acs & bit);
}

static bool is_claimed_beside(const struct random_machine *machine, const struct node *node,
			      uint64_t address)
{
	for (int i = 0; i < machine->count; i++) {
		const struct node *other = &machine->nodes[i];

		if (other != node && other->parent == node->parent && other->slot == node->slot &&
		    claims(other, address))
			return true;
	}
	return false;
}

/* Whether a bridge keeps what comes from @below for an address behind itself. */
static bool keeps(const struct node *bridge, const struct node *below)
{
	switch (bridge->shape.type) {
	case UPSTREAM:
		return lacks(below, VFA_ACS_RR);
	case ROOT_PORT:
	case DOWNSTREAM:
		return lacks(bridge, VFA_ACS_UF);
	default:
		return true;
	}
}

/* A request of a function to an address goes astray before the root complex. */
static bool strays(const struct random_machine *machine, const struct node *node, uint64_t address)
{
	while (true) {
		const struct node *bridge;

		if (lacks(node, VFA_ACS_RR) && is_claimed_beside(machine, node, address))
			return true;
		if (node->parent < 0)
			return false;
		bridge = &machine->nodes[node->parent];
		if (claims(bridge, address) && keeps(bridge, node))
			return true;
		node = bridge;
	}
}

static bool is_in_a_window(const struct vfa_window *windows, int count, uint64_t address)
{
	for (int i = 0; i < count; i++) {
		if (windows[i].range.start <= address && address <= windows[i].range.last)
			return true;
	}
	return false;
}

static void check_function(const struct random_machine *made, const struct vfa_topology *topology,
			   const struct node *node, int *strayed)
{
	struct vfa_window windows[2 * NODES];
	int count = vfa_topology_windows(topology, node->bdf, windows, COUNT(windows));

	assert_in_range(count, 0, COUNT(windows));
	for (uint64_t address = BOTTOM; address < made->next; address += BAR) {
		bool expected = strays(made, node, address);

		if (is_in_a_window(windows, count, address) != expected)
			fail_msg("%s to %#llx %s", node->bdf, (unsigned long long)address,
				 expected ? "strays" : "does not stray");
		*strayed += expected;
	}
}

/* What is open directly is dangerous. */
static void check_ways(const struct random_machine *made, const struct vfa_topology *topology,
		       const struct node *from)
{
	for (int i = 0; i < made->count; i++) {
		const struct node *to = &made->nodes[i];
		struct vfa_p2p *p2p = NULL;

		if (leads_on(to->shape.type) || to == from)
			continue;
		assert_ok(vfa_p2p_new(topology, from->bdf, to->bdf, &p2p));
		if (vfa_p2p_get_way(p2p, VFA_P2P_DIRECT)->is_open == VFA_YES)
			assert_true(strays(made, from, to->shape.start));
		vfa_p2p_free(p2p);
	}
}

static void check_machine(struct machine *machine, uint64_t seed, int *strayed)
{
	struct random_machine made;
	struct vfa_topology *topology;

	make_machine(&made, seed);
	write_machine(machine, &made);
	topology = topology_of(machine);
	for (int i = 0; i < made.count; i++) {
		const struct node *node = &made.nodes[i];
		struct vfa_window *same = NULL;

		if (leads_on(node->shape.type))
			continue;
		check_function(&made, topology, node, strayed);
		check_ways(&made, topology, node);
		assert_int_equal(reach_windows_of(machine->host, node->bdf, &same),
				 vfa_topology_windows(topology, node->bdf, NULL, 0));
		free(same);
	}
	vfa_topology_free(topology);
}

static void windows_agree_with_requests_that_are_followed(void **state)
{
	struct machine *machine = *state;
	int strayed = 0;

	for (uint64_t seed = 1; seed <= (is_slow() ? 3 : 20); seed++) {
		tree_remove(&machine->tree, "sys/bus/pci/devices");
		tree_remove(&machine->tree, "sys/devices");
		tree_mkdir(&machine->tree, "sys/bus/pci/devices");
		check_machine(machine, seed, &strayed);
	}
	assert_true(strayed > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_port_with_acs_leaves_no_windows),
		CASE(a_port_without_acs_may_keep_its_own_addresses),
		CASE(functions_of_a_slot_reach_each_other),
		CASE(functions_that_redirect_do_not),
		CASE(bits_that_were_cleared_count),
		CASE(ports_without_acs_are_left_across_groups),
		CASE(the_highest_turning_point_counts),
		CASE(egress_control_may_let_pass),
		CASE(a_conventional_bus_is_shared),
		CASE(ports_of_one_slot_may_lead_to_each_other),
		CASE(what_the_kernel_isolates_without_acs_is_isolated),
		CASE(groups_of_functions_that_were_plugged_in_tell_nothing),
		CASE(functions_alone_on_the_root_bus_have_no_windows),
		CASE(hidden_registers_leave_the_groups),
		CASE(a_hidden_device_without_group_has_no_windows),
		CASE(all_memory_of_a_peer_counts),
		CASE(garbage_is_no_window),
		CASE(bad_questions_are_refused),
		CASE(an_unknown_device_reaches_nothing),
		CASE(windows_agree_with_requests_that_are_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
