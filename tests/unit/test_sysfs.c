/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "base/sysfs.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"

static void a_file_is_read_without_its_newline(void **state)
{
	struct machine *machine = *state;
	char path[SYSFS_PATH], text[16], cut[4];

	tree_write(&machine->tree, "two\nlines\n", "sys/file");
	sysfs_path(machine->host, path, "file");
	assert_int_equal(sysfs_read(machine->host, path, text, sizeof(text)), 9);
	assert_string_equal(text, "two\nlines");
	assert_int_equal(sysfs_read(machine->host, path, cut, sizeof(cut)), 3);
	assert_string_equal(cut, "two");
	assert_int_equal(sysfs_read(machine->host, "/nowhere", text, sizeof(text)), -ENOENT);
}

static void bytes_are_read_as_far_as_they_go(void **state)
{
	struct machine *machine = *state;
	char path[SYSFS_PATH], bytes[8] = "";

	tree_write(&machine->tree, "0123456789", "sys/config");
	sysfs_path(machine->host, path, "config");
	assert_int_equal(sysfs_read_at(machine->host, path, 4, bytes, 4), 4);
	assert_memory_equal(bytes, "4567", 4);
	assert_int_equal(sysfs_read_at(machine->host, path, 8, bytes, 4), 2);
	assert_int_equal(sysfs_read_at(machine->host, path, 10, bytes, 4), 0);
	assert_int_equal(sysfs_read_at(machine->host, "/nowhere", 0, bytes, 4), -ENOENT);
}

static void numbers_are_whole_lines(void **state)
{
	struct machine *machine = *state;
	char path[SYSFS_PATH];
	uint64_t number = 7;

	sysfs_path(machine->host, path, "number");
	tree_write(&machine->tree, "0x1f\n", "sys/number");
	assert_int_equal(sysfs_read_number(machine->host, path, &number), 0);
	assert_int_equal(number, 0x1f);
	tree_write(&machine->tree, "12 apples\n", "sys/number");
	assert_int_equal(sysfs_read_number(machine->host, path, &number), -EINVAL);
	tree_write(&machine->tree, "99999999999999999999999\n", "sys/number");
	assert_int_equal(sysfs_read_number(machine->host, path, &number), -EINVAL);
	assert_int_equal(number, 0x1f);
}

static void links_tell_their_target(void **state)
{
	struct machine *machine = *state;
	char path[SYSFS_PATH], target[SYSFS_PATH], name[8];

	tree_link(&machine->tree, "../../long/target", "sys/link");
	sysfs_path(machine->host, path, "link");
	assert_int_equal(sysfs_link(machine->host, path, target), 0);
	assert_string_equal(target, "../../long/target");
	assert_int_equal(sysfs_link_name(machine->host, path, name, sizeof(name)), 0);
	assert_string_equal(name, "target");
	assert_int_equal(sysfs_link_name(machine->host, path, name, 6), -ENAMETOOLONG);
	assert_string_equal(name, "target");
	sysfs_path(machine->host, path, "kernel");
	assert_int_equal(sysfs_link(machine->host, path, target), -EINVAL);
	sysfs_path(machine->host, path, "nothing");
	assert_int_equal(sysfs_link(machine->host, path, target), -ENOENT);
	assert_string_equal(target, "../../long/target");
}

static void names_are_listed_in_version_order(void **state)
{
	static const char *const expected[] = { "vfio2", "vfio9", "vfio10" };
	struct machine *machine = *state;
	char path[SYSFS_PATH], **names;

	tree_write(&machine->tree, "", "sys/list/vfio10");
	tree_write(&machine->tree, "", "sys/list/.hidden");
	tree_write(&machine->tree, "", "sys/list/vfio9");
	tree_write(&machine->tree, "", "sys/list/vfio2");
	sysfs_path(machine->host, path, "list");
	assert_int_equal(sysfs_list(machine->host, path, &names), 3);
	for (int i = 0; i < 3; i++)
		assert_string_equal(names[i], expected[i]);
	sysfs_free_list(names, 3);
	assert_int_equal(sysfs_list(machine->host, "/nowhere", &names), -ENOENT);
}

static void a_status_is_that_of_what_a_path_leads_to(void **state)
{
	struct machine *machine = *state;
	struct sysfs_status status;
	char path[SYSFS_PATH];

	tree_write(&machine->tree, "12345", "sys/file");
	tree_link(&machine->tree, "file", "sys/link");
	sysfs_path(machine->host, path, "link");
	assert_int_equal(sysfs_stat(machine->host, path, &status), 0);
	assert_true(S_ISREG(status.mode));
	assert_int_equal(status.mode & 07777, 0600);
	assert_int_equal(status.size, 5);
	assert_int_equal(status.uid, geteuid());
	assert_int_equal(status.gid, getegid());
	sysfs_path(machine->host, path, "kernel");
	assert_int_equal(sysfs_stat(machine->host, path, &status), 0);
	assert_true(S_ISDIR(status.mode));
	sysfs_path(machine->host, path, "nothing");
	assert_int_equal(sysfs_stat(machine->host, path, &status), -ENOENT);
	assert_true(S_ISDIR(status.mode));
}

static void paths_that_are_too_long_do_not_exist(void **state)
{
	struct machine *machine = *state;
	char path[SYSFS_PATH], root[SYSFS_PATH + 8], *given = machine->host->sysfs;

	memset(root, 'x', sizeof(root));
	root[sizeof(root) - 1] = '\0';
	machine->host->sysfs = root;
	sysfs_path(machine->host, path, "bus");
	assert_string_equal(path, "");
	/* Nor is a part of one taken, which may lead to something else. */
	root[SYSFS_PATH - 8] = '\0';
	sysfs_path(machine->host, path, "bus/pc");
	assert_string_equal(path + SYSFS_PATH - 8, "/bus/pc");
	sysfs_path(machine->host, path, "bus/pci");
	machine->host->sysfs = given;
	assert_string_equal(path, "");
	assert_false(sysfs_exists(machine->host, path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_file_is_read_without_its_newline),
		CASE(bytes_are_read_as_far_as_they_go),
		CASE(numbers_are_whole_lines),
		CASE(links_tell_their_target),
		CASE(names_are_listed_in_version_order),
		CASE(a_status_is_that_of_what_a_path_leads_to),
		CASE(paths_that_are_too_long_do_not_exist),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
