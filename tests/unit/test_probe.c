/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "fixture.h"

#include <linux/capability.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <sys/stat.h>

#include "fake/config.h"
#include "topology/interrupts.h"

static struct vfa_probe *look(struct machine *machine, const char *bdf)
{
	struct vfa_probe *probe = NULL;

	assert_ok(vfa_probe_new(machine->host, bdf, &probe));
	return probe;
}

static const struct vfa_check *find(const struct vfa_probe *probe, const char *name)
{
	for (size_t i = 0; i < vfa_probe_count_checks(probe); i++) {
		const struct vfa_check *check = vfa_probe_get_check(probe, i);

		if (!strcmp(check->name, name))
			return check;
	}
	return NULL;
}

/* One check of the machine, or of a device, came out so, with this in its reason. */
static void check_of(struct machine *machine, const char *bdf, const char *name,
		     enum vfa_probe_result result, const char *reason)
{
	struct vfa_probe *probe = look(machine, bdf);
	const struct vfa_check *check = find(probe, name);

	assert_non_null(check);
	if (!strstr(check->reason, reason))
		fail_msg("%s: %s", name, check->reason);
	assert_string_equal(vfa_probe_result_name(check->result), vfa_probe_result_name(result));
	assert_true(vfa_probe_worst(probe) >= result);
	vfa_probe_free(probe);
}

static void add_interrupt(struct machine *machine, int number, const char *chip)
{
	tree_write(&machine->tree, chip, "sys/kernel/irq/%d/chip_name", number);
}

static void add_unit(struct machine *machine, const char *bdf)
{
	tree_link(&machine->tree, "../../virtual/iommu/dmar0", "sys/bus/pci/devices/%s/iommu", bdf);
}

static void write_config(struct machine *machine, const char *bdf, const char *text)
{
	tree_write(&machine->tree, text, "sys/bus/pci/devices/%s/config", bdf);
}

static void a_machine_that_lacks_nothing_is_fine(void **state)
{
	struct machine *machine = *state;
	struct vfa_probe *probe;

	add_interrupt(machine, 9, "IR-IO-APIC\n");
	fake_set_capabilities(1ull << CAP_IPC_LOCK);
	probe = look(machine, NULL);
	for (size_t i = 0; i < vfa_probe_count_checks(probe); i++) {
		const struct vfa_check *check = vfa_probe_get_check(probe, i);

		if (check->result != VFA_PROBE_OK)
			fail_msg("%s: %s", check->name, check->reason);
		assert_string_equal(check->hint, "");
	}
	assert_int_equal(vfa_probe_worst(probe), VFA_PROBE_OK);
	assert_true(vfa_probe_count_checks(probe) >= 11);
	assert_null(vfa_probe_get_check(probe, vfa_probe_count_checks(probe)));
	vfa_probe_free(probe);
}

static void the_iommu_is_told_with_its_groups(void **state)
{
	struct machine *machine = *state;

	add_unit(machine, EDU);
	add_unit(machine, NVME);
	check_of(machine, NULL, "iommu", VFA_PROBE_OK, "dmar0: 5 groups");
	tree_write(&machine->tree, "identity\n", "sys/kernel/iommu_groups/7/type");
	check_of(machine, NULL, "domains", VFA_PROBE_OK, "untranslated in 1 of 5 groups");
	tree_remove(&machine->tree, "sys/kernel/iommu_groups/7/type");
	check_of(machine, NULL, "domains", VFA_PROBE_UNKNOWN, "1 of 5 groups");
}

/* A file where a directory ought to be cannot be listed. */
static void what_cannot_be_listed_is_not_vouched_for(void **state)
{
	struct machine *machine = *state;

	tree_write(&machine->tree, "", "sys/kernel/mm/hugepages");
	check_of(machine, NULL, "hugepages", VFA_PROBE_UNKNOWN, "cannot be listed");
	tree_write(&machine->tree, "", "sys/class/block");
	check_of(machine, EDU, "use", VFA_PROBE_UNKNOWN, "cannot be looked for");
	tree_remove(&machine->tree, "sys/bus/pci/devices");
	tree_write(&machine->tree, "", "sys/bus/pci/devices");
	check_of(machine, NULL, "nodes", VFA_PROBE_UNKNOWN, "cannot be listed");
}

