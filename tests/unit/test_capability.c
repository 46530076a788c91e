/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <linux/pci_regs.h>
#include <stdlib.h>

#include "fake/config.h"
#include "fixture.h"

#define MOST 16

static struct config config_of_nvme(void)
{
	struct config config;

	config_init(&config, 0x1b36, 0x0010);
	config_set16(&config, PCI_CLASS_DEVICE, 0x0108);
	return config;
}

/* What the device has, and what the kernel shows of it in sysfs. */
static void have(struct machine *machine, const struct config *config)
{
	fake_set_config(NVME, 0, config->bytes, sizeof(config->bytes));
	tree_write_config(&machine->tree, NVME, config, 0);
}

/* What VFIO shows, without what it leaves out. */
static struct space open_nvme(void **state, const struct config *config)
{
	have(*state, config);
	return open_space_of(state, NVME);
}

/* With one in each list: power management at 0x40, and a serial number at 0x100. */
static struct space open_simple_nvme(void **state)
{
	struct config config = config_of_nvme();

	config_add(&config, PCI_CAP_ID_PM, 8);
	config_add_extended(&config, PCI_EXT_CAP_ID_DSN, 12);
	return open_nvme(state, &config);
}

static void check(const struct vfa_capability *capability, unsigned int id, unsigned int offset,
		  unsigned int size)
{
	assert_int_equal(capability->id, id);
	assert_int_equal(capability->offset, offset);
	assert_int_equal(capability->size, size);
	assert_int_equal(capability->is_extended, offset >= PCI_CFG_SPACE_SIZE);
	assert_int_equal(capability->version, capability->is_extended);
	assert_int_equal(capability->reserved[0] | capability->reserved[1], 0);
}

static void a_device_tells_both_lists(void **state)
{
	struct config config = config_of_nvme();
	struct vfa_capability list[MOST];
	struct space space;

	config_add(&config, PCI_CAP_ID_PM, 8);
	config_add_express(&config, PCI_EXP_TYPE_ENDPOINT);
	config_add(&config, PCI_CAP_ID_MSIX, 12);
	config_add_extended(&config, PCI_EXT_CAP_ID_DSN, 12);
	config_add_extended(&config, PCI_EXT_CAP_ID_LTR, 8);
	space = open_nvme(state, &config);
	assert_int_equal(vfa_device_capabilities(space.device, list, MOST), 5);
	check(&list[0], PCI_CAP_ID_PM, 0x40, 0x3c);
	check(&list[1], PCI_CAP_ID_EXP, 0x7c, 0x3c);
	check(&list[2], PCI_CAP_ID_MSIX, 0xb8, 0x48);
	check(&list[3], PCI_EXT_CAP_ID_DSN, 0x100, 0x40);
	check(&list[4], PCI_EXT_CAP_ID_LTR, 0x140, 0xec0);
	close_space(space);
}

static void a_short_list_is_filled_as_far_as_it_goes(void **state)
{
	struct config config = config_of_nvme();
	struct vfa_capability list[2] = { { .id = 77 }, { .id = 78 } };
	struct space space;

	config_add(&config, PCI_CAP_ID_PM, 8);
	config_add(&config, PCI_CAP_ID_MSIX, 12);
	space = open_nvme(state, &config);
	assert_int_equal(vfa_device_capabilities(space.device, NULL, 0), 2);
	assert_int_equal(vfa_device_capabilities(space.device, list, 1), 2);
	check(&list[0], PCI_CAP_ID_PM, 0x40, 0x3c);
	assert_int_equal(list[1].id, 78);
	close_space(space);
}

static void a_device_may_have_none(void **state)
{
	struct space space = open_space(state);

	assert_int_equal(vfa_device_capabilities(space.device, NULL, 0), 0);
	close_space(space);
}

static void a_conventional_device_has_no_extended_ones(void **state)
{
	struct vfa_capability found;
	struct space space = open_space(state);

	assert_fails(vfa_capability_find_extended(space.device, PCI_EXT_CAP_ID_DSN, &found), ENOENT,
		     NO_CAPABILITY);
	check_message("0000:00:04.0 has no serial number capability (extended id 0x3)",
		      "vfa info 0000:00:04.0 lists those it has");
	close_space(space);
}

