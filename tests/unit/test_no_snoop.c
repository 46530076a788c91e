/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The first of the three answers, and the bit that decides it. */

#include <stdio.h>
#include <unistd.h>

#include "fake/no_snoop.h"
#include "fixture.h"

#define NETWORK  0x020000
#define GRAPHICS 0x030000
#define BRIDGE   0x060400

#define PHYSICAL "0000:00:0b.0"
#define VIRTUAL  "0000:00:0b.4"

static void show(struct machine *machine, const char *bdf, struct config config)
{
	tree_write_config(&machine->tree, bdf, &config, 0);
}

static void check_answer(struct machine *machine, const char *bdf, enum vfa_answer answer,
			 const char *origin)
{
	struct vfa_coherency coherency = VFA_COHERENCY_INIT;

	assert_ok(vfa_coherency_read(machine->host, bdf, &coherency));
	assert_string_equal(coherency.device_origin, origin);
	assert_int_equal(coherency.device, answer);
}

static void the_bit_of_an_endpoint_decides(void **state)
{
	show(*state, NVME, config_express(NETWORK, PCI_EXP_TYPE_ENDPOINT, true));
	check_answer(*state, NVME, VFA_YES,
		     "Enable No Snoop, bit 11 of Device Control (0x84) of 0000:00:05.0, is set");
	show(*state, NVME, config_express(NETWORK, PCI_EXP_TYPE_ENDPOINT, false));
	check_answer(*state, NVME, VFA_NO,
		     "Enable No Snoop, bit 11 of Device Control (0x84) of 0000:00:05.0, is clear");
}

static void so_does_that_of_an_integrated_endpoint(void **state)
{
	show(*state, NVME, config_express(NETWORK, PCI_EXP_TYPE_RC_END, true));
	check_answer(*state, NVME, VFA_YES,
		     "Enable No Snoop, bit 11 of Device Control (0x84) of 0000:00:05.0, is set");
	show(*state, NVME, config_express(NETWORK, PCI_EXP_TYPE_RC_END, false));
	check_answer(*state, NVME, VFA_NO,
		     "Enable No Snoop, bit 11 of Device Control (0x84) of 0000:00:05.0, is clear");
}

/* Intel's graphics bypass the caches where their own page tables say so. */
static void integrated_graphics_are_not_trusted(void **state)
{
	show(*state, NVME, config_express(GRAPHICS, PCI_EXP_TYPE_RC_END, false));
	check_answer(*state, NVME, VFA_UNKNOWN,
		     "0000:00:05.0 is graphics of the root complex, whose page tables choose what "
		     "snoops, though its Enable No Snoop is clear");
	show(*state, NVME, config_express(GRAPHICS, PCI_EXP_TYPE_RC_END, true));
	check_answer(*state, NVME, VFA_YES,
		     "Enable No Snoop, bit 11 of Device Control (0x84) of 0000:00:05.0, is set");
	show(*state, NVME, config_conventional(GRAPHICS));
	check_answer(*state, NVME, VFA_UNKNOWN,
		     "0000:00:05.0 is graphics of the root complex, whose page tables choose what "
		     "snoops");
}

static void graphics_in_a_slot_obey_their_bit(void **state)
{
	show(*state, PORT, config_express(BRIDGE, PCI_EXP_TYPE_ROOT_PORT, false));
	show(*state, LEFT, config_express(GRAPHICS, PCI_EXP_TYPE_ENDPOINT, false));
	check_answer(*state, LEFT, VFA_NO,
		     "Enable No Snoop, bit 11 of Device Control (0x84) of 0000:01:01.0, is clear");
}

static void conventional_devices_have_no_such_thing(void **state)
{
	show(*state, EDU, config_conventional(NETWORK));
	check_answer(*state, EDU, VFA_NO,
		     "0000:00:04.0 has no PCI Express capability, and conventional PCI has no No "
		     "Snoop");
	show(*state, PORT, config_conventional(BRIDGE));
	show(*state, LEFT, config_conventional(NETWORK));
	check_answer(*state, LEFT, VFA_NO,
		     "0000:01:01.0 has no PCI Express capability, and conventional PCI has no No "
		     "Snoop");
}

static void a_bridge_speaks_for_conventional_devices(void **state)
{
	show(*state, LEFT, config_conventional(GRAPHICS));
	show(*state, PORT, config_express(BRIDGE, PCI_EXP_TYPE_PCI_BRIDGE, false));
	check_answer(*state, LEFT, VFA_NO,
		     "conventional PCI has no No Snoop, and Enable No Snoop of its bridge "
		     "0000:00:09.0 is clear");
	show(*state, PORT, config_express(BRIDGE, PCI_EXP_TYPE_PCI_BRIDGE, true));
	check_answer(*state, LEFT, VFA_UNKNOWN,
		     "conventional PCI has no No Snoop, but its bridge 0000:00:09.0 may set it: "
		     "Enable No Snoop is set there");
}

