/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "base/captured.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "allocations.h"
#include "base/host.h"
#include "base/sysfs.h"
#include "fixture.h"

#define TITLE "vfa capture 1\n"

static void file_path(const struct machine *machine, const char *name, char path[128])
{
	snprintf(path, 128, "%s/%s", machine->tree.root, name);
}

static int open_text(struct machine *machine, const char *text, struct vfa_host **ret)
{
	char path[128];

	tree_write(&machine->tree, text, "text.vfa");
	file_path(machine, "text.vfa", path);
	return vfa_host_open_capture(path, NULL, ret);
}

static struct vfa_host *must_open_text(struct machine *machine, const char *text)
{
	struct vfa_host *host = NULL;

	assert_ok(open_text(machine, text, &host));
	return host;
}

static int write_capture(const struct vfa_capture *capture, const char *path)
{
	int err, fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	err = vfa_capture_write(capture, fd);
	close(fd);
	return err;
}

static struct vfa_capture *take(struct vfa_host *host)
{
	struct vfa_capture *capture = NULL;

	assert_ok(vfa_capture_new(host, NULL, &capture));
	return capture;
}

/* A host as its own capture; the file is @name. */
static struct vfa_host *capture_as(struct machine *machine, struct vfa_host *host, const char *name)
{
	struct vfa_capture *capture = take(host);
	struct vfa_host *captured = NULL;
	char path[128];

	file_path(machine, name, path);
	assert_ok(write_capture(capture, path));
	vfa_capture_free(capture);
	assert_ok(vfa_host_open_capture(path, NULL, &captured));
	return captured;
}

/* The whole of a file, to be freed. */
static char *slurp(struct machine *machine, const char *name)
{
	char path[128], *text = NULL;
	size_t size = 0;
	FILE *file;

	file_path(machine, name, path);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_true(getdelim(&text, &size, '\0', file) > 0);
	fclose(file);
	return text;
}

static void write_bytes(struct machine *machine, const void *bytes, size_t size, const char *name)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s", machine->tree.sys, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	fclose(file);
}

static void read_text(struct vfa_host *host, const char *path, const char *expected)
{
	char text[4096];

	assert_true(sysfs_read(host, path, text, sizeof(text)) >= 0);
	assert_string_equal(text, expected);
}

static void check_groups(struct vfa_host *live, struct vfa_host *captured, uint32_t number)
{
	struct vfa_group *left = NULL, *right = NULL;

	assert_ok(vfa_group_new(live, number, &left));
	assert_ok(vfa_group_new(captured, number, &right));
	assert_int_equal(vfa_group_count_members(left), vfa_group_count_members(right));
	for (size_t i = 0; i < vfa_group_count_members(left); i++) {
		const struct vfa_group_member *one = vfa_group_get_member(left, i);
		const struct vfa_group_member *other = vfa_group_get_member(right, i);

		assert_string_equal(one->name, other->name);
		assert_string_equal(one->driver, other->driver);
		assert_int_equal(one->class_code, other->class_code);
		assert_int_equal(one->role, other->role);
	}
	assert_int_equal(vfa_group_count_reserved_regions(left),
			 vfa_group_count_reserved_regions(right));
	vfa_group_free(left);
	vfa_group_free(right);
}

static void a_captured_machine_is_as_it_was(void **state)
{
	struct machine *machine = *state;
	struct vfa_host *captured = capture_as(machine, machine->host, "a.vfa");
	struct vfa_topology *left = NULL, *right = NULL;
	uint32_t groups[8];
	int count = vfa_group_list(captured, groups, 8);

	assert_true(vfa_host_is_captured(captured));
	assert_false(vfa_host_is_captured(machine->host));
	assert_false(vfa_host_is_captured(NULL));
	assert_int_equal(count, 5);
	for (int i = 0; i < count; i++)
		check_groups(machine->host, captured, groups[i]);
	assert_ok(vfa_topology_new(machine->host, &left));
	assert_ok(vfa_topology_new(captured, &right));
	assert_int_equal(vfa_topology_count_functions(left), 8);
	assert_int_equal(vfa_topology_count_functions(right), 8);
	for (size_t i = 0; i < 8; i++) {
		const struct vfa_function *one = vfa_topology_get_function(left, i);
		const struct vfa_function *other = vfa_topology_get_function(right, i);

		assert_string_equal(one->bdf, other->bdf);
		assert_string_equal(one->driver, other->driver);
		assert_int_equal(one->vendor, other->vendor);
		assert_int_equal(one->parent, other->parent);
		assert_int_equal(one->group, other->group);
	}
	vfa_topology_free(left);
	vfa_topology_free(right);
	vfa_host_free(captured);
}

