/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Questions about the machine, which change nothing. See scenario.h. */

#include <linux/pci_regs.h>

#include "fake/config.h"
#include "scenario.h"

static void snapshots(struct run *run)
{
	struct vfa_host *host = run->machine->host;
	struct vfa_viability *viability = NULL;
	struct vfa_probe *probe = NULL;
	struct vfa_group *group = NULL;
	uint32_t numbers[8];

	step(run, vfa_group_list(host, numbers, 8));
	if (step(run, vfa_group_new(host, 9, &group)))
		vfa_group_free(group);
	if (step(run, vfa_group_new_for_device(host, EDU, &group)))
		vfa_group_free(group);
	if (step(run, vfa_viability_new(host, 6, &viability)))
		vfa_viability_free(viability);
	if (step(run, vfa_probe_new(host, NULL, &probe)))
		vfa_probe_free(probe);
	if (step(run, vfa_probe_new(host, SHARED, &probe)))
		vfa_probe_free(probe);
	step(run, vfa_host_check_backend(host, run->machine->backend));
}

static void write_registers(const struct tree *tree)
{
	static const char *const devices[] = {
		EDU, NVME, SHARED, "0000:00:06.1", OTHER, LEFT, RIGHT
	};
	struct config config;

	config_init(&config, 0x1b36, 0x0010);
	config_add_express(&config, PCI_EXP_TYPE_ENDPOINT);
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		tree_write_config(tree, devices[i], &config, 0);
	config_init(&config, 0x1b36, 0x000c);
	config_make_bridge(&config, 1, 1);
	config_add_express(&config, PCI_EXP_TYPE_ROOT_PORT);
	tree_write_config(tree, PORT, &config, 0);
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

static void reports_on_isolation(struct run *run)
{
	const struct vfa_acs_change change = { PORT, VFA_ACS_ISOLATION, 0 };
	struct vfa_isolation *isolation = NULL;
	struct vfa_topology *topology = NULL;
	int32_t groups[8];

	write_registers(&run->machine->tree);
	if (step(run, vfa_topology_new(run->machine->host, &topology))) {
		step(run, vfa_topology_predict(topology, &change, 1, groups, 8));
		if (step(run, vfa_isolation_new(topology, LEFT, NULL, 0, &isolation))) {
			check_report(topology, isolation);
			vfa_isolation_free(isolation);
		}
	}
	vfa_topology_free(topology);
}

SCENARIO(reports_on_isolation)
SCENARIO(snapshots)
INTERRUPTED(reports_on_isolation)
INTERRUPTED(snapshots)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TYPE1(each_call_of_reports_on_isolation_may_fail),
		ON_TYPE1(each_allocation_of_reports_on_isolation_may_fail),
		CASES(snapshots),
		ON_TYPE1(signals_do_not_disturb_reports_on_isolation),
		ON_BOTH(signals_do_not_disturb_snapshots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