static void a_bridge_that_cannot_be_read_tells_nothing(void **state)
{
	struct machine *machine = *state;
	struct config bridge = config_express(BRIDGE, PCI_EXP_TYPE_PCI_BRIDGE, false);

	show(machine, LEFT, config_conventional(NETWORK));
	check_answer(machine, LEFT, VFA_UNKNOWN,
		     "0000:00:09.0 cannot be read: No such file or directory");
	tree_write_config(&machine->tree, PORT, &bridge, CONFIG_UNPRIVILEGED);
	check_answer(machine, LEFT, VFA_UNKNOWN,
		     "the capabilities of 0000:00:09.0 cannot be read: the kernel shows them to "
		     "CAP_SYS_ADMIN only");
	memset(bridge.bytes, 0xff, sizeof(bridge.bytes));
	show(machine, PORT, bridge);
	check_answer(machine, LEFT, VFA_UNKNOWN,
		     "0000:00:09.0 reads as all ones: it is asleep or gone");
}

/* The specification wants the capability of whatever is on a link. */
static void a_link_without_the_register_is_unknown(void **state)
{
	show(*state, LEFT, config_conventional(NETWORK));
	show(*state, PORT, config_express(BRIDGE, PCI_EXP_TYPE_ROOT_PORT, false));
	check_answer(*state, LEFT, VFA_UNKNOWN,
		     "it is on a PCI Express link, below 0000:00:09.0, but no PCI Express "
		     "capability tells of Enable No Snoop");
}

static void pci_x_has_the_attribute_but_no_register(void **state)
{
	show(*state, EDU, config_pci_x(NETWORK));
	check_answer(*state, EDU, VFA_UNKNOWN,
		     "0000:00:04.0 is PCI-X, whose transactions have No Snoop, and no register "
		     "forbids it");
}

static void what_cannot_be_read_is_unknown(void **state)
{
	struct config config = config_express(NETWORK, PCI_EXP_TYPE_ENDPOINT, false);
	struct machine *machine = *state;

	check_answer(machine, NVME, VFA_UNKNOWN,
		     "0000:00:05.0 cannot be read: No such file or directory");
	tree_write_config(&machine->tree, NVME, &config, CONFIG_UNPRIVILEGED);
	check_answer(machine, NVME, VFA_UNKNOWN,
		     "the capabilities of 0000:00:05.0 cannot be read: the kernel shows them to "
		     "CAP_SYS_ADMIN only");
	memset(config.bytes, 0xff, sizeof(config.bytes));
	show(machine, NVME, config);
	check_answer(machine, NVME, VFA_UNKNOWN,
		     "0000:00:05.0 reads as all ones: it is asleep or gone");
}

static void add_virtual(struct machine *machine)
{
	const struct tree_device physical = { .bdf = PHYSICAL, .group = -1, .cdev = -1 };
	const struct tree_device virtual = { .bdf = VIRTUAL, .group = -1, .cdev = -1 };
	struct config config = config_express(NETWORK, PCI_EXP_TYPE_ENDPOINT, false);

	tree_add_device(&machine->tree, &physical);
	tree_add_device(&machine->tree, &virtual);
	tree_link(&machine->tree, "../" PHYSICAL, "sys/bus/pci/devices/" VIRTUAL "/physfn");
	/* It has no ids of its own, as none has; the bit is reserved. */
	memset(config.bytes, 0xff, 4);
	show(machine, VIRTUAL, config);
}

static void virtual_functions_have_the_physical_one_s_rule(void **state)
{
	add_virtual(*state);
	show(*state, PHYSICAL, config_express(NETWORK, PCI_EXP_TYPE_ENDPOINT, true));
	check_answer(*state, VIRTUAL, VFA_YES,
		     "Enable No Snoop, bit 11 of Device Control (0x84) of its physical function "
		     "0000:00:0b.0, is set");
	show(*state, PHYSICAL, config_express(NETWORK, PCI_EXP_TYPE_ENDPOINT, false));
	check_answer(*state, VIRTUAL, VFA_NO,
		     "Enable No Snoop, bit 11 of Device Control (0x84) of its physical function "
		     "0000:00:0b.0, is clear");
}