static void a_capture_of_a_capture_is_the_same(void **state)
{
	struct machine *machine = *state;
	struct vfa_host *once, *twice;
	char *left, *right;

	tree_write(&machine->tree, "2 1 0:1 / / rw - ext4 /dev/mapper/luks-01234567-89ab-cdef rw\n",
		   "proc/self/mountinfo");
	tree_write(&machine->tree, "odd \\ \t\001 text \n\n of lines ",
		   "sys/bus/pci/devices/" EDU "/reset_method");
	once = capture_as(machine, machine->host, "a.vfa");
	twice = capture_as(machine, once, "b.vfa");
	left = slurp(machine, "a.vfa");
	right = slurp(machine, "b.vfa");
	assert_string_equal(left, right);
	read_text(twice, "/sys/bus/pci/devices/" EDU "/reset_method",
		  "odd \\ \t\001 text \n\n of lines ");
	free(left);
	free(right);
	vfa_host_free(once);
	vfa_host_free(twice);
}

static void a_directory_of_the_machine_is_not_told(void **state)
{
	struct machine *machine = *state;
	struct vfa_host *captured = capture_as(machine, machine->host, "a.vfa");
	char *text = slurp(machine, "a.vfa");

	assert_null(strstr(text, machine->tree.root));
	free(text);
	vfa_host_free(captured);
}

static void config_is_kept_as_far_as_it_was_read(void **state)
{
	struct machine *machine = *state;
	struct vfa_host *captured;
	unsigned char config[256] = { 0x34, 0x12, [40] = 7, [63] = 9, [255] = 1 }, read[256];
	struct sysfs_status status;
	const char *path = "/sys/bus/pci/devices/" EDU "/config";

	write_bytes(machine, config, sizeof(config), EDU "/config");
	write_bytes(machine, config, 64, NVME "/config");
	captured = capture_as(machine, machine->host, "a.vfa");
	assert_int_equal(sysfs_read_at(captured, path, 0, read, sizeof(read)), 256);
	assert_memory_equal(read, config, sizeof(config));
	assert_int_equal(sysfs_read_at(captured, path, 252, read, 8), 4);
	assert_int_equal(sysfs_read_at(captured, path, 256, read, 8), 0);
	assert_int_equal(sysfs_stat(captured, path, &status), 0);
	assert_int_equal(status.size, 256);
	path = "/sys/bus/pci/devices/" NVME "/config";
	assert_int_equal(sysfs_read_at(captured, path, 0, read, sizeof(read)), 64);
	vfa_host_free(captured);
}

/* @path: below sys/devices */
static void tree_add_interface(const struct tree *tree, const char *path)
{
	char target[256];

	tree_write(tree, "up\n", "sys/devices/%s/operstate", path);
	snprintf(target, sizeof(target), "../../devices/%s", path);
	tree_link(tree, target, "sys/class/net/%s", strrchr(path, '/') + 1);
}

/* What the kernel gives a user without privileges. */

static ssize_t pread_as_user(int fd, void *buffer, size_t size, off_t offset)
{
	return fake_syscalls.pread(fd, buffer, size > 64 ? 64 : size, offset);
}

static int open_as_user(const char *path, int flags)
{
	if (!strstr(path, "reset_method") && !strstr(path, "enxaabbccddeeff"))
		return fake_syscalls.open(path, flags);
	errno = EACCES;
	return -1;
}

