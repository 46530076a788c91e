/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Questions about the machine, which change nothing. See scenario.h. */

#include <dirent.h>
#include <linux/pci_regs.h>
#include <stdio.h>

#include "fake/config.h"
#include "scenario.h"

/* Reading all of a machine takes calls for each function: those not asked for leave it. */
static void remove_group(const struct tree *tree, unsigned int number)
{
	struct dirent *member;
	char path[128];
	DIR *members;

	snprintf(path, sizeof(path), "%s/kernel/iommu_groups/%u/devices", tree->sys, number);
	members = opendir(path);
	assert_non_null(members);
	while ((member = readdir(members)))
		if (member->d_name[0] != '.')
			tree_remove(tree, "sys/bus/pci/devices/%s", member->d_name);
	closedir(members);
	tree_remove(tree, "sys/kernel/iommu_groups/%u", number);
	tree_remove(tree, "dev/vfio/%u", number);
}

/* A group that is not viable, and another. */
static int setup_slot(void **state)
{
	struct machine *machine;

	setup(state);
	machine = *state;
	remove_group(&machine->tree, 5);
	remove_group(&machine->tree, 7);
	remove_group(&machine->tree, 9);
	return 0;
}

static void write_registers(const struct tree *tree)
{
	static const char *const endpoints[] = { EDU, LEFT, RIGHT };
	struct config config;

	config_init(&config, 0x1b36, 0x0010);
	config_add_express(&config, PCI_EXP_TYPE_ENDPOINT);
	for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++)
		tree_write_config(tree, endpoints[i], &config, 0);
	config_init(&config, 0x1b36, 0x000c);
	config_make_bridge(&config, 1, 1);
	config_add_express(&config, PCI_EXP_TYPE_ROOT_PORT);
	tree_write_config(tree, PORT, &config, 0);
}

/* The functions below the port, one of which answers at addresses, and another. */
static int setup_port(void **state)
{
	const struct tree_resource bar = { 0, 0x10000, 0x1ffff, TREE_MEMORY };
	struct machine *machine;

	setup(state);
	machine = *state;
	remove_group(&machine->tree, 5);
	remove_group(&machine->tree, 6);
	remove_group(&machine->tree, 7);
	write_registers(&machine->tree);
	tree_write_resources(&machine->tree, RIGHT, 13, &bar, 1);
	return 0;
}

/* The same, where the two below the port redirect what they could send to each other. */
static int setup_redirection(void **state)
{
	const uint16_t bits = VFA_ACS_RR | VFA_ACS_CR;
	struct config config;
	struct machine *machine;

	setup_port(state);
	machine = *state;
	config_init(&config, 0x1b36, 0x0010);
	config_add_express(&config, PCI_EXP_TYPE_ENDPOINT);
	config_add_acs(&config, bits, bits);
	tree_write_config(&machine->tree, LEFT, &config, 0);
	tree_write_config(&machine->tree, RIGHT, &config, 0);
	return 0;
}

static void groups(struct run *run)
{
	struct vfa_host *host = run->machine->host;
	struct vfa_group *group = NULL;
	uint32_t numbers[8];

	step(run, vfa_group_list(host, numbers, 8));
	if (step(run, vfa_group_new(host, 9, &group)))
		vfa_group_free(group);
	if (step(run, vfa_group_new_for_device(host, EDU, &group)))
		vfa_group_free(group);
}

static void what_blocks_a_group(struct run *run)
{
	struct vfa_viability *viability = NULL;

	if (step(run, vfa_viability_new(run->machine->host, 6, &viability)))
		vfa_viability_free(viability);
}

static void checks_of_the_host(struct run *run)
{
	struct vfa_probe *probe = NULL;

	if (step(run, vfa_probe_new(run->machine->host, NULL, &probe)))
		vfa_probe_free(probe);
}

static void checks_of_a_device(struct run *run)
{
	struct vfa_probe *probe = NULL;

	if (step(run, vfa_probe_new(run->machine->host, SHARED, &probe)))
		vfa_probe_free(probe);
}

/* What could not be read may be missing from a report that says so, and from no other. */
static void check_report(const struct vfa_topology *topology, const struct vfa_isolation *isolation)
{
	int port = vfa_topology_find_function(topology, PORT);
	const struct vfa_isolation_member *member;

	if (vfa_isolation_is_supported(isolation) == VFA_UNKNOWN)
		return;
	assert_int_equal(vfa_isolation_count_steps(isolation), 2);
	/* A link that is not there is an answer too: no IOMMU covers the port. */
	if (vfa_topology_get_function(topology, port)->group < 0)
		return;
	for (size_t i = 0; (member = vfa_isolation_get_member(isolation, i)); i++)
		assert_int_equal(member->culprit, port);
}

static void use_topology(struct run *run, const struct vfa_topology *topology)
{
	const struct vfa_acs_change change = { PORT, VFA_ACS_ISOLATION, 0 };
	struct vfa_isolation *isolation = NULL;
	struct vfa_p2p *p2p = NULL;
	int32_t numbers[4];

	step(run, vfa_topology_predict(topology, &change, 1, numbers, 4));
	if (step(run, vfa_isolation_new(topology, LEFT, NULL, 0, &isolation))) {
		check_report(topology, isolation);
		vfa_isolation_free(isolation);
	}
	step(run, vfa_topology_windows(topology, LEFT, NULL, 0));
	if (step(run, vfa_p2p_new(topology, LEFT, RIGHT, &p2p)))
		vfa_p2p_free(p2p);
}

static void a_topology(struct run *run)
{
	struct vfa_topology *topology = NULL;

	if (step(run, vfa_topology_new(run->machine->host, &topology)))
		use_topology(run, topology);
	vfa_topology_free(topology);
}

/* What it would cost to open a way needs the groups that would be. */
static void a_closed_way(struct run *run)
{
	struct vfa_topology *topology = NULL;
	struct vfa_p2p *p2p = NULL;

	if (step(run, vfa_topology_new(run->machine->host, &topology)) &&
	    step(run, vfa_p2p_new(topology, LEFT, RIGHT, &p2p))) {
		assert_true(*vfa_p2p_get_way(p2p, VFA_P2P_DIRECT)->costs ||
			    !vfa_p2p_get_way(p2p, VFA_P2P_DIRECT)->change_count);
		vfa_p2p_free(p2p);
	}
	vfa_topology_free(topology);
}

SCENARIO(groups)
SCENARIO(what_blocks_a_group)
SCENARIO(checks_of_the_host)
SCENARIO(checks_of_a_device)
SCENARIO(a_topology)
SCENARIO(a_closed_way)
INTERRUPTED(groups)
INTERRUPTED(what_blocks_a_group)
INTERRUPTED(checks_of_the_host)
INTERRUPTED(checks_of_a_device)
INTERRUPTED(a_topology)
INTERRUPTED(a_closed_way)

/* No backend has a part in it. */
#define ON(machine, test) cmocka_unit_test_setup_teardown(test, setup_##machine, teardown)

#define READING(machine, name)                                                                     \
	ON(machine, each_call_of_##name##_may_fail),                                               \
		ON(machine, each_allocation_of_##name##_may_fail),                                 \
		ON(machine, signals_do_not_disturb_##name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		READING(port, groups),
		READING(slot, what_blocks_a_group),
		READING(slot, checks_of_the_host),
		READING(slot, checks_of_a_device),
		READING(port, a_topology),
		READING(redirection, a_closed_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