static void one_is_found_by_its_id(void **state)
{
	struct vfa_capability found = { .id = 77 };
	struct config config = config_of_nvme();
	struct space space;

	config_add(&config, PCI_CAP_ID_PM, 8);
	config_add(&config, PCI_CAP_ID_MSIX, 12);
	config_add_extended(&config, PCI_EXT_CAP_ID_DSN, 12);
	config.size = CONFIG_SIZE;
	space = open_nvme(state, &config);
	assert_ok(vfa_capability_find(space.device, PCI_CAP_ID_MSIX, &found));
	check(&found, PCI_CAP_ID_MSIX, 0x7c, 0x84);
	assert_ok(vfa_capability_find_extended(space.device, PCI_EXT_CAP_ID_DSN, &found));
	check(&found, PCI_EXT_CAP_ID_DSN, 0x100, 0xf00);
	assert_fails(vfa_capability_find(space.device, PCI_CAP_ID_MSI, &found), ENOENT,
		     NO_CAPABILITY);
	check_message("0000:00:05.0 has no MSI capability (id 0x5)", NULL);
	assert_fails(vfa_capability_find(space.device, 0x7f, &found), ENOENT, NO_CAPABILITY);
	check_message("0000:00:05.0 has no capability of id 0x7f", NULL);
	check(&found, PCI_EXT_CAP_ID_DSN, 0x100, 0xf00);
	close_space(space);
}

/* The ids of the two lists have nothing to do with each other: 0x3 is also vital product data. */
static void the_lists_are_not_mixed_up(void **state)
{
	struct space space = open_simple_nvme(state);
	struct vfa_capability found;

	assert_fails(vfa_capability_find(space.device, PCI_EXT_CAP_ID_DSN, &found), ENOENT,
		     NO_CAPABILITY);
	assert_fails(vfa_capability_find_extended(space.device, PCI_CAP_ID_PM, &found), ENOENT,
		     NO_CAPABILITY);
	close_space(space);
}

static void what_vfio_leaves_out_is_told(void **state)
{
	struct config shown = config_of_nvme(), all;
	struct vfa_capability found;
	struct space space;

	config_add_express(&shown, PCI_EXP_TYPE_ENDPOINT);
	config_add_extended(&shown, PCI_EXT_CAP_ID_DSN, 12);
	space = open_nvme(state, &shown);
	all = shown;
	config_add_extended(&all, PCI_EXT_CAP_ID_PASID, 8);
	tree_write_config(&space.machine->tree, NVME, &all, 0);
	assert_fails(vfa_capability_find_extended(space.device, PCI_EXT_CAP_ID_PASID, &found),
		     ENOENT, NO_CAPABILITY);
	check_message("0000:00:05.0: VFIO leaves out the PASID capability (extended id 0x1b)",
		      "sysfs shows it at 0x140 of config space");
	close_space(space);
}

static unsigned int add_vendors(struct config *config, uint8_t length)
{
	unsigned int at = config_add(config, PCI_CAP_ID_VNDR, length);

	config->bytes[at + PCI_CAP_FLAGS] = length;
	return at;
}

static void those_of_one_id_come_one_after_the_other(void **state)
{
	struct config config = config_of_nvme();
	struct vfa_capability found;
	struct space space;

	add_vendors(&config, 0x10);
	config_add(&config, PCI_CAP_ID_MSIX, 12);
	add_vendors(&config, 0x14);
	space = open_nvme(state, &config);
	assert_ok(vfa_capability_find(space.device, PCI_CAP_ID_VNDR, &found));
	check(&found, PCI_CAP_ID_VNDR, 0x40, 0x10);
	assert_ok(vfa_capability_find_next(space.device, &found, &found));
	check(&found, PCI_CAP_ID_VNDR, 0xb8, 0x14);
	assert_fails(vfa_capability_find_next(space.device, &found, &found), ENOENT, NO_CAPABILITY);
	check_message("0000:00:05.0 has no vendor-specific capability (id 0x9) behind that at 0xb8",
		      "it is the last one of its id");
	check(&found, PCI_CAP_ID_VNDR, 0xb8, 0x14);
	found.offset = 0x44;
	assert_fails(vfa_capability_find_next(space.device, &found, &found), EINVAL, BAD_ARGUMENT);
	check_message("0000:00:05.0 has no vendor-specific capability (id 0x9) at 0x44",
		      "start from one that vfa_capability_find gave");
	close_space(space);
}

/* A length beyond the next capability is not believed. */
static void a_capability_ends_before_the_next_one(void **state)
{
	struct config config = config_of_nvme();
	struct vfa_capability found;
	struct space space;

	config.bytes[add_vendors(&config, 0x3c) + PCI_CAP_FLAGS] = 0xff;
	config_add(&config, PCI_CAP_ID_PM, 8);
	space = open_nvme(state, &config);
	assert_ok(vfa_capability_find(space.device, PCI_CAP_ID_VNDR, &found));
	check(&found, PCI_CAP_ID_VNDR, 0x40, 0x3c);
	close_space(space);
}