static void what_could_not_be_read_is_told(void **state)
{
	struct machine *machine = *state;
	struct syscalls user = fake_syscalls;
	unsigned char config[256] = { 0x34, 0x12 };
	struct vfa_capture *capture;
	struct vfa_host *captured;
	char text[64];
	size_t configs = 0, names = 0;

	user.open = open_as_user;
	user.pread = pread_as_user;
	write_bytes(machine, config, sizeof(config), EDU "/config");
	tree_add_interface(&machine->tree, "pci0000:00/" EDU "/net/enxaabbccddeeff");
	machine->host->sys = &user;
	capture = take(machine->host);
	assert_int_equal(vfa_capture_count_unread(capture), 10);
	for (size_t i = 0; i < 10; i++) {
		const struct vfa_unread *unread = vfa_capture_get_unread(capture, i);

		assert_int_equal(unread->error, -EACCES);
		configs += !!strstr(unread->path, EDU "/config");
		names += !!strstr(unread->path, "/enx000000000001/operstate");
	}
	assert_int_equal(configs, 1);
	assert_int_equal(names, 1);
	assert_null(vfa_capture_get_unread(capture, 10));
	vfa_capture_free(capture);
	captured = capture_as(machine, machine->host, "a.vfa");
	machine->host->sys = &fake_syscalls;
	assert_int_equal(sysfs_read(captured, "/sys/bus/pci/devices/" EDU "/reset_method", text,
				    sizeof(text)),
			 -EACCES);
	assert_true(sysfs_exists(captured, "/sys/bus/pci/devices/" EDU "/reset_method"));
	assert_int_equal(
		sysfs_read_at(captured, "/sys/bus/pci/devices/" EDU "/config", 0, config, 256), 64);
	vfa_host_free(captured);
}

static void serial_numbers_are_masked(void **state)
{
	/* Vital Product Data at 0x40, its data at 0x44; two serial numbers, at 0x100 and 0x180. */
	unsigned char config[4096] = {
		[0x06] = 0x10, [0x34] = 0x40, [0x40] = 0x03,  [0x44] = 1,     [0x45] = 2,
		[0x47] = 3,    [0x48] = 4,    [0x100] = 0x03, [0x102] = 0x01, [0x103] = 0x18,
		[0x104] = 5,   [0x10b] = 6,   [0x10c] = 7,    [0x180] = 0x03, [0x182] = 0x01,
		[0x184] = 8,   [0x18b] = 9,
	};
	struct machine *machine = *state;
	struct vfa_host *captured;
	unsigned char read[4096];

	write_bytes(machine, config, sizeof(config), EDU "/config");
	captured = capture_as(machine, machine->host, "a.vfa");
	assert_int_equal(sysfs_read_at(captured, "/sys/bus/pci/devices/" EDU "/config", 0, read,
				       sizeof(read)),
			 4096);
	memset(config + 0x44, 0, 4);
	memset(config + 0x104, 0, 8);
	memset(config + 0x184, 0, 8);
	assert_memory_equal(read, config, sizeof(config));
	vfa_host_free(captured);
}

static void long_numbers_in_names_are_counted(void **state)
{
	struct machine *machine = *state;
	const struct tree *tree = &machine->tree;
	struct vfa_host *captured;

	tree_add_interface(tree, "pci0000:00/" EDU "/net/enxaabbccddeeff");
	tree_add_interface(tree, "pci0000:00/" EDU "/net/enp0s4");
	tree_add_interface(tree, "virtual/net/wg-home");
	tree_write(tree, "luks-01234567-89ab-cdef-0123-456789abcdef\n", "sys/devices/dm-0/dm/name");
	tree_link(tree, "../../devices/dm-0", "sys/class/block/dm-0");
	tree_write(tree,
		   "20 1 0:19 / /sys rw shared:7 - sysfs sysfs rw\n"
		   "25 1 254:0 / / rw,noatime shared:1 - ext4 "
		   "/dev/mapper/luks-01234567-89ab-cdef-0123-456789abcdef rw,errors=remount-ro\n"
		   "26 25 0:30 / /home rw - nfs server:/home rw,addr=192.0.2.1\n"
		   "27 25 8:1 / /boot\\040x ro master:1 shared:2 - vfat /dev/sda1 rw\n"
		   "28 - ext4 /dev/sda1\n"
		   " - ext4 /dev/sda1",
		   "proc/self/mountinfo");
	captured = capture_as(machine, machine->host, "a.vfa");
	read_text(captured, "/sys/bus/pci/devices/" EDU "/net/enx000000000001/operstate", "up");
	read_text(captured, "/sys/bus/pci/devices/" EDU "/net/enp0s4/operstate", "up");
	assert_false(sysfs_exists(captured, "/sys/class/net/wg-home"));
	read_text(captured, "/sys/class/net/enp0s4/operstate", "up");
	read_text(captured, "/sys/class/block/dm-0/dm/name",
		  "luks-00000000-0000-0000-0000-000000000002");
	read_text(captured, "/proc/self/mountinfo",
		  "25 1 254:0 / / rw - ext4 "
		  "/dev/mapper/luks-00000000-0000-0000-0000-000000000002\n"
		  "27 25 8:1 / /boot\\040x ro - vfat /dev/sda1");
	vfa_host_free(captured);
}