/* Of VT-d, whose unit that both are behind is made without Snoop Control, and then with it. */
static void an_iommu_that_cannot_make_dma_snoop_is_told(void **state)
{
	struct machine *machine = *state;
	struct vfa_probe *probe;

	add_unit(machine, EDU);
	probe = look(machine, NULL);
	assert_null(find(probe, "coherency"));
	vfa_probe_free(probe);
	tree_write(&machine->tree, "f00f5e\n", "sys/devices/virtual/iommu/dmar0/intel-iommu/ecap");
	check_of(machine, NULL, "coherency", VFA_PROBE_WARNING, "dmar0 cannot make DMA snoop");
	tree_remove(&machine->tree, "sys/devices/virtual/iommu/dmar0/intel-iommu/ecap");
	tree_write(&machine->tree, "f00fde\n", "sys/devices/virtual/iommu/dmar0/intel-iommu/ecap");
	check_of(machine, NULL, "coherency", VFA_PROBE_OK, "make all DMA snoop");
	tree_remove(&machine->tree, "sys/devices/virtual/iommu/dmar0/intel-iommu/ecap");
	tree_write(&machine->tree, "garbage\n", "sys/devices/virtual/iommu/dmar0/intel-iommu/ecap");
	probe = look(machine, NULL);
	assert_null(find(probe, "coherency"));
	vfa_probe_free(probe);
}

/* What only an IOMMU makes sense of is left out: one thing is wrong. */
static void without_iommu_that_is_what_fails(void **state)
{
	struct machine *machine = *state;
	struct vfa_probe *probe;

	tree_remove(&machine->tree, "sys/kernel/iommu_groups");
	probe = look(machine, NULL);
	assert_int_equal(find(probe, "iommu")->result, VFA_PROBE_FAILURE);
	assert_true(*find(probe, "iommu")->hint);
	assert_null(find(probe, "interrupts"));
	assert_null(find(probe, "domains"));
	vfa_probe_free(probe);
}

static void made_up_groups_are_no_iommu(void **state)
{
	static const int groups[] = { 4, 5, 6, 7, 9 };
	struct machine *machine = *state;

	for (size_t i = 0; i < 5; i++)
		tree_write(&machine->tree, "vfio-noiommu\n", "sys/kernel/iommu_groups/%d/name",
			   groups[i]);
	check_of(machine, NULL, "iommu", VFA_PROBE_FAILURE, "in an IOMMU group");
}

static void controllers_tell_whether_interrupts_are_remapped(void **state)
{
	static const struct {
		const char *chip;
		enum vfa_answer remapped;
	} chips[] = {
		{ "IR-PCI-MSIX-0000:00:05.0\n", VFA_YES },
		{ "AMD-IR\n", VFA_YES },
		{ "ITS-PCI-MSI-0000:01:00.0\n", VFA_YES },
		{ "PCI-MSI-edge\n", VFA_NO },
		{ "IO-APIC\n", VFA_NO },
		{ "DMAR-MSI\n", VFA_UNKNOWN },
		{ "XT-PIC\n", VFA_UNKNOWN },
		{ "\n", VFA_UNKNOWN },
	};
	struct machine *machine = *state;
	struct interrupts interrupts;

	interrupts_read(machine->host, &interrupts);
	assert_int_equal(interrupts.are_remapped, VFA_UNKNOWN);
	for (size_t i = 0; i < sizeof(chips) / sizeof(chips[0]); i++) {
		add_interrupt(machine, 9, chips[i].chip);
		interrupts_read(machine->host, &interrupts);
		assert_int_equal(interrupts.are_remapped, chips[i].remapped);
	}
	add_interrupt(machine, 9, "PCI-MSI-0000:00:1f.2\n");
	add_interrupt(machine, 10, "IR-PCI-MSI-0000:00:05.0\n");
	interrupts_read(machine->host, &interrupts);
	assert_int_equal(interrupts.are_remapped, VFA_YES);
}

static void interrupts_that_are_not_remapped_fail_unless_allowed(void **state)
{
	struct machine *machine = *state;

	check_of(machine, NULL, "interrupts", VFA_PROBE_UNKNOWN, "no interrupt shows");
	add_interrupt(machine, 9, "PCI-MSI-edge\n");
	check_of(machine, NULL, "interrupts", VFA_PROBE_FAILURE, "not remapped (PCI-MSI-edge)");
	tree_write(&machine->tree, "Y\n", "sys/module/iommufd/parameters/allow_unsafe_interrupts");
	check_of(machine, NULL, "interrupts", VFA_PROBE_WARNING, "of iommufd goes without");
	tree_write(&machine->tree, "Y\n",
		   "sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts");
	check_of(machine, NULL, "interrupts", VFA_PROBE_WARNING, "of type1 and iommufd");
	add_interrupt(machine, 10, "IR-PCI-MSI\n");
	check_of(machine, NULL, "interrupts", VFA_PROBE_WARNING, "are remapped (IR-PCI-MSI), but");
}