static void a_physical_function_that_cannot_be_read_tells_nothing(void **state)
{
	struct config config = config_express(NETWORK, PCI_EXP_TYPE_ENDPOINT, false);
	struct machine *machine = *state;

	add_virtual(machine);
	tree_write_config(&machine->tree, PHYSICAL, &config, CONFIG_UNPRIVILEGED);
	check_answer(machine, VIRTUAL, VFA_UNKNOWN,
		     "the capabilities of its physical function 0000:00:0b.0 cannot be read: the "
		     "kernel shows them to CAP_SYS_ADMIN only");
	tree_remove(&machine->tree, "sys/devices/pci0000:00/" VIRTUAL "/physfn");
	tree_link(&machine->tree, "../nonsense", "sys/bus/pci/devices/" VIRTUAL "/physfn");
	check_answer(machine, VIRTUAL, VFA_UNKNOWN,
		     "sysfs does not tell whether 0000:00:0b.4 is a virtual function, which a "
		     "physical one rules: Invalid argument");
}

/* A tree that was made up, where two bridges are above each other. */
static void bridges_without_end_are_seen_through(void **state)
{
	struct machine *machine = *state;

	show(machine, EDU, config_conventional(NETWORK));
	show(machine, NVME, config_conventional(NETWORK));
	tree_remove(&machine->tree, "sys/bus/pci/devices/" EDU);
	tree_remove(&machine->tree, "sys/bus/pci/devices/" NVME);
	tree_link(&machine->tree, "../../../devices/pci0000:00/" NVME "/../" EDU,
		  "sys/bus/pci/devices/" EDU);
	check_answer(machine, EDU, VFA_NO,
		     "0000:00:04.0 has no PCI Express capability, and conventional PCI has no No "
		     "Snoop");
	tree_mkdir(&machine->tree, "loop/" NVME "/" EDU);
	tree_mkdir(&machine->tree, "loop/" EDU "/" NVME);
	tree_remove(&machine->tree, "sys/bus/pci/devices/" EDU);
	tree_link(&machine->tree, "../../../../loop/" NVME "/" EDU, "sys/bus/pci/devices/" EDU);
	tree_link(&machine->tree, "../../../../loop/" EDU "/" NVME, "sys/bus/pci/devices/" NVME);
	show(machine, EDU, config_conventional(NETWORK));
	show(machine, NVME, config_conventional(NETWORK));
	check_answer(machine, EDU, VFA_UNKNOWN,
		     "0000:00:05.0 cannot be read: Too many levels of symbolic links");
}

/* The same of a device that is open, whose config space VFIO shows. */

static void own(const char *bdf, struct config config)
{
	fake_set_config(bdf, 0, config.bytes, sizeof(config.bytes));
}

static void check_open(struct vfa_device *device, enum vfa_answer answer, const char *origin)
{
	struct vfa_coherency coherency = VFA_COHERENCY_INIT;

	assert_ok(vfa_device_coherency(device, &coherency));
	assert_string_equal(coherency.device_origin, origin);
	assert_int_equal(coherency.device, answer);
}

#define SET   "Enable No Snoop, bit 11 of Device Control (0x84) of 0000:00:05.0, is set"
#define CLEAR "Enable No Snoop, bit 11 of Device Control (0x84) of 0000:00:05.0, is clear"

static void the_bit_is_cleared_and_set(void **state)
{
	struct space space;

	own(NVME, config_express(NETWORK, PCI_EXP_TYPE_ENDPOINT, true));
	space = open_space_of(state, NVME);
	check_open(space.device, VFA_YES, SET);
	assert_ok(vfa_device_disable_no_snoop(space.device));
	check_open(space.device, VFA_NO, CLEAR);
	assert_int_equal(fake_get_config(NVME, CONFIG_CONTROL), PCI_EXP_DEVCTL_RELAX_EN);
	assert_ok(vfa_device_disable_no_snoop(space.device));
	assert_ok(vfa_device_enable_no_snoop(space.device));
	assert_int_equal(fake_get_config(NVME, CONFIG_CONTROL),
			 PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_NOSNOOP_EN);
	assert_ok(vfa_device_enable_no_snoop(space.device));
	assert_ok(vfa_device_disable_no_snoop(space.device));
	close_space(space);
	assert_true(fake_get_config(NVME, CONFIG_CONTROL) & PCI_EXP_DEVCTL_NOSNOOP_EN);
}

static void a_bit_that_does_not_change_is_told(void **state)
{
	struct space space;

	own(NVME, config_express(NETWORK, PCI_EXP_TYPE_ENDPOINT, true));
	fake_fix_config(NVME, CONFIG_CONTROL, PCI_EXP_DEVCTL_NOSNOOP_EN);
	space = open_space_of(state, NVME);
	assert_fails(vfa_device_disable_no_snoop(space.device), EOPNOTSUPP, NO_SNOOP_FIXED);
	check_open(space.device, VFA_YES, SET);
	assert_ok(vfa_device_enable_no_snoop(space.device));
	close_space(space);
	own(NVME, config_express(NETWORK, PCI_EXP_TYPE_ENDPOINT, false));
	space = open_space_of(state, NVME);
	assert_fails(vfa_device_enable_no_snoop(space.device), EOPNOTSUPP, NO_SNOOP_FIXED);
	assert_ok(vfa_device_disable_no_snoop(space.device));
	close_space(space);
}