static void only_a_part_of_some_files_is_told(void **state)
{
	struct machine *machine = *state;
	const struct tree *tree = &machine->tree;
	struct vfa_host *captured;

	/* The fake kernel has a status of its own. */
	machine->host->sys = &syscalls_real;
	tree_write(tree, "BOOT_IMAGE=/vmlinuz root=UUID=1-2 iommu=pt quiet  vfio-pci.ids=1:2\n",
		   "proc/cmdline");
	tree_write(tree, "Filename\tType\n/dev/sda2\tpartition\n/home/me/swap\tfile\n",
		   "proc/swaps");
	tree_write(tree, "Name:\tvfa\nPid:\t77\nUid:\t1\t1\t1\t1\nCapEff:\t00\nSeccomp:\t0\n",
		   "proc/self/status");
	tree_write(tree, "Limit     Soft  \nMax processes 7 \nMax locked memory   8 8 bytes  \n",
		   "proc/self/limits");
	captured = capture_as(machine, machine->host, "a.vfa");
	read_text(captured, "/proc/cmdline", "iommu=pt vfio-pci.ids=1:2");
	read_text(captured, "/proc/swaps", "Filename\tType\n/dev/sda2\tpartition");
	read_text(captured, "/proc/self/status", "Name:\tvfa\nUid:\t1\t1\t1\t1\nCapEff:\t00");
	read_text(captured, "/proc/self/limits", "Limit     Soft\nMax locked memory   8 8 bytes");
	vfa_host_free(captured);
}

static void nodes_have_mode_and_owner(void **state)
{
	struct machine *machine = *state;
	struct vfa_host *captured;
	struct sysfs_status status;
	char path[128], text[8];

	file_path(machine, "dev/vfio/4", path);
	assert_int_equal(chmod(path, 0640), 0);
	captured = capture_as(machine, machine->host, "a.vfa");
	assert_int_equal(sysfs_stat(captured, "/dev/vfio/4", &status), 0);
	assert_int_equal(status.mode, S_IFREG | 0640);
	assert_int_equal(status.uid, geteuid());
	assert_int_equal(status.gid, getegid());
	assert_int_equal(sysfs_read(captured, "/dev/vfio/4", text, sizeof(text)), -ENXIO);
	vfa_host_free(captured);
	captured = must_open_text(machine, TITLE "dir /dev\nnode a char 0660 0 4294967295\n"
						 "node b block 0 5 6\nend\n");
	assert_int_equal(sysfs_stat(captured, "/dev/a", &status), 0);
	assert_int_equal(status.mode, S_IFCHR | 0660);
	assert_true(status.gid == UINT32_MAX);
	assert_int_equal(sysfs_stat(captured, "/dev/b", &status), 0);
	assert_int_equal(status.mode, S_IFBLK);
	assert_int_equal(status.uid, 5);
	vfa_host_free(captured);
}

static void nothing_opens_on_a_captured_machine(void **state)
{
	struct machine *machine = *state;
	struct vfa_host *captured = capture_as(machine, machine->host, "a.vfa");
	struct vfa_container *container = NULL;
	static const enum vfa_backend backends[] = {
		VFA_BACKEND_AUTO,
		VFA_BACKEND_TYPE1,
		VFA_BACKEND_IOMMUFD,
		VFA_BACKEND_NOIOMMU,
	};

	for (size_t i = 0; i < 4; i++)
		assert_fails(vfa_container_open(captured, backends[i], &container), EOPNOTSUPP,
			     CAPTURED);
	for (size_t i = 1; i < 4; i++)
		assert_fails(vfa_host_check_backend(captured, backends[i]), EOPNOTSUPP, CAPTURED);
	assert_null(container);
	vfa_host_free(captured);
}