static void one_interface_is_enough(void **state)
{
	struct machine *machine = *state;

	remove_iommufd(machine);
	check_of(machine, NULL, "iommufd", VFA_PROBE_WARNING, "no iommufd in this kernel");
	check_of(machine, NULL, "type1", VFA_PROBE_OK, "");
	remove_vfio(machine);
	check_of(machine, NULL, "iommufd", VFA_PROBE_FAILURE, "no iommufd in this kernel");
	check_of(machine, NULL, "type1", VFA_PROBE_FAILURE, "no VFIO in this kernel");
}

static void a_missing_driver_is_a_warning(void **state)
{
	struct machine *machine = *state;

	tree_remove(&machine->tree, "sys/bus/pci/drivers/vfio-pci");
	check_of(machine, NULL, "vfio-pci", VFA_PROBE_WARNING, "not loaded");
}

static void noiommu_mode_is_a_warning(void **state)
{
	struct machine *machine = *state;

	tree_write(&machine->tree, "N\n", "sys/module/vfio/parameters/enable_unsafe_noiommu_mode");
	check_of(machine, NULL, "noiommu", VFA_PROBE_OK, "off");
	tree_write(&machine->tree, "Y\n", "sys/module/vfio/parameters/enable_unsafe_noiommu_mode");
	check_of(machine, NULL, "noiommu", VFA_PROBE_WARNING, "reads and writes all memory");
}

static void functions_without_nodes_are_named(void **state)
{
	struct machine *machine = *state;

	check_of(machine, NULL, "nodes", VFA_PROBE_OK, "6 functions on a VFIO driver");
	tree_remove(&machine->tree, "dev/vfio/4");
	check_of(machine, NULL, "nodes", VFA_PROBE_OK, "6 functions on a VFIO driver");
	tree_remove(&machine->tree, "dev/vfio/devices/vfio0");
	check_of(machine, NULL, "nodes", VFA_PROBE_WARNING, "1 of 6 functions");
	check_of(machine, NULL, "nodes", VFA_PROBE_WARNING, EDU " for one");
	check_of(machine, EDU, "nodes", VFA_PROBE_WARNING, "1 of 1 functions");
	check_of(machine, NVME, "nodes", VFA_PROBE_OK, "1 function on a VFIO driver");
}

static void a_small_limit_on_locked_memory_is_a_warning(void **state)
{
	struct machine *machine = *state;

	fake_set_memlock(8 << 20);
	check_of(machine, NULL, "memlock", VFA_PROBE_WARNING, "may lock 8192 KiB");
	fake_set_memlock(1 << 30);
	check_of(machine, NULL, "memlock", VFA_PROBE_OK, "may lock 1048576 KiB");
	fake_set_memlock(UINT64_MAX);
	check_of(machine, NULL, "memlock", VFA_PROBE_OK, "no limit");
	fake_set_memlock(0);
	fake_set_capabilities(1ull << CAP_IPC_LOCK);
	check_of(machine, NULL, "memlock", VFA_PROBE_OK, "CAP_IPC_LOCK");
}

static void huge_pages_are_counted(void **state)
{
	struct machine *machine = *state;

	tree_huge_pages(&machine->tree, 1 << 20, 0, 0, 0);
	check_of(machine, NULL, "hugepages", VFA_PROBE_OK, "none are reserved");
	tree_huge_pages(&machine->tree, 2048, 10, 7, 0);
	check_of(machine, NULL, "hugepages", VFA_PROBE_OK, "7 of 10 pages of 2048 KiB are free");
}

/* All of them, so that nothing about their isolation is unknown. */
static void write_configs(struct machine *machine)
{
	static const char *const functions[] = { EDU,   NVME, SHARED, "0000:00:06.1",
						 OTHER, LEFT, RIGHT };
	struct config config;

	config_init(&config, 0x1234, 0x11e8);
	for (size_t i = 0; i < 7; i++)
		tree_write_config(&machine->tree, functions[i], &config, CONFIG_CONVENTIONAL);
	config_make_bridge(&config, 1, 1);
	tree_write_config(&machine->tree, PORT, &config, CONFIG_CONVENTIONAL);
}

