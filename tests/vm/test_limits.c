/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* How much can be mapped: what is told of it, and that the kernel agrees. */

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common.h"

static struct vfa_limits limits_of(struct vfa_container *space)
{
	struct vfa_limits limits = VFA_LIMITS_INIT;

	assert_ok(vfa_container_limits(space, &limits));
	return limits;
}

/* A line of /proc/self/status in bytes. */
static uint64_t status_of(const char *name)
{
	FILE *file = fopen("/proc/self/status", "re");
	unsigned long long kib = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, strlen(name)))
			sscanf(line + strlen(name), "%llu", &kib);
	if (file)
		fclose(file);
	return kib * 1024;
}

static void limits_follow_the_kernel(void **state)
{
	struct vfa_limits before, limits;
	struct vfa_container *space;
	struct vm *vm = *state;
	bool type1 = vm->backend == VFA_BACKEND_TYPE1;
	char *memory;

	vm_need_assignment(vm);
	space = vm_container(vm);
	vm_device(vm, space, EDU);
	memory = vm_memory(vm, 5 * PAGE_SIZE);
	before = limits_of(space);
	assert_ok(vfa_container_map(space, memory, 3 * PAGE_SIZE, NULL, NULL));
	assert_ok(vfa_container_map(space, memory, 5 * PAGE_SIZE, NULL, NULL));
	limits = limits_of(space);
	assert_int_equal(limits.entries_used, 2);
	assert_int_equal(limits.mapped_bytes, 8 * PAGE_SIZE);
	assert_int_equal(limits.locked_bytes - before.locked_bytes, type1 ? 8 * PAGE_SIZE : 0);
	assert_int_equal(limits.pinned_bytes - before.pinned_bytes, type1 ? 0 : 8 * PAGE_SIZE);
	assert_int_equal(limits.locked_bytes, status_of("VmLck:"));
	assert_int_equal(limits.pinned_bytes, status_of("VmPin:"));
	assert_int_equal(limits.is_exempt, 1); /* the tests run as root */
	if (type1)
		assert_int_equal(before.entries_available - limits.entries_available, 2);
	else
		assert_int_equal(limits.entries_available, VFA_LIMIT_NONE);
	assert_ok(vfa_container_unmap_all(space));
	limits = limits_of(space);
	assert_int_equal(limits.locked_bytes, before.locked_bytes);
	assert_int_equal(limits.pinned_bytes, before.pinned_bytes);
	assert_int_equal(limits.entries_available, before.entries_available);
}

/* What iommufd has mapped it pins only while there is a device. */
static void without_a_device_nothing_is_pinned(void **state)
{
	struct vfa_limits before, limits;
	struct vfa_container *space;
	struct vfa_device *device = NULL;
	struct vm *vm = *state;

	vm_need_assignment(vm);
	space = vm_container(vm);
	before = limits_of(space);
	assert_ok(vfa_device_open(space, EDU, NULL, &device));
	assert_ok(vfa_container_map(space, vm_memory(vm, PAGE_SIZE), PAGE_SIZE, NULL, NULL));
	vfa_device_close(device);
	limits = limits_of(space);
	assert_int_equal(limits.mapped_bytes, PAGE_SIZE);
	assert_int_equal(limits.locked_bytes, before.locked_bytes);
	assert_int_equal(limits.pinned_bytes, before.pinned_bytes);
	vm_device(vm, space, EDU);
	limits = limits_of(space);
	assert_int_equal(limits.locked_bytes + limits.pinned_bytes,
			 before.locked_bytes + before.pinned_bytes + PAGE_SIZE);
	assert_ok(vfa_container_unmap_all(space));
}

static void need_iommufd(struct vm *vm)
{
	vm_need_assignment(vm);
	vm_need(vm->backend == VFA_BACKEND_IOMMUFD, "iommufd, for type1 has no choice");
}

static void iommufd_counts_by_process_when_asked(void **state)
{
	struct vfa_container *space;
	struct vfa_device *device = NULL;
	struct vm *vm = *state;
	uint32_t ioas;

	need_iommufd(vm);
	space = vm_container(vm);
	assert_int_equal(limits_of(space).accounting, VFA_ACCOUNTING_USER);
	assert_ok(vfa_device_open(space, EDU, NULL, &device)); /* one that was there before */
	assert_refused(vfa_container_set_accounting(space, VFA_ACCOUNTING_PROCESS), EBUSY,
		       VFA_CAUSE_WRONG_ORDER);
	vfa_device_close(device);
	assert_ok(vfa_container_set_accounting(space, VFA_ACCOUNTING_PROCESS));
	assert_int_equal(limits_of(space).accounting, VFA_ACCOUNTING_PROCESS);
	assert_ok(vfa_container_set_accounting(space, VFA_ACCOUNTING_USER));
	assert_int_equal(limits_of(space).accounting, VFA_ACCOUNTING_USER);
	assert_ok(vfa_container_ioas(space, &ioas));
	vm_device(vm, space, EDU);
	assert_ok(vfa_container_map(space, vm_memory(vm, PAGE_SIZE), PAGE_SIZE, NULL, NULL));
	assert_ok(vfa_container_unmap_all(space));
}

static void an_fd_that_serves_others_keeps_its_accounting(void **state)
{
	struct vfa_container *space = NULL, *other = NULL;
	struct vm *vm = *state;
	int fd;

	need_iommufd(vm);
	fd = vm_open(vm, "/dev/iommu", O_RDWR);
	assert_ok(vfa_container_open_fd(NULL, VFA_BACKEND_IOMMUFD, fd, &space));
	vm_own_container(vm, space);
	assert_ok(vfa_container_open_fd(NULL, VFA_BACKEND_IOMMUFD, fd, &other));
	assert_refused(vfa_container_set_accounting(space, VFA_ACCOUNTING_PROCESS), EBUSY,
		       VFA_CAUSE_BAD_FD);
	vfa_container_close(other);
	assert_ok(vfa_container_set_accounting(space, VFA_ACCOUNTING_PROCESS));
	vm_device(vm, space, EDU);
}

static int count_by_process_as_nobody(void *data)
{
	struct vfa_container *space = NULL;
	int err;

	(void)data;
	if (vfa_container_open(NULL, VFA_BACKEND_IOMMUFD, &space) < 0 || vm_become_nobody())
		_exit(1);
	err = vfa_container_set_accounting(space, VFA_ACCOUNTING_PROCESS);
	vfa_container_close(space);
	return err;
}

static void a_change_of_accounting_wants_privilege(void **state)
{
	struct vm_report report;
	struct vm *vm = *state;

	need_iommufd(vm);
	vm_in_child(count_by_process_as_nobody, NULL, &report);
	assert_child_refused(&report, EPERM, VFA_CAUSE_DENIED);
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE(limits_follow_the_kernel),
		VM_CASE(without_a_device_nothing_is_pinned),
		VM_CASE(iommufd_counts_by_process_when_asked),
		VM_CASE(an_fd_that_serves_others_keeps_its_accounting),
		VM_CASE(a_change_of_accounting_wants_privilege),
	};

	return vm_run_cases("limits", cases);
}
