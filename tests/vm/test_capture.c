/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* A captured machine answers as the real one does, whose capture it is. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common.h"

#define MAX_GROUPS 64

/* The host of a capture, whose text is in memory. */
static struct vfa_host *capture_of(struct vfa_host *host, size_t *unread)
{
	struct vfa_host *captured = NULL;
	struct vfa_capture *capture;
	char path[32];
	int fd = memfd_create("capture", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_ok(vfa_capture_new(host, NULL, &capture));
	*unread = vfa_capture_count_unread(capture);
	assert_ok(vfa_capture_write(capture, fd));
	vfa_capture_free(capture);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_ok(vfa_host_open_capture(path, NULL, &captured));
	close(fd);
	return captured;
}

static void check_function(const struct vfa_function *live, const struct vfa_function *captured)
{
	assert_string_equal(live->bdf, captured->bdf);
	assert_string_equal(live->driver, captured->driver);
	assert_int_equal(live->vendor, captured->vendor);
	assert_int_equal(live->device, captured->device);
	assert_int_equal(live->class_code, captured->class_code);
	assert_int_equal(live->type, captured->type);
	assert_int_equal(live->parent, captured->parent);
	assert_int_equal(live->physical, captured->physical);
	assert_int_equal(live->group, captured->group);
	assert_int_equal(live->is_bridge, captured->is_bridge);
	assert_int_equal(live->secondary_bus, captured->secondary_bus);
	assert_int_equal(live->acs.present, captured->acs.present);
	assert_int_equal(live->acs.capability, captured->acs.capability);
	assert_int_equal(live->acs.control, captured->acs.control);
	assert_int_equal(live->ats.present, captured->ats.present);
	assert_int_equal(live->no_snoop, captured->no_snoop);
	assert_int_equal(live->config_error, captured->config_error);
}

static void check_functions(struct vfa_host *captured)
{
	struct vfa_topology *left, *right;
	size_t count;

	assert_ok(vfa_topology_new(NULL, &left));
	assert_ok(vfa_topology_new(captured, &right));
	count = vfa_topology_count_functions(left);
	assert_true(count >= 9);
	assert_int_equal(vfa_topology_count_functions(right), count);
	for (size_t i = 0; i < count; i++)
		check_function(vfa_topology_get_function(left, i),
			       vfa_topology_get_function(right, i));
	vfa_topology_free(left);
	vfa_topology_free(right);
}

static void every_function_is_as_it_was(void **state)
{
	struct vfa_host *captured;
	size_t unread;

	(void)state;
	captured = capture_of(NULL, &unread);
	assert_int_equal(unread, 0);
	check_functions(captured);
	vfa_host_free(captured);
}

static void check_group(struct vfa_host *captured, uint32_t number)
{
	struct vfa_group *left, *right;

	assert_ok(vfa_group_new(NULL, number, &left));
	assert_ok(vfa_group_new(captured, number, &right));
	assert_int_equal(vfa_group_count_members(left), vfa_group_count_members(right));
	for (size_t i = 0; i < vfa_group_count_members(left); i++) {
		const struct vfa_group_member *one = vfa_group_get_member(left, i);
		const struct vfa_group_member *other = vfa_group_get_member(right, i);

		assert_string_equal(one->name, other->name);
		assert_string_equal(one->driver, other->driver);
		assert_int_equal(one->role, other->role);
	}
	assert_int_equal(vfa_group_count_reserved_regions(left),
			 vfa_group_count_reserved_regions(right));
	for (size_t i = 0; i < vfa_group_count_reserved_regions(left); i++)
		assert_memory_equal(vfa_group_get_reserved_region(left, i),
				    vfa_group_get_reserved_region(right, i),
				    sizeof(struct vfa_reserved_region));
	vfa_group_free(left);
	vfa_group_free(right);
}

static void every_group_is_as_it_was(void **state)
{
	uint32_t live[MAX_GROUPS], numbers[MAX_GROUPS];
	struct vfa_host *captured;
	size_t unread;
	int count;

	(void)state;
	captured = capture_of(NULL, &unread);
	count = assert_ok(vfa_group_list(NULL, live, MAX_GROUPS));
	assert_int_equal(vfa_group_list(captured, numbers, MAX_GROUPS), count);
	assert_memory_equal(live, numbers, count * sizeof(*live));
	for (int i = 0; i < count; i++)
		check_group(captured, numbers[i]);
	vfa_host_free(captured);
}

/* The kernel shows them 64 bytes of config space. */
static int capture_as_nobody(void *data)
{
	struct vfa_host *captured;
	struct vfa_topology *topology;
	size_t unread, count;

	(void)data;
	if (vm_become_nobody())
		return -1;
	captured = capture_of(NULL, &unread);
	if (vfa_topology_new(captured, &topology))
		return -1;
	count = vfa_topology_count_functions(topology);
	if (unread < count)
		return -2;
	for (size_t i = 0; i < count; i++) {
		const struct vfa_function *function = vfa_topology_get_function(topology, i);

		if (function->config_error != -EACCES || function->acs.present != VFA_UNKNOWN)
			return -3;
	}
	vfa_topology_free(topology);
	vfa_host_free(captured);
	return 0;
}

static void what_a_user_cannot_read_is_unknown(void **state)
{
	struct vm_report report;

	(void)state;
	vm_in_child(capture_as_nobody, NULL, &report);
	assert_int_equal(report.result, 0);
}

static void a_captured_machine_opens_nothing(void **state)
{
	struct vfa_container *space = NULL;
	struct vfa_host *captured;
	size_t unread;

	(void)state;
	captured = capture_of(NULL, &unread);
	assert_refused(vfa_container_open(captured, VFA_BACKEND_AUTO, &space), EOPNOTSUPP,
		       VFA_CAUSE_CAPTURED);
	assert_null(space);
	vfa_host_free(captured);
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE_ONCE(every_function_is_as_it_was),
		VM_CASE_ONCE(every_group_is_as_it_was),
		VM_CASE_ONCE(what_a_user_cannot_read_is_unknown),
		VM_CASE_ONCE(a_captured_machine_opens_nothing),
	};

	return vm_run_cases("capture", cases);
}