static void a_device_that_is_ready_is_fine(void **state)
{
	struct machine *machine = *state;
	struct vfa_probe *probe;

	write_configs(machine);
	probe = look(machine, "00:04.0");
	assert_int_equal(vfa_probe_worst(probe), VFA_PROBE_OK);
	assert_string_equal(find(probe, "config")->reason, EDU " answers, in power state D0");
	assert_string_equal(find(probe, "driver")->reason, EDU " is bound to vfio-pci");
	assert_string_equal(find(probe, "group")->reason, "group 4 is viable, says the kernel");
	assert_string_equal(find(probe, "isolation")->reason, EDU " is alone in its group");
	assert_string_equal(find(probe, "reset")->reason, EDU " can be reset alone: flr bus");
	vfa_probe_free(probe);
	check_of(machine, LEFT, "isolation", VFA_PROBE_OK,
		 LEFT " is not isolated from " RIGHT " of its group");
}

static void isolation_that_cannot_be_read_is_unknown(void **state)
{
	check_of(*state, EDU, "isolation", VFA_PROBE_UNKNOWN, "cannot be read");
}

/* A port that redirected when the group of what is below was formed, and does not any more. */
static void isolation_that_was_lost_is_a_warning(void **state)
{
	struct machine *machine = *state;
	struct config config;

	write_configs(machine);
	tree_add_group(&machine->tree, 10, "");
	tree_add_device(&machine->tree, &(struct tree_device){ "0000:00:0a.0", NULL, "pcieport",
							       0x1b36, 0x000c, 0x060400, 10, -1 });
	tree_add_group(&machine->tree, 11, "");
	tree_add_device(&machine->tree,
			&(struct tree_device){ "0000:02:00.0", "0000:00:0a.0", "vfio-pci", 0x1b36,
					       0x0010, 0x010802, 11, -1 });
	config_init(&config, 0x1b36, 0x0010);
	config_add_express(&config, PCI_EXP_TYPE_ENDPOINT);
	tree_write_config(&machine->tree, "0000:02:00.0", &config, CONFIG_SIZE);
	config_init(&config, 0x1b36, 0x000c);
	config_make_bridge(&config, 2, 2);
	config_add_express(&config, PCI_EXP_TYPE_ROOT_PORT);
	config_add_acs(&config, 0x1d, 0);
	tree_write_config(&machine->tree, "0000:00:0a.0", &config, CONFIG_SIZE);
	check_of(machine, "0000:02:00.0", "isolation", VFA_PROBE_WARNING, "0000:00:0a.0");
}

static void a_device_that_has_gone_is_told(void **state)
{
	struct machine *machine = *state;

	check_of(machine, EDU, "config", VFA_PROBE_UNKNOWN, "cannot be read");
	write_config(machine, EDU, "\xff\xff\xff\xff");
	check_of(machine, EDU, "config", VFA_PROBE_FAILURE, "reads as all ones");
	tree_write(&machine->tree, "D3cold\n", "sys/bus/pci/devices/" EDU "/power_state");
	check_of(machine, EDU, "config", VFA_PROBE_OK, "without power");
	tree_write(&machine->tree, "unknown\n", "sys/bus/pci/devices/" EDU "/power_state");
	tree_link(&machine->tree, "../" NVME, "sys/bus/pci/devices/" EDU "/physfn");
	check_of(machine, EDU, "config", VFA_PROBE_OK, "answers");
}

static void a_blocker_of_the_group_is_named(void **state)
{
	struct vfa_probe *probe = look(*state, SHARED);
	const struct vfa_check *check = find(probe, "group");

	assert_int_equal(check->result, VFA_PROBE_FAILURE);
	assert_non_null(strstr(check->reason, "0000:00:06.1 is bound to nvme"));
	assert_non_null(strstr(check->hint, "\n  echo 0000:00:06.1 > "));
	vfa_probe_free(probe);
}

static void a_device_of_the_kernel_is_a_warning(void **state)
{
	struct machine *machine = *state;
	const char *blocker = "0000:00:06.1";
	struct vfa_probe *probe;

	check_of(machine, blocker, "driver", VFA_PROBE_WARNING, "is bound to nvme, not to a VFIO");
	check_of(machine, blocker, "use", VFA_PROBE_OK, "nothing is seen");
	tree_link(&machine->tree, "../../devices/pci0000:00/0000:00:06.1/net/eth0",
		  "sys/class/net/eth0");
	tree_write(&machine->tree, "0x1003\n", "sys/devices/pci0000:00/%s/net/eth0/flags", blocker);
	probe = look(machine, blocker);
	assert_string_equal(find(probe, "use")->reason, "0000:00:06.1 is in use: eth0 is up");
	assert_non_null(strstr(find(probe, "use")->hint, "ip link set down"));
	vfa_probe_free(probe);
	check_of(machine, PORT, "driver", VFA_PROBE_WARNING, "is a bridge");
}

