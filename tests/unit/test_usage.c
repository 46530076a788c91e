/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "topology/usage.h"

#define BLOCKER "0000:00:06.1"
#define BELOW   "../../devices/pci0000:00/" BLOCKER

/* A block device, @where below /sys/devices. */
static void add_block(struct machine *machine, const char *name, const char *device,
		      const char *where)
{
	char target[256];

	snprintf(target, sizeof(target), "../../devices/%s/%s", where, name);
	tree_link(&machine->tree, target, "sys/class/block/%s", name);
	tree_write(&machine->tree, device, "sys/devices/%s/%s/dev", where, name);
}

static void add_disk(struct machine *machine)
{
	add_block(machine, "nvme0n1", "259:0\n", "pci0000:00/" BLOCKER "/nvme/nvme0");
	add_block(machine, "nvme0n1p1", "259:1\n", "pci0000:00/" BLOCKER "/nvme/nvme0/nvme0n1");
	add_block(machine, "sda", "8:0\n", "pci0000:00/0000:00:1f.2/ata1/host0");
}

static void add_holder(struct machine *machine, const char *name, const char *holder)
{
	tree_mkdir(&machine->tree, "sys/class/block/%s/holders/%s", name, holder);
}

static void mount_all(struct machine *machine, const char *lines)
{
	tree_write(&machine->tree, lines, "proc/self/mountinfo");
}

static void add_class(struct machine *machine, const char *class, const char *name,
		      const char *target)
{
	tree_link(&machine->tree, target, "sys/class/%s/%s", class, name);
}

static int find(struct machine *machine, struct usage *ret)
{
	struct usage list[4];
	int count = usage_find(machine->host, BLOCKER, list, 4);

	assert_int_equal(usage_find(machine->host, BLOCKER, NULL, 0), count);
	assert_true(count <= 4);
	for (int i = 0; i < count; i++)
		ret[i] = list[i];
	return count;
}

/* Nothing, or exactly one use. */
static void check_use(struct machine *machine, const char *text)
{
	char printed[USAGE_TEXT];
	struct usage uses[4];

	assert_int_equal(find(machine, uses), text != NULL);
	if (text)
		assert_string_equal(usage_print(uses, printed), text);
}

static void a_disk_that_lies_idle_is_of_no_use(void **state)
{
	struct machine *machine = *state;

	check_use(machine, NULL);
	add_disk(machine);
	check_use(machine, NULL);
	mount_all(machine, "36 35 8:0 / /home rw - ext4 /dev/sda rw\n"
			   "37 35 0:21 / /proc rw - proc proc rw\n");
	tree_write(&machine->tree, "Filename\t\tType\n/dev/sda  partition\n", "proc/swaps");
	check_use(machine, NULL);
}

static void a_mounted_partition_is_a_use(void **state)
{
	struct machine *machine = *state;

	add_disk(machine);
	mount_all(machine, "36 35 259:1 / /srv/a\\040b\\134c rw shared:1 master:2 - ext4 "
			   "/dev/nvme0n1p1 rw\n");
	check_use(machine, "nvme0n1p1 is mounted on /srv/a b\\c");
}

/* Of a file system that was mounted without an initramfs nothing but the number is true. */
static void the_number_counts_before_the_name(void **state)
{
	struct machine *machine = *state;

	add_disk(machine);
	mount_all(machine, "36 35 259:1 / / rw - ext4 /dev/root rw\n");
	check_use(machine, "nvme0n1p1 is mounted on /");
	mount_all(machine, "36 35 8:0 / / rw - ext4 /dev/nvme0n1p1 rw\n");
	check_use(machine, NULL);
}

/* btrfs mounts have numbers of their own. */
static void an_unknown_number_leaves_it_to_the_name(void **state)
{
	struct machine *machine = *state;

	add_disk(machine);
	mount_all(machine, "36 35 0:77 / / rw - btrfs /dev/nvme0n1p1 rw\n");
	check_use(machine, "nvme0n1p1 is mounted on /");
	mount_all(machine, "36 35 0:77 / / rw - btrfs nvme0n1p1 rw\n");
	check_use(machine, NULL);
}

static void bind_mounts_are_one_use(void **state)
{
	struct machine *machine = *state;

	add_disk(machine);
	mount_all(machine, "36 35 259:0 / /a rw - ext4 /dev/nvme0n1 rw\n"
			   "37 35 259:0 /x /b rw - ext4 /dev/nvme0n1 rw\n");
	check_use(machine, "nvme0n1 is mounted on /a");
}

static void swap_space_is_a_use(void **state)
{
	struct machine *machine = *state;

	add_disk(machine);
	tree_write(&machine->tree, "Filename\t\t\t\tType\t\tSize\n/dev/nvme0n1p1   partition\t1\n",
		   "proc/swaps");
	check_use(machine, "nvme0n1p1 is swap space");
}