static void links_are_followed_as_the_kernel_does(void **state)
{
	struct vfa_host *host = must_open_text(*state, TITLE "dir /sys/a\n"
							     "link up ..\n"
							     "link root /\n"
							     "link b ../b\n"
							     "link loop loop\n"
							     "link left right\n"
							     "link right left/x\n"
							     "link nowhere ../c\n"
							     "link through file/x\n"
							     "text file here\n"
							     "dir /sys/b\n"
							     "link file ../a/file\n"
							     "end\n");
	char text[8], target[SYSFS_PATH];

	read_text(host, "/sys/a/b/file", "here");
	read_text(host, "/sys/a/up/a/up/../..//sys/./a/b/../b/file", "here");
	read_text(host, "/sys/a/root/sys/b/file", "here");
	assert_int_equal(sysfs_read(host, "/sys/a/loop", text, 8), -ELOOP);
	assert_int_equal(sysfs_read(host, "/sys/a/loop/x", text, 8), -ELOOP);
	assert_int_equal(sysfs_read(host, "/sys/a/left", text, 8), -ELOOP);
	assert_int_equal(sysfs_read(host, "/sys/a/nowhere", text, 8), -ENOENT);
	assert_int_equal(sysfs_read(host, "/sys/a/through", text, 8), -ENOTDIR);
	assert_int_equal(sysfs_read(host, "/sys/a/file/x", text, 8), -ENOTDIR);
	assert_int_equal(sysfs_read(host, "/sys/a", text, 8), -EISDIR);
	assert_int_equal(sysfs_read(host, "", text, 8), -ENOENT);
	assert_false(sysfs_exists(host, "/sys/a/nowhere"));
	assert_int_equal(sysfs_link(host, "/sys/a/nowhere", target), 0);
	assert_string_equal(target, "../c");
	assert_int_equal(sysfs_link(host, "/sys/a/file", target), -EINVAL);
	assert_int_equal(sysfs_link(host, "/sys/a/none", target), -ENOENT);
	vfa_host_free(host);
}

static void directories_are_listed_in_version_order(void **state)
{
	struct vfa_host *host = must_open_text(
		*state, TITLE "dir /dev/vfio\nnode 10 char 0 0 0\nnode 9 char 0 0 0\n"
			      "node .hidden char 0 0 0\n"
			      "dir /dev/vfio/devices\n\ndir /dev/vfio\n# again\n"
			      "node vfio char 0 0 0\nend");
	static const char *const expected[] = { "9", "10", "devices", "vfio" };
	char **names;

	assert_int_equal(sysfs_list(host, "/dev/vfio", &names), 4);
	for (int i = 0; i < 4; i++)
		assert_string_equal(names[i], expected[i]);
	sysfs_free_list(names, 4);
	assert_int_equal(sysfs_list(host, "/dev/vfio/devices", &names), 0);
	sysfs_free_list(names, 0);
	assert_int_equal(sysfs_list(host, "/dev/vfio/10", &names), -ENOTDIR);
	assert_int_equal(sysfs_list(host, "/dev/none", &names), -ENOENT);
	vfa_host_free(host);
}

static void a_directory_that_could_not_be_read_says_so(void **state)
{
	struct vfa_host *host =
		must_open_text(*state, TITLE "dir /sys\nerror closed EACCES\nend\n");
	char text[8], target[SYSFS_PATH], **names;

	assert_int_equal(sysfs_list(host, "/sys/closed", &names), -EACCES);
	assert_int_equal(sysfs_read(host, "/sys/closed/file", text, 8), -EACCES);
	assert_int_equal(sysfs_link(host, "/sys/closed", target), -EACCES);
	assert_true(sysfs_exists(host, "/sys/closed"));
	vfa_host_free(host);
}