static void conventional_devices_are_left_alone(void **state)
{
	struct space space;

	own(EDU, config_conventional(NETWORK));
	space = open_space(state);
	assert_ok(vfa_device_disable_no_snoop(space.device));
	assert_fails(vfa_device_enable_no_snoop(space.device), EOPNOTSUPP, NO_SNOOP_FIXED);
	check_open(space.device, VFA_NO,
		   "0000:00:04.0 has no PCI Express capability, and conventional PCI has no No "
		   "Snoop");
	close_space(space);
}

static void the_bit_of_a_virtual_function_is_not_its_own(void **state)
{
	struct machine *machine = *state;
	struct space space;

	add_virtual(machine);
	show(machine, PHYSICAL, config_express(NETWORK, PCI_EXP_TYPE_ENDPOINT, true));
	tree_link(&machine->tree, "../" PHYSICAL, "sys/bus/pci/devices/" NVME "/physfn");
	own(NVME, config_express(NETWORK, PCI_EXP_TYPE_ENDPOINT, false));
	space = open_space_of(state, NVME);
	check_open(space.device, VFA_YES,
		   "Enable No Snoop, bit 11 of Device Control (0x84) of its physical function "
		   "0000:00:0b.0, is set");
	assert_fails(vfa_device_disable_no_snoop(space.device), EOPNOTSUPP, NO_SNOOP_FIXED);
	assert_fails(vfa_device_enable_no_snoop(space.device), EOPNOTSUPP, NO_SNOOP_FIXED);
	assert_int_equal(fake_get_config(NVME, CONFIG_CONTROL), PCI_EXP_DEVCTL_RELAX_EN);
	close_space(space);
}

static void a_device_that_went_away_is_unknown(void **state)
{
	struct space space;

	own(NVME, config_express(NETWORK, PCI_EXP_TYPE_ENDPOINT, true));
	space = open_space_of(state, NVME);
	fake_set_gone(NVME, true);
	check_open(space.device, VFA_UNKNOWN,
		   "0000:00:05.0 reads as all ones: it is asleep or gone");
	assert_fails(vfa_device_disable_no_snoop(space.device), ENODEV, DEVICE_GONE);
	assert_fails(vfa_device_enable_no_snoop(space.device), ENODEV, DEVICE_GONE);
	fake_set_gone(NVME, false);
	close_space(space);
}

/* As for a process that is handed nodes: whether it is a virtual function cannot be told. */
static void without_sysfs_only_a_set_bit_tells(void **state)
{
	struct machine *machine = *state;
	struct space space;

	own(NVME, config_express(NETWORK, PCI_EXP_TYPE_ENDPOINT, true));
	space = open_space_of(state, NVME);
	tree_remove(&machine->tree, "sys/bus/pci/devices/" NVME);
	check_open(space.device, VFA_YES, SET);
	assert_ok(vfa_device_disable_no_snoop(space.device));
	check_open(space.device, VFA_UNKNOWN,
		   "sysfs does not tell whether 0000:00:05.0 is a virtual function, which a "
		   "physical one rules: No such file or directory");
	close_space(space);
}

static void null_is_refused(void **state)
{
	(void)state;
	assert_fails(vfa_device_disable_no_snoop(NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_device_enable_no_snoop(NULL), EINVAL, BAD_ARGUMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_bit_of_an_endpoint_decides),
		CASE(so_does_that_of_an_integrated_endpoint),
		CASE(integrated_graphics_are_not_trusted),
		CASE(graphics_in_a_slot_obey_their_bit),
		CASE(conventional_devices_have_no_such_thing),
		CASE(a_bridge_speaks_for_conventional_devices),
		CASE(a_bridge_that_cannot_be_read_tells_nothing),
		CASE(a_link_without_the_register_is_unknown),
		CASE(pci_x_has_the_attribute_but_no_register),
		CASE(what_cannot_be_read_is_unknown),
		CASE(virtual_functions_have_the_physical_one_s_rule),
		CASE(a_physical_function_that_cannot_be_read_tells_nothing),
		CASE(bridges_without_end_are_seen_through),
		ON_BOTH(the_bit_is_cleared_and_set),
		ON_BOTH(a_bit_that_does_not_change_is_told),
		ON_BOTH(conventional_devices_are_left_alone),
		ON_BOTH(the_bit_of_a_virtual_function_is_not_its_own),
		ON_BOTH(a_device_that_went_away_is_unknown),
		ON_BOTH(without_sysfs_only_a_set_bit_tells),
		CASE(null_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