static void what_is_built_on_a_disk_counts(void **state)
{
	struct machine *machine = *state;

	add_disk(machine);
	add_block(machine, "dm-0", "253:0\n", "virtual/block");
	add_block(machine, "md127", "9:127\n", "virtual/block");
	add_block(machine, "md127p1", "259:9\n", "virtual/block/md127");
	tree_write(&machine->tree, "vg-home\n", "sys/class/block/dm-0/dm/name");
	add_holder(machine, "nvme0n1p1", "md127");
	add_holder(machine, "md127p1", "dm-0");
	mount_all(machine, "36 35 0:77 / /home rw - btrfs /dev/mapper/vg-home rw\n");
	check_use(machine, "dm-0 is mounted on /home");
}

static void a_holder_is_a_use_though_nothing_is_mounted(void **state)
{
	struct machine *machine = *state;

	add_disk(machine);
	add_block(machine, "md127", "9:127\n", "virtual/block");
	add_holder(machine, "nvme0n1p1", "md127");
	check_use(machine, "nvme0n1p1 is held by md127");
}

static void holders_in_a_circle_end(void **state)
{
	struct machine *machine = *state;
	struct usage uses[4];

	add_disk(machine);
	add_block(machine, "dm-0", "253:0\n", "virtual/block");
	add_holder(machine, "nvme0n1", "dm-0");
	add_holder(machine, "dm-0", "nvme0n1");
	assert_int_equal(find(machine, uses), 2);
}

static void a_long_chain_of_holders_is_followed(void **state)
{
	struct machine *machine = *state;
	char below[16] = "nvme0n1", name[16], number[16];

	add_disk(machine);
	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "dm-%d", i);
		snprintf(number, sizeof(number), "253:%d\n", i);
		add_block(machine, name, number, "virtual/block");
		add_holder(machine, below, name);
		strcpy(below, name);
	}
	mount_all(machine, "36 35 253:499 / /srv rw - ext4 /dev/dm-499 rw\n");
	check_use(machine, "dm-499 is mounted on /srv");
}

/* The disk itself is no device of the function's, and several functions may lead to it. */
static void a_path_leads_to_its_shared_disk(void **state)
{
	struct machine *machine = *state;

	add_block(machine, "nvme3c0n1", "259:7\n", "pci0000:00/" BLOCKER "/nvme/nvme0");
	add_block(machine, "nvme3n1", "259:0\n", "virtual/nvme-subsystem/nvme-subsys3");
	add_block(machine, "nvme3n1p2", "259:1\n", "virtual/nvme-subsystem/nvme-subsys3/nvme3n1");
	add_block(machine, "nvme0n1", "259:3\n", "virtual/nvme-subsystem/nvme-subsys0");
	mount_all(machine, "36 35 259:3 / / rw - ext4 /dev/nvme0n1 rw\n");
	check_use(machine, NULL);
	mount_all(machine, "36 35 259:1 / / rw - ext4 /dev/nvme3n1p2 rw\n");
	check_use(machine, "nvme3n1p2 is mounted on /");
}

static void names_with_slashes_are_found(void **state)
{
	struct machine *machine = *state;

	add_block(machine, "cciss!c0d0", "104:0\n", "pci0000:00/" BLOCKER);
	mount_all(machine, "36 35 0:77 / /srv rw - btrfs /dev/cciss/c0d0 rw\n");
	check_use(machine, "cciss!c0d0 is mounted on /srv");
}

static void a_bridge_does_not_use_what_is_below(void **state)
{
	struct machine *machine = *state;

	add_block(machine, "sdb", "8:16\n", "pci0000:00/" PORT "/" LEFT "/host0");
	mount_all(machine, "36 35 8:16 / / rw - ext4 /dev/sdb rw\n");
	assert_int_equal(usage_find(machine->host, PORT, NULL, 0), 0);
	assert_int_equal(usage_find(machine->host, LEFT, NULL, 0), 1);
}

static void an_interface_that_is_up_is_a_use(void **state)
{
	struct machine *machine = *state;

	add_class(machine, "net", "eth0", BELOW "/virtio3/net/eth0");
	tree_write(&machine->tree, "0x1002\n", "sys/devices/pci0000:00/%s",
		   BLOCKER "/virtio3/net/eth0/flags");
	check_use(machine, NULL);
	tree_write(&machine->tree, "0x1003\n", "sys/class/net/eth0/flags");
	check_use(machine, "eth0 is up");
	tree_link(&machine->tree, "../br0", "sys/class/net/eth0/master");
	check_use(machine, "eth0 is up and part of br0");
	tree_write(&machine->tree, "0x1002\n", "sys/class/net/eth0/flags");
	check_use(machine, "eth0 is down and part of br0");
}