static const struct {
	unsigned int line;
	const char *text; /* behind the title */
} damaged[] = {
	{ 2, "garbage\nend\n" },
	{ 2, "\1\2\3\377\nend\n" },
	{ 2, "text a b\nend\n" },
	{ 2, "| row\nend\n" },
	{ 2, "dir\nend\n" },
	{ 2, "dir sys\nend\n" },
	{ 2, "dir /\nend\n" },
	{ 2, "dir /sys/\nend\n" },
	{ 2, "dir /sys//a\nend\n" },
	{ 2, "dir /sys/../etc\nend\n" },
	{ 2, "dir /sys/./a\nend\n" },
	{ 2, "dir /sys\\x00/a\nend\n" },
	{ 2, "dir /sys\\xzz\nend\n" },
	{ 2, "dir /sys\\\nend\n" },
	{ 2, "dir /sys\r\nend\n" },
	{ 4, "dir /sys\ntext a b\ndir /sys/a\nend\n" },
	{ 4, "dir /sys\nlink a b\ndir /sys/a/c\nend\n" },
	{ 4, "dir /sys/a\ndir /sys\nlink a b\nend\n" },
	{ 5, "dir /sys\ntext a b\ntext a b\nend\n" },
	{ 3, "dir /sys\nlink a\nend\n" },
	{ 3, "dir /sys\nlink a \nend\n" },
	{ 3, "dir /sys\nlink . a\nend\n" },
	{ 3, "dir /sys\nlink .. a\nend\n" },
	{ 3, "dir /sys\nlink a/b c\nend\n" },
	{ 3, "dir /sys\ntext  a\nend\n" },
	{ 3, "dir /sys\ntext a \377\nend\n" },
	{ 4, "dir /sys\ntext a\n|b\nend\n" },
	{ 4, "dir /sys\ntext a\n| \\q\nend\n" },
	{ 4, "dir /sys\nlink a b\n| c\nend\n" },
	{ 3, "dir /sys\nerror a\nend\n" },
	{ 3, "dir /sys\nerror a 13\nend\n" },
	{ 3, "dir /sys\nerror a EWHAT\nend\n" },
	{ 3, "dir /sys\nnode a\nend\n" },
	{ 3, "dir /sys\nnode a char\nend\n" },
	{ 3, "dir /sys\nnode a pipe 0 0 0\nend\n" },
	{ 3, "dir /sys\nnode a char 8 0 0\nend\n" },
	{ 3, "dir /sys\nnode a char 10000 0 0\nend\n" },
	{ 3, "dir /sys\nnode a char 0 4294967296 0\nend\n" },
	{ 3, "dir /sys\nnode a char 0 0 -1\nend\n" },
	{ 3, "dir /sys\nnode a char 0 0 0 0\nend\n" },
	{ 3, "dir /sys\nbytes a\nend\n" },
	{ 3, "dir /sys\nbytes a 64\nend\n" },
	{ 3, "dir /sys\nbytes a 64 of\nend\n" },
	{ 3, "dir /sys\nbytes a 64 of x\nend\n" },
	{ 3, "dir /sys\nbytes a 1048577 of 1048577\nend\n" },
	{ 3, "dir /sys\nbytes a 99999999999999999999999 of 1\nend\n" },
	{ 4, "dir /sys\nbytes a 8 of 8\n| 00: 00\nend\n" },
	{ 4, "dir /sys\nbytes a 2 of 8\n| 00: 00 00 00\nend\n" },
	{ 4, "dir /sys\nbytes a 2 of 8\n| 00: 00 0g\nend\n" },
	{ 4, "dir /sys\nbytes a 2 of 8\n| 00: 00 000\nend\n" },
	{ 4, "dir /sys\nbytes a 2 of 8\n| 00: 0  00\nend\n" },
	{ 4, "dir /sys\nbytes a 2 of 8\n| 00\nend\n" },
	{ 4, "dir /sys\nbytes a 2 of 8\n| 10: 00 00\nend\n" },
	{ 4, "dir /sys\nbytes a 2 of 8\n| 01: 00\nend\n" },
	{ 4, "dir /sys\nbytes a 2 of 8\n| -0: 00 00\nend\n" },
	{ 5, "dir /sys\nbytes a 2 of 8\n| 00: 00 00\n| 00: 00 00\nend\n" },
	{ 3, "end\ndir /sys\n" },
	{ 3, "end\n| row\n" },
	{ 3, "end\nend\n" },
	{ 3, "dir /sys\nen" },
	{ 4, "dir /sys\ntext a b\n# no end\n" },
	{ 1, "" },
};

static void damaged_captures_are_refused_with_their_line(void **state)
{
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		struct vfa_host *host = NULL;
		char text[256], wanted[32];

		snprintf(text, sizeof(text), TITLE "%s", damaged[i].text);
		snprintf(wanted, sizeof(wanted), "line %u: ", damaged[i].line);
		assert_fails(open_text(*state, text, &host), EINVAL, BAD_CAPTURE);
		assert_null(host);
		if (!strstr(vfa_error_last()->message, wanted))
			fail_msg("\"%s\" is not refused at line %u: %s", damaged[i].text,
				 damaged[i].line, vfa_error_last()->message);
	}
}