static void firmwares_identity_map_is_a_failure(void **state)
{
	struct machine *machine = *state;

	tree_write(&machine->tree,
		   "0x0000000000001000 0x0000000000001fff direct-relaxable\n"
		   "0x00000000fee00000 0x00000000feefffff msi\n",
		   "sys/kernel/iommu_groups/4/reserved_regions");
	check_of(machine, EDU, "firmware", VFA_PROBE_OK, "");
	tree_write(&machine->tree, "0x0000000000001000 0x0000000000001fff direct\n",
		   "sys/kernel/iommu_groups/4/reserved_regions");
	check_of(machine, EDU, "firmware", VFA_PROBE_FAILURE, "0x1000-0x1fff");
	tree_remove(&machine->tree, "sys/kernel/iommu_groups/4/reserved_regions");
	check_of(machine, EDU, "firmware", VFA_PROBE_UNKNOWN, "cannot be read");
}

static void a_device_without_group_fails_there(void **state)
{
	struct machine *machine = *state;

	tree_remove(&machine->tree, "sys/devices/pci0000:00/" EDU "/iommu_group");
	check_of(machine, EDU, "group", VFA_PROBE_FAILURE, "in no IOMMU group");
}

static void a_device_that_cannot_be_reset_is_a_warning(void **state)
{
	struct machine *machine = *state;

	tree_remove(&machine->tree, "sys/devices/pci0000:00/" EDU "/reset_method");
	check_of(machine, EDU, "reset", VFA_PROBE_WARNING, "no way to reset");
	tree_write(&machine->tree, "", "sys/devices/pci0000:00/" EDU "/reset");
	check_of(machine, EDU, "reset", VFA_PROBE_OK, "can be reset alone");
}

static void what_cannot_be_probed_is_refused(void **state)
{
	struct machine *machine = *state;
	struct vfa_probe *probe = NULL;

	assert_fails(vfa_probe_new(machine->host, NULL, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_probe_new(machine->host, "zz", &probe), EINVAL, BAD_BDF);
	assert_fails(vfa_probe_new(machine->host, "00:1e.0", &probe), ENODEV, NO_DEVICE);
	assert_null(probe);
	vfa_probe_free(look(machine, SHARED));
	assert_int_equal(vfa_error_last()->cause, VFA_CAUSE_NO_DEVICE);
	vfa_probe_free(NULL);
}

static void results_have_names(void **state)
{
	(void)state;
	assert_string_equal(vfa_probe_result_name(VFA_PROBE_OK), "ok");
	assert_string_equal(vfa_probe_result_name(VFA_PROBE_UNKNOWN), "unknown");
	assert_string_equal(vfa_probe_result_name(VFA_PROBE_WARNING), "warning");
	assert_string_equal(vfa_probe_result_name(VFA_PROBE_FAILURE), "failure");
	assert_string_equal(vfa_probe_result_name(77), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_machine_that_lacks_nothing_is_fine),
		CASE(the_iommu_is_told_with_its_groups),
		CASE(what_cannot_be_listed_is_not_vouched_for),
		CASE(an_iommu_that_cannot_make_dma_snoop_is_told),
		CASE(without_iommu_that_is_what_fails),
		CASE(made_up_groups_are_no_iommu),
		CASE(controllers_tell_whether_interrupts_are_remapped),
		CASE(interrupts_that_are_not_remapped_fail_unless_allowed),
		CASE(one_interface_is_enough),
		CASE(a_missing_driver_is_a_warning),
		CASE(noiommu_mode_is_a_warning),
		CASE(functions_without_nodes_are_named),
		CASE(a_small_limit_on_locked_memory_is_a_warning),
		CASE(huge_pages_are_counted),
		CASE(a_device_that_is_ready_is_fine),
		CASE(isolation_that_cannot_be_read_is_unknown),
		CASE(isolation_that_was_lost_is_a_warning),
		CASE(a_device_that_has_gone_is_told),
		CASE(a_blocker_of_the_group_is_named),
		CASE(a_device_of_the_kernel_is_a_warning),
		CASE(firmwares_identity_map_is_a_failure),
		CASE(a_device_without_group_fails_there),
		CASE(a_device_that_cannot_be_reset_is_a_warning),
		CASE(what_cannot_be_probed_is_refused),
		cmocka_unit_test(results_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