static void a_screen_that_is_on_is_a_use(void **state)
{
	struct machine *machine = *state;

	add_class(machine, "drm", "card1", BELOW "/drm/card1");
	add_class(machine, "drm", "card1-HDMI-A-1", BELOW "/drm/card1/card1-HDMI-A-1");
	tree_write(&machine->tree, "disabled\n", "sys/devices/pci0000:00/%s",
		   BLOCKER "/drm/card1/card1-HDMI-A-1/enabled");
	check_use(machine, NULL);
	tree_write(&machine->tree, "enabled\n", "sys/class/drm/card1-HDMI-A-1/enabled");
	check_use(machine, "card1 drives HDMI-A-1");
}

static void the_console_is_a_use(void **state)
{
	struct machine *machine = *state;

	add_class(machine, "graphics", "fb0", BELOW "/efi-framebuffer.0/graphics/fb0");
	check_use(machine, NULL);
	tree_write(&machine->tree, "1\n", "sys/bus/pci/devices/" BLOCKER "/boot_vga");
	check_use(machine, "fb0 drives the console");
}

static void many_mounts_are_read_to_the_end(void **state)
{
	struct machine *machine = *state;
	size_t used = 0, size = 300 << 10;
	char *lines = malloc(size);

	add_disk(machine);
	while (used < size - 200)
		used += snprintf(lines + used, size - used,
				 "36 35 0:%zu / /sys/fs/cgroup rw - cgroup2 none rw\n", used);
	strcpy(lines + used, "37 35 259:1 / /last rw - ext4 /dev/root rw\n");
	mount_all(machine, lines);
	free(lines);
	check_use(machine, "nvme0n1p1 is mounted on /last");
}

static void lines_cut_short_are_passed_over(void **state)
{
	struct machine *machine = *state;

	add_disk(machine);
	mount_all(machine, "\n36\n36 35 259:7\n36 35 259:7 / /a rw shared:1\n \\\n\\04\n");
	tree_write(&machine->tree, "\n\n", "proc/swaps");
	check_use(machine, NULL);
}

static struct vfa_host *capture(struct machine *machine)
{
	struct vfa_capture *capture = NULL;
	struct vfa_host *captured = NULL;
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/machine.vfa", machine->tree.root);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_ok(vfa_capture_new(machine->host, NULL, &capture));
	assert_ok(vfa_capture_write(capture, fd));
	assert_ok(vfa_host_open_capture(path, NULL, &captured));
	vfa_capture_free(capture);
	close(fd);
	return captured;
}

static void a_captured_machine_tells_the_same(void **state)
{
	struct machine *machine = *state;
	char printed[USAGE_TEXT];
	struct vfa_host *captured;
	struct usage uses[4];

	add_disk(machine);
	mount_all(machine, "36 35 259:1 / /srv/a\\040b rw - ext4 /dev/nvme0n1p1 rw\n");
	add_class(machine, "net", "enp0s6f1", BELOW "/net/enp0s6f1");
	tree_write(&machine->tree, "0x1003\n", "sys/devices/pci0000:00/%s",
		   BLOCKER "/net/enp0s6f1/flags");
	add_class(machine, "drm", "card1-DP-1", BELOW "/drm/card1/card1-DP-1");
	tree_write(&machine->tree, "enabled\n", "sys/devices/pci0000:00/%s",
		   BLOCKER "/drm/card1/card1-DP-1/enabled");
	captured = capture(machine);
	assert_int_equal(usage_find(captured, BLOCKER, uses, 4), 3);
	assert_string_equal(usage_print(&uses[0], printed), "nvme0n1p1 is mounted on /srv/a b");
	assert_string_equal(usage_print(&uses[1], printed), "enp0s6f1 is up");
	assert_string_equal(usage_print(&uses[2], printed), "card1 drives DP-1");
	vfa_host_free(captured);
}

static void a_function_that_is_not_there_has_no_use(void **state)
{
	struct machine *machine = *state;

	add_disk(machine);
	assert_int_equal(usage_find(machine->host, "0000:ff:00.0", NULL, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_disk_that_lies_idle_is_of_no_use),
		CASE(a_mounted_partition_is_a_use),
		CASE(the_number_counts_before_the_name),
		CASE(an_unknown_number_leaves_it_to_the_name),
		CASE(bind_mounts_are_one_use),
		CASE(swap_space_is_a_use),
		CASE(what_is_built_on_a_disk_counts),
		CASE(a_holder_is_a_use_though_nothing_is_mounted),
		CASE(holders_in_a_circle_end),
		CASE(a_long_chain_of_holders_is_followed),
		CASE(a_path_leads_to_its_shared_disk),
		CASE(names_with_slashes_are_found),
		CASE(a_bridge_does_not_use_what_is_below),
		CASE(an_interface_that_is_up_is_a_use),
		CASE(a_screen_that_is_on_is_a_use),
		CASE(the_console_is_a_use),
		CASE(many_mounts_are_read_to_the_end),
		CASE(lines_cut_short_are_passed_over),
		CASE(a_captured_machine_tells_the_same),
		CASE(a_function_that_is_not_there_has_no_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