static void add_designated(struct config *config, uint16_t vendor, uint16_t id)
{
	unsigned int at = config_add_extended(config, PCI_EXT_CAP_ID_DVSEC, 0x20);

	config_set16(config, at + 4, vendor);
	config_set16(config, at + 6, 0x20 << 4);
	config_set16(config, at + 8, id);
}

static void designated_ones_are_found_by_vendor_and_id(void **state)
{
	struct config config = config_of_nvme();
	struct vfa_capability found;
	struct space space;

	add_designated(&config, 0x8086, 3);
	add_designated(&config, 0x1e98, 8);
	add_designated(&config, 0x1e98, 3);
	space = open_nvme(state, &config);
	assert_ok(vfa_capability_find_dvsec(space.device, 0x1e98, 3, &found));
	check(&found, PCI_EXT_CAP_ID_DVSEC, 0x180, 0x20);
	assert_fails(vfa_capability_find_dvsec(space.device, 0x1e98, 4, &found), ENOENT,
		     NO_CAPABILITY);
	check_message("0000:00:05.0 has no designated vendor-specific capability of vendor 0x1e98 "
		      "with id 0x4",
		      NULL);
	close_space(space);
}

/* In the last words of config space no vendor and no id have room. */
static void a_designated_one_at_the_end_is_nobodys(void **state)
{
	struct config config = config_of_nvme();
	struct vfa_capability found;
	struct space space;

	config_set16(&config, PCI_CFG_SPACE_SIZE, PCI_EXT_CAP_ID_DSN);
	config_set16(&config, PCI_CFG_SPACE_SIZE + 2, 0xffc << 4 | 1);
	config_set16(&config, 0xffc, PCI_EXT_CAP_ID_DVSEC);
	config_set16(&config, 0xffe, 1);
	space = open_nvme(state, &config);
	assert_ok(vfa_capability_find_extended(space.device, PCI_EXT_CAP_ID_DVSEC, &found));
	check(&found, PCI_EXT_CAP_ID_DVSEC, 0xffc, 4);
	assert_fails(vfa_capability_find_dvsec(space.device, 0, 0, &found), ENOENT, NO_CAPABILITY);
	close_space(space);
}

static void a_list_that_runs_in_a_circle_ends(void **state)
{
	struct config config = config_of_nvme();
	struct vfa_capability found;
	struct space space;

	config_add(&config, PCI_CAP_ID_PM, 8);
	config.bytes[config_add(&config, PCI_CAP_ID_MSIX, 12) + PCI_CAP_LIST_NEXT] = 0x40;
	config_set16(&config, config_add_extended(&config, PCI_EXT_CAP_ID_DSN, 12) + 2,
		     PCI_CFG_SPACE_SIZE << 4 | 1);
	space = open_nvme(state, &config);
	assert_int_equal(vfa_device_capabilities(space.device, NULL, 0), 3);
	assert_fails(vfa_capability_find(space.device, PCI_CAP_ID_MSI, &found), ENOENT,
		     NO_CAPABILITY);
	close_space(space);
}

static void a_device_that_does_not_answer_is_told(void **state)
{
	struct space space = open_simple_nvme(state);
	struct vfa_capability found;

	fake_set_gone(NVME, true);
	assert_fails(vfa_device_capabilities(space.device, NULL, 0), ENODEV, DEVICE_GONE);
	assert_fails(vfa_capability_find(space.device, PCI_CAP_ID_PM, &found), ENODEV, DEVICE_GONE);
	check_message("0000:00:05.0 is gone: its config space reads as all ones", NULL);
	close_space(space);
}

static void a_failing_read_is_told(void **state)
{
	struct space space = open_space_of(state, NVME);
	struct vfa_capability found;

	fake_fail_call(1, EPERM);
	assert_fails(vfa_device_capabilities(space.device, NULL, 0), EPERM, KERNEL);
	fake_set_transfer(NVME, 2);
	assert_fails(vfa_capability_find(space.device, PCI_CAP_ID_PM, &found), EIO, KERNEL);
	fake_set_transfer(NVME, SIZE_MAX);
	close_space(space);
}

static void a_device_without_config_space_is_refused(void **state)
{
	struct space space;

	fake_set_region(NVME, VFA_REGION_CONFIG, 16, 1);
	space = open_space_of(state, NVME);
	assert_fails(vfa_device_capabilities(space.device, NULL, 0), EINVAL, NO_REGION);
	close_space(space);
}