static void other_files_are_refused(void **state)
{
	struct machine *machine = *state;
	struct vfa_host_options options = VFA_HOST_OPTIONS_INIT;
	struct vfa_host *host = NULL;

	assert_fails(open_text(machine, "", &host), EINVAL, BAD_CAPTURE);
	assert_fails(open_text(machine, "\n", &host), EINVAL, BAD_CAPTURE);
	assert_fails(open_text(machine, "\177ELF", &host), EINVAL, BAD_CAPTURE);
	assert_fails(open_text(machine, "vfa capture", &host), EINVAL, BAD_CAPTURE);
	assert_fails(open_text(machine, "vfa capture 10\nend\n", &host), EINVAL, BAD_CAPTURE);
	assert_fails(vfa_host_open_capture("/dev/zero", NULL, &host), EINVAL, BAD_CAPTURE);
	assert_fails(vfa_host_open_capture("/dev/null", NULL, &host), EINVAL, BAD_CAPTURE);
	assert_fails(vfa_host_open_capture("/nowhere", NULL, &host), ENOENT, KERNEL);
	assert_fails(vfa_host_open_capture("/", NULL, &host), EISDIR, KERNEL);
	assert_fails(vfa_host_open_capture(NULL, NULL, &host), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_host_open_capture("/dev/null", NULL, NULL), EINVAL, BAD_ARGUMENT);
	options.proc = "/proc";
	assert_fails(vfa_host_open_capture("/dev/null", &options, &host), EINVAL, BAD_ARGUMENT);
	assert_null(host);
}

static void a_zero_in_a_line_is_refused(void **state)
{
	struct machine *machine = *state;
	static const char text[] = TITLE "dir /sys\0/a\nend\n";
	struct vfa_host *host = NULL;
	char path[128];
	FILE *file;

	file_path(machine, "zero.vfa", path);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, sizeof(text) - 1, file), sizeof(text) - 1);
	fclose(file);
	assert_fails(vfa_host_open_capture(path, NULL, &host), EINVAL, BAD_CAPTURE);
	assert_non_null(strstr(vfa_error_last()->message, "line 2: "));
}

/* A text of so many characters, and what opening it came to. */
static int open_long(struct machine *machine, size_t length)
{
	char *text = malloc(length + 64), *end = text;
	struct vfa_host *host = NULL;
	int err;

	assert_non_null(text);
	end += sprintf(text, TITLE "dir /sys\ntext a ");
	memset(end, 'x', length);
	strcpy(end + length, "\nend\n");
	err = open_text(machine, text, &host);
	vfa_host_free(host);
	free(text);
	return err;
}

static void lines_that_are_too_long_are_refused(void **state)
{
	struct vfa_host *host = NULL;
	char text[2048];

	assert_ok(open_long(*state, 15 << 10));
	for (size_t length = (15 << 10) + 1; length < 1 << 20; length *= 2) {
		assert_fails(open_long(*state, length), EINVAL, BAD_CAPTURE);
		assert_non_null(strstr(vfa_error_last()->message, "line 3: "));
	}
	snprintf(text, sizeof(text), TITLE "dir /sys/%0300d\nend\n", 0);
	assert_fails(open_text(*state, text, &host), EINVAL, BAD_CAPTURE);
	snprintf(text, sizeof(text), TITLE "dir /%0200d/%0200d/%0200d\nend\n", 0, 0, 0);
	assert_fails(open_text(*state, text, &host), EINVAL, BAD_CAPTURE);
	snprintf(text, sizeof(text), TITLE "dir /sys\nlink a %0512d\nend\n", 0);
	assert_fails(open_text(*state, text, &host), EINVAL, BAD_CAPTURE);
	assert_null(host);
}

/* A few bytes that ask for a MiB each. */
/* What is no text has zeros, behind which a line may go on as well. */
static void long_lines_behind_a_zero_are_not_taken(void **state)
{
	struct machine *machine = *state;
	struct vfa_host *captured;
	static char line[64 << 10];
	char text[8];

	memset(line, 1, sizeof(line));
	line[1] = '\0';
	write_bytes(machine, line, sizeof(line), EDU "/irq");
	captured = capture_as(machine, machine->host, "a.vfa");
	assert_int_equal(sysfs_read(captured, "/sys/bus/pci/devices/" EDU "/irq", text, 8),
			 -EOVERFLOW);
	vfa_host_free(captured);
}