static void any_function_tells_through_sysfs(void **state)
{
	struct config config = config_of_nvme();
	struct vfa_capability list[MOST];
	struct machine *machine = *state;

	config_add_express(&config, PCI_EXP_TYPE_ENDPOINT);
	config_add_extended(&config, PCI_EXT_CAP_ID_PASID, 8);
	have(machine, &config);
	assert_int_equal(vfa_capability_list(machine->host, "00:05.0", list, MOST), 2);
	check(&list[0], PCI_CAP_ID_EXP, 0x40, 0xc0);
	check(&list[1], PCI_EXT_CAP_ID_PASID, 0x100, 0xf00);
}

static void a_function_that_cannot_be_read_is_refused(void **state)
{
	struct config config = config_of_nvme();
	struct machine *machine = *state;

	config_add_express(&config, PCI_EXP_TYPE_ENDPOINT);
	tree_write_config(&machine->tree, NVME, &config, CONFIG_UNPRIVILEGED);
	assert_fails(vfa_capability_list(machine->host, NVME, NULL, 0), EACCES, ACCESS);
	check_message("0000:00:05.0: the kernel shows its capabilities to CAP_SYS_ADMIN only",
		      "run as root; or open the device, and ask vfa_device_capabilities");
	memset(config.bytes, 0xff, sizeof(config.bytes));
	tree_write_config(&machine->tree, NVME, &config, 0);
	assert_fails(vfa_capability_list(machine->host, NVME, NULL, 0), ENODEV, DEVICE_GONE);
	assert_fails(vfa_capability_list(machine->host, EDU, NULL, 0), ENOENT, KERNEL);
	assert_fails(vfa_capability_list(machine->host, "00:1f.7", NULL, 0), ENODEV, NO_DEVICE);
	assert_fails(vfa_capability_list(machine->host, "5", NULL, 0), EINVAL, BAD_BDF);
	assert_fails(vfa_capability_list(machine->host, NVME, NULL, 1), EINVAL, BAD_ARGUMENT);
}

static void nulls_are_refused(void **state)
{
	struct space space = open_space_of(state, NVME);
	struct vfa_capability found = { 0 };

	assert_fails(vfa_device_capabilities(NULL, NULL, 0), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_device_capabilities(space.device, NULL, 1), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_capability_find(NULL, 1, &found), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_capability_find(space.device, 1, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_capability_find_extended(space.device, 1, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_capability_find_dvsec(space.device, 1, 1, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_capability_find_next(NULL, &found, &found), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_capability_find_next(space.device, NULL, &found), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_capability_find_next(space.device, &found, NULL), EINVAL, BAD_ARGUMENT);
	close_space(space);
}

static void check_name(uint16_t id, bool is_extended, const char *name)
{
	const struct vfa_capability capability = { .id = id, .is_extended = is_extended };

	assert_string_equal(vfa_capability_name(&capability), name);
}

static void ids_have_names(void **state)
{
	(void)state;
	check_name(PCI_CAP_ID_MSIX, false, "MSI-X");
	check_name(PCI_CAP_ID_EXP, false, "PCI Express");
	check_name(PCI_EXT_CAP_ID_SRIOV, true, "SR-IOV");
	check_name(0, false, "null");
	check_name(0, true, "null");
	check_name(0x14, true, "unknown"); /* never given to anybody */
	check_name(0xff, false, "unknown");
	check_name(0xffff, true, "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(a_device_tells_both_lists),
		ON_BOTH(a_short_list_is_filled_as_far_as_it_goes),
		ON_BOTH(a_device_may_have_none),
		ON_BOTH(a_conventional_device_has_no_extended_ones),
		ON_BOTH(one_is_found_by_its_id),
		ON_BOTH(the_lists_are_not_mixed_up),
		ON_BOTH(what_vfio_leaves_out_is_told),
		ON_BOTH(those_of_one_id_come_one_after_the_other),
		ON_BOTH(a_capability_ends_before_the_next_one),
		ON_BOTH(designated_ones_are_found_by_vendor_and_id),
		ON_BOTH(a_designated_one_at_the_end_is_nobodys),
		ON_BOTH(a_list_that_runs_in_a_circle_ends),
		ON_BOTH(a_device_that_does_not_answer_is_told),
		ON_BOTH(a_failing_read_is_told),
		ON_BOTH(a_device_without_config_space_is_refused),
		CASE(any_function_tells_through_sysfs),
		CASE(a_function_that_cannot_be_read_is_refused),
		ON_BOTH(nulls_are_refused),
		cmocka_unit_test(ids_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