static void memory_is_bounded(void **state)
{
	static char text[16 << 10] = TITLE "dir /sys\n";
	struct vfa_host *host = NULL;
	char *end = text + strlen(text);

	for (int i = 0; i < 257; i++)
		end += sprintf(end, "bytes %d 1048576 of 1048576\n", i);
	strcpy(end, "end\n");
	assert_fails(open_text(*state, text, &host), EFBIG, BAD_CAPTURE);
	assert_null(host);
}

static void a_full_disk_is_told(void **state)
{
	struct machine *machine = *state;
	struct vfa_capture *capture = take(machine->host);

	assert_fails(write_capture(capture, "/dev/full"), ENOSPC, KERNEL);
	assert_fails(vfa_capture_write(capture, -1), EBADF, KERNEL);
	assert_fails(vfa_capture_write(NULL, 1), EINVAL, BAD_ARGUMENT);
	vfa_capture_free(capture);
	vfa_capture_free(NULL);
}

static void count_steps(void *data, size_t done, size_t total)
{
	size_t *steps = data;

	assert_int_equal(done, *steps);
	assert_true(done < total);
	(*steps)++;
}

static void progress_is_told(void **state)
{
	struct vfa_capture_options options = VFA_CAPTURE_OPTIONS_INIT;
	struct machine *machine = *state;
	struct vfa_capture *capture = NULL;
	size_t steps = 0;

	options.progress = count_steps;
	options.progress_data = &steps;
	assert_ok(vfa_capture_new(machine->host, &options, &capture));
	assert_true(steps > 50);
	vfa_capture_free(capture);
	capture = NULL;
	options.struct_size = 0;
	assert_fails(vfa_capture_new(machine->host, &options, &capture), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_capture_new(machine->host, NULL, NULL), EINVAL, BAD_ARGUMENT);
	assert_null(capture);
}

/* 0, or the failure of one of the steps, after which nothing is left. */
static int capture_and_open(struct machine *machine, const char *path)
{
	struct vfa_capture *capture = NULL;
	struct vfa_host *host = NULL;
	int err = vfa_capture_new(machine->host, NULL, &capture);

	if (!err)
		err = write_capture(capture, path);
	vfa_capture_free(capture);
	if (!err)
		err = vfa_host_open_capture(path, NULL, &host);
	vfa_host_free(host);
	return err;
}

static void each_allocation_may_fail(void **state)
{
	struct machine *machine = *state;
	unsigned int number = 0, step = is_slow() ? 37 : 1;
	char path[128];
	bool came;
	int err;

	tree_add_interface(&machine->tree, "pci0000:00/" EDU "/net/enxaabbccddeeff");
	file_path(machine, "a.vfa", path);
	do {
		number += step;
		allocations_fail_at(number);
		err = capture_and_open(machine, path);
		came = allocations_stop();
		if (came)
			assert_fails(err, ENOMEM, NO_MEMORY);
		assert_int_equal(count_fds(), machine->fds);
	} while (came);
	assert_int_equal(err, 0);
	assert_true(number > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_captured_machine_is_as_it_was),
		CASE(a_capture_of_a_capture_is_the_same),
		CASE(a_directory_of_the_machine_is_not_told),
		CASE(config_is_kept_as_far_as_it_was_read),
		CASE(what_could_not_be_read_is_told),
		CASE(serial_numbers_are_masked),
		CASE(long_numbers_in_names_are_counted),
		CASE(only_a_part_of_some_files_is_told),
		CASE(nodes_have_mode_and_owner),
		CASE(nothing_opens_on_a_captured_machine),
		CASE(links_are_followed_as_the_kernel_does),
		CASE(directories_are_listed_in_version_order),
		CASE(a_directory_that_could_not_be_read_says_so),
		CASE(damaged_captures_are_refused_with_their_line),
		CASE(other_files_are_refused),
		CASE(a_zero_in_a_line_is_refused),
		CASE(lines_that_are_too_long_are_refused),
		CASE(long_lines_behind_a_zero_are_not_taken),
		CASE(memory_is_bounded),
		CASE(a_full_disk_is_told),
		CASE(progress_is_told),
		CASE(each_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
