/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Every refusal that opening can meet on these machines, with its cause and its message. */

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "edu.h"

#define NOIOMMU_MODE "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode"

/* What opening a container and a device in it ends with; nothing stays open. */
static int try_device(enum vfa_backend backend, const char *bdf)
{
	struct vfa_container *space = NULL;
	struct vfa_device *device = NULL;
	int err = vfa_container_open(NULL, backend, &space);

	if (!err)
		err = vfa_device_open(space, bdf, NULL, &device);
	vfa_device_close(device);
	vfa_container_close(space);
	return err;
}

static void need_backend(const struct vm *vm)
{
	vm_need(vm->backend != VFA_BACKEND_IOMMUFD || vm_profile()->has_iommufd,
		"a kernel with iommufd, as in profile intel");
}

static void missing_interrupt_remapping_is_named(void **state)
{
	struct vm *vm = *state;

	vm_need(vm_profile()->has_iommu && !vm_profile()->isolates_interrupts,
		"an IOMMU without interrupt remapping, as profile virtio has it");
	assert_refused(try_device(vm->backend, EDU), EPERM, VFA_CAUSE_UNSAFE_INTERRUPTS);
	assert_said("allow_unsafe_interrupts");
}

static void missing_iommu_is_named(void **state)
{
	struct vm *vm = *state;

	vm_need(!vm_profile()->has_iommu, "a machine without IOMMU, as profile none is");
	assert_refused(try_device(vm->backend, EDU), ENOENT, VFA_CAUSE_NO_IOMMU);
	assert_said(EDU);
}

static void missing_iommu_is_named_by_auto(void **state)
{
	(void)state;
	vm_need(!vm_profile()->has_iommu, "a machine without IOMMU, as profile none is");
	assert_refused(try_device(VFA_BACKEND_AUTO, EDU), ENOENT, VFA_CAUSE_NO_IOMMU);
}

static void noiommu_needs_to_be_asked_for_by_name(void **state)
{
	static const enum vfa_backend others[] = { VFA_BACKEND_AUTO, VFA_BACKEND_TYPE1,
						   VFA_BACKEND_IOMMUFD };
	struct vfa_container *space;
	struct vm *vm = *state;
	struct vfa_irq *irq;
	struct edu edu;
	void *memory;
	size_t i;

	vm_need(!vm_profile()->has_iommu, "a machine without IOMMU, as profile none is");
	vm_set(vm, NOIOMMU_MODE, "Y");
	vm_bind(vm, EDU);

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_refused(try_device(others[i], EDU), ENOENT, VFA_CAUSE_NO_IOMMU);
		assert_said("noiommu");
	}

	vm->backend = VFA_BACKEND_NOIOMMU;
	space = vm_container(vm);
	edu = edu_open(vm, space, EDU);
	assert_int_equal(vfa_container_backend(space), VFA_BACKEND_NOIOMMU);
	memory = vm_memory(vm, PAGE_SIZE);
	assert_refused(vfa_container_map(space, memory, PAGE_SIZE, NULL, NULL), EOPNOTSUPP,
		       VFA_CAUSE_NOIOMMU);
	assert_refused(vfa_container_iova_ranges(space, NULL, 0), EOPNOTSUPP, VFA_CAUSE_NOIOMMU);
	assert_refused(vfa_coherency_is_enforced(space), EOPNOTSUPP, VFA_CAUSE_NOIOMMU);

	irq = vm_irq(vm, edu.device, VFA_IRQ_MSI, 1);
	vfa_mmio_write32(edu.bar, EDU_INTERRUPT_RAISE, 1);
	assert_ok(vfa_irq_wait(irq, 0, 5000, NULL));
	assert_int_equal(edu_acknowledge(edu.bar), 1);
}

static void noiommu_is_refused_where_it_is_off(void **state)
{
	(void)state;
	assert_true(try_device(VFA_BACKEND_NOIOMMU, EDU) < 0);
	assert_said("enable_unsafe_noiommu_mode");
	assert_int_equal(vfa_error_last()->cause, VFA_CAUSE_NOIOMMU);
}

static void noiommu_is_refused_where_there_is_an_iommu(void **state)
{
	struct vm *vm = *state;

	vm_need(vm_profile()->has_iommu, "an IOMMU, as profile intel has it");
	vm_need(access(NOIOMMU_MODE, F_OK) == 0, "a kernel with CONFIG_VFIO_NOIOMMU");
	vm_set(vm, NOIOMMU_MODE, "Y");
	assert_refused(try_device(VFA_BACKEND_NOIOMMU, EDU), ENOENT, VFA_CAUSE_NOIOMMU);
	assert_said(EDU);
}

static void auto_takes_iommufd_where_it_is(void **state)
{
	struct vfa_container *space;
	struct vm *vm = *state;
	char reason[512];

	vm_need_assignment(vm);
	space = vm_container(vm);
	assert_int_equal(vfa_container_backend(space), VFA_BACKEND_AUTO);
	assert_refused(vfa_container_fd(space), ENODEV, VFA_CAUSE_WRONG_ORDER);
	vm_device(vm, space, EDU);
	assert_true(assert_ok(vfa_container_reason(space, reason, sizeof(reason))) > 0);
	print_message("# %s\n", reason);
	if (vm_profile()->has_iommufd) {
		assert_int_equal(vfa_container_backend(space), VFA_BACKEND_IOMMUFD);
		return;
	}
	/* Else type1, and the reason tells what iommufd lacks. */
	assert_int_equal(vfa_container_backend(space), VFA_BACKEND_TYPE1);
	assert_non_null(strstr(reason, "iommufd"));
	assert_non_null(strstr(reason, "/dev/iommu"));
}

static void forced_iommufd_says_why_not(void **state)
{
	(void)state;
	vm_need(!vm_profile()->has_iommufd, "a kernel without iommufd, as in profile stock");
	assert_refused(try_device(VFA_BACKEND_IOMMUFD, EDU), ENOENT, VFA_CAUSE_NO_IOMMUFD);
	assert_said("/dev/iommu");
	assert_refused(vfa_host_check_backend(NULL, VFA_BACKEND_IOMMUFD), ENOENT,
		       VFA_CAUSE_NO_IOMMUFD);
}

static void group_with_a_kernel_driver_names_device_and_driver(void **state)
{
	struct vm *vm = *state;

	vm_need_assignment(vm);
	assert_refused(try_device(vm->backend, BLOCKED), EBUSY, VFA_CAUSE_NOT_VIABLE);
	assert_said(BLOCKER);
	assert_said("nvme");
}

/* Hold a device until the parent says that it is done. */
static pid_t hold_device(enum vfa_backend backend, const char *bdf, int *release)
{
	struct vfa_container *space = NULL;
	struct vfa_device *device = NULL;
	int ready[2], done[2];
	char byte = 0;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(done), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(done[1]);
		if (vfa_container_open(NULL, backend, &space) == 0 &&
		    vfa_device_open(space, bdf, NULL, &device) == 0)
			byte = 1;
		if (write(ready[1], &byte, 1) != 1)
			_exit(1);
		_exit(read(done[0], &byte, 1) != 0);
	}
	close(ready[1]);
	close(done[0]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	assert_int_equal(byte, 1);
	*release = done[1];
	return pid;
}

static void second_opener_is_told_who_holds_the_device(void **state)
{
	struct vm *vm = *state;
	char name[32];
	int release;
	pid_t holder;
	int status;
	int err;

	vm_need_assignment(vm);
	holder = hold_device(vm->backend, EDU, &release);
	err = try_device(vm->backend, EDU);
	close(release);
	assert_int_equal(waitpid(holder, &status, 0), holder);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);

	assert_refused(err, EBUSY,
		       vm->backend == VFA_BACKEND_TYPE1 ? VFA_CAUSE_GROUP_BUSY
							: VFA_CAUSE_DEVICE_BUSY);
	snprintf(name, sizeof(name), "%d", (int)holder);
	assert_said(name);
	assert_ok(try_device(vm->backend, EDU)); /* free again */
}

static void same_device_twice_in_one_process_is_refused(void **state)
{
	struct vfa_device *second = NULL;
	struct vfa_container *space;
	struct vm *vm = *state;

	vm_need_assignment(vm);
	space = vm_container(vm);
	vm_device(vm, space, EDU);
	assert_int_equal(vfa_device_open(space, EDU, NULL, &second), -EBUSY);
	assert_null(second);
	print_message("# same container: %s\n", vfa_error_last()->message);
	assert_int_equal(try_device(vm->backend, EDU), -EBUSY);
	print_message("# another container: %s\n", vfa_error_last()->message);
}

/* The other member is free, but a group has one address space. */
static void one_group_in_two_containers_is_refused(void **state)
{
	struct vm *vm = *state;
	char name[32];
	int release;
	pid_t holder;
	int status;
	int err;

	vm_need_assignment(vm);
	holder = hold_device(vm->backend, PORT_EDU_1, &release);
	err = try_device(vm->backend, PORT_EDU_2);
	close(release);
	assert_int_equal(waitpid(holder, &status, 0), holder);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);

	assert_refused(err, EBUSY, VFA_CAUSE_GROUP_BUSY);
	snprintf(name, sizeof(name), "%d", (int)holder);
	assert_said(name);
}

static void unknown_device_is_refused(void **state)
{
	struct vm *vm = *state;

	need_backend(vm);
	assert_refused(try_device(vm->backend, "0000:00:1e.7"), ENODEV, VFA_CAUSE_NO_DEVICE);
	assert_said("0000:00:1e.7");
	assert_refused(try_device(vm->backend, "1f:00.0"), ENODEV, VFA_CAUSE_NO_DEVICE);
}

static void addresses_that_do_not_parse_are_refused(void **state)
{
	static const char *const addresses[] = {
		"",
		"edu",
		"0000:00:04",
		"0000:00:04.8",
		"0000:00:20.0",
		"0000:00:04.0 ",
		"../0000:00:04.0",
		"0000:00:04.0/..",
		"00:4.",
		"-1:00:04.0",
		"0000:00:04.0\n",
		"0000:000000000000000000004.0",
	};
	struct vm *vm = *state;
	size_t i;

	need_backend(vm);
	for (i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		assert_refused(try_device(vm->backend, addresses[i]), EINVAL, VFA_CAUSE_BAD_BDF);
		assert_non_null(strstr(vfa_error_last()->message, "is not a PCI address"));
	}
	assert_refused(try_device(vm->backend, NULL), EINVAL, VFA_CAUSE_BAD_ARGUMENT);
}

static void device_without_a_vfio_driver_is_refused(void **state)
{
	struct vm *vm = *state;

	vm_need_assignment(vm);
	vm_unbind(vm, OTHER_EDU);
	assert_refused(try_device(vm->backend, OTHER_EDU), ENOENT, VFA_CAUSE_NOT_BOUND);
	assert_said(OTHER_EDU);
	assert_said("vfio-pci");
}

static void device_on_a_kernel_driver_is_refused(void **state)
{
	struct vm *vm = *state;

	vm_need_assignment(vm);
	assert_refused(try_device(vm->backend, BLOCKER), ENOENT, VFA_CAUSE_NOT_BOUND);
	assert_said("nvme");
}

static int open_as_nobody(void *data)
{
	const enum vfa_backend *backend = data;

	if (vm_become_nobody())
		_exit(1);
	return try_device(*backend, EDU);
}

static void other_users_are_told_the_mode_of_the_node(void **state)
{
	struct vfa_group *group;
	struct vm_report report;
	struct vm *vm = *state;
	char node[64] = "/dev/iommu";
	struct stat status;
	char mode[16];

	vm_need_assignment(vm);
	if (vm->backend == VFA_BACKEND_TYPE1) {
		assert_ok(vfa_group_new_for_device(NULL, EDU, &group));
		snprintf(node, sizeof(node), "/dev/vfio/%u", vfa_group_number(group));
		vfa_group_free(group);
	}
	vm_in_child(open_as_nobody, &vm->backend, &report);
	assert_child_refused(&report, EACCES, VFA_CAUSE_ACCESS);
	assert_non_null(strstr(report.message, node));
	assert_int_equal(stat(node, &status), 0);
	snprintf(mode, sizeof(mode), "%o", status.st_mode & 0777);
	assert_non_null(strstr(report.message, mode));
}

static void closed_and_foreign_fds_are_refused(void **state)
{
	struct vfa_container *space = NULL;
	struct vfa_device *device = NULL;
	struct vm *vm = *state;
	int foreign, closed;

	need_backend(vm);
	foreign = vm_open(vm, "/dev/null", O_RDWR);
	closed = fcntl(foreign, F_DUPFD_CLOEXEC, 500); /* a number that does not come back */
	close(closed);
	assert_refused(vfa_container_open_fd(NULL, vm->backend, closed, &space), EBADF,
		       VFA_CAUSE_BAD_FD);
	assert_refused(vfa_container_open_fd(NULL, vm->backend, -1, &space), EBADF,
		       VFA_CAUSE_BAD_FD);
	assert_refused(vfa_container_open_fd(NULL, vm->backend, foreign, &space), ENOTTY,
		       VFA_CAUSE_BAD_FD);
	assert_refused(vfa_container_open_fd(NULL, VFA_BACKEND_AUTO, foreign, &space), EINVAL,
		       VFA_CAUSE_BAD_ARGUMENT);
	assert_null(space);

	space = vm_container(vm);
	assert_refused(vfa_device_open_fd(space, EDU, closed, NULL, &device), EBADF,
		       VFA_CAUSE_BAD_FD);
	assert_refused(vfa_device_open_fd(space, EDU, foreign, NULL, &device), ENOTTY,
		       VFA_CAUSE_BAD_FD);
	assert_null(device);
}

/* The node that vfa_device_open_fd() takes on this backend. */
static int open_node(struct vm *vm, const char *bdf)
{
	struct vfa_group *group;
	char path[128];
	int i;

	if (vm->backend == VFA_BACKEND_TYPE1) {
		assert_ok(vfa_group_new_for_device(NULL, bdf, &group));
		snprintf(path, sizeof(path), "/dev/vfio/%u", vfa_group_number(group));
		vfa_group_free(group);
		return vm_open(vm, path, O_RDWR);
	}
	for (i = 0; i < 64; i++) {
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio-dev/vfio%d", bdf, i);
		if (access(path, F_OK) == 0) {
			snprintf(path, sizeof(path), "/dev/vfio/devices/vfio%d", i);
			return vm_open(vm, path, O_RDWR);
		}
	}
	fail_msg("%s has no device node", bdf);
	return -1;
}

static void fds_from_somebody_else_work_as_well(void **state)
{
	struct vfa_device *device = NULL;
	struct vfa_container *space;
	struct vfa_buffer *buffer;
	struct vm *vm = *state;
	struct edu edu;
	int fd, node;

	vm_need_assignment(vm);
	fd = vm_open(vm, vm->backend == VFA_BACKEND_TYPE1 ? "/dev/vfio/vfio" : "/dev/iommu",
		     O_RDWR);
	assert_ok(vfa_container_open_fd(NULL, vm->backend, fd, &space));
	vm_own_container(vm, space);
	assert_int_equal(vfa_container_backend(space), vm->backend);
	assert_int_not_equal(vfa_container_fd(space), fd);
	node = open_node(vm, EDU);
	assert_ok(vfa_device_open_fd(space, EDU, node, NULL, &device));
	vm_own_device(vm, device);
	assert_string_equal(vfa_device_bdf(device), EDU);

	edu.device = device;
	edu.bar = vm_bar(device, 0);
	assert_ok(vfa_device_enable_bus_master(device));
	buffer = edu_buffer(vm, space, PAGE_SIZE);
	edu_fill(vfa_buffer_vaddr(buffer), PAGE_SIZE, 16);
	edu_take(&edu, vfa_buffer_iova(buffer), EDU_TRANSFER_MAX);
	memset(vfa_buffer_vaddr(buffer), 0, PAGE_SIZE);
	edu_give(&edu, vfa_buffer_iova(buffer), EDU_TRANSFER_MAX);
	edu_check(vfa_buffer_vaddr(buffer), EDU_TRANSFER_MAX, 16);
}

static void used_type1_container_fd_is_refused(void **state)
{
	struct vfa_container *space, *second = NULL;
	struct vm *vm = *state;

	vm_need_assignment(vm);
	vm_need(vm->backend == VFA_BACKEND_TYPE1, "type1, for one iommufd serves many containers");
	space = vm_container(vm);
	vm_device(vm, space, EDU);
	assert_refused(vfa_container_open_fd(NULL, vm->backend, vfa_container_fd(space), &second),
		       EBUSY, VFA_CAUSE_BAD_FD);
	assert_null(second);
}

static void one_iommufd_serves_several_containers(void **state)
{
	struct vfa_map_options same = vm_fixed(0x100000);
	struct vfa_container *first, *second;
	uint32_t first_ioas, second_ioas;
	struct vm *vm = *state;
	int fd;

	vm_need(vm->backend == VFA_BACKEND_IOMMUFD, "iommufd, for type1 has one space an fd");
	vm_need_assignment(vm);
	fd = vm_open(vm, "/dev/iommu", O_RDWR);
	assert_ok(vfa_container_open_fd(NULL, vm->backend, fd, &first));
	vm_own_container(vm, first);
	assert_ok(vfa_container_open_fd(NULL, vm->backend, fd, &second));
	vm_own_container(vm, second);
	assert_ok(vfa_container_ioas(first, &first_ioas));
	assert_ok(vfa_container_ioas(second, &second_ioas));
	assert_int_not_equal(first_ioas, second_ioas);
	vm_device(vm, first, EDU);
	vm_device(vm, second, OTHER_EDU);
	/* The same address in both. */
	vm_buffer(vm, first, PAGE_SIZE, &same);
	vm_buffer(vm, second, PAGE_SIZE, &same);
}

static void null_arguments_are_refused(void **state)
{
	struct vfa_container *space;
	struct vm *vm = *state;
	uint64_t value;

	need_backend(vm);
	space = vm_container(vm);
	assert_refused(vfa_container_open(NULL, vm->backend, NULL), EINVAL, VFA_CAUSE_BAD_ARGUMENT);
	assert_refused(vfa_device_open(space, EDU, NULL, NULL), EINVAL, VFA_CAUSE_BAD_ARGUMENT);
	assert_refused(vfa_container_map(NULL, NULL, PAGE_SIZE, NULL, NULL), EINVAL,
		       VFA_CAUSE_BAD_ARGUMENT);
	assert_refused(vfa_container_alignment(NULL, &value), EINVAL, VFA_CAUSE_BAD_ARGUMENT);
	vfa_container_close(NULL);
	vfa_device_close(NULL);
	vfa_buffer_free(NULL);
	vfa_irq_disable(NULL);
	assert_ok(vfa_mapping_unmap(NULL));
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE(missing_interrupt_remapping_is_named),
		VM_CASE(missing_iommu_is_named),
		VM_CASE_ONCE(missing_iommu_is_named_by_auto),
		VM_CASE_ONCE(noiommu_needs_to_be_asked_for_by_name),
		VM_CASE_ONCE(noiommu_is_refused_where_it_is_off),
		VM_CASE_ONCE(noiommu_is_refused_where_there_is_an_iommu),

		VM_CASE_ONCE(auto_takes_iommufd_where_it_is),
		VM_CASE_ONCE(forced_iommufd_says_why_not),
		VM_CASE(group_with_a_kernel_driver_names_device_and_driver),
		VM_CASE(second_opener_is_told_who_holds_the_device),
		VM_CASE(same_device_twice_in_one_process_is_refused),
		VM_CASE(one_group_in_two_containers_is_refused),
		VM_CASE(unknown_device_is_refused),
		VM_CASE(addresses_that_do_not_parse_are_refused),
		VM_CASE(device_without_a_vfio_driver_is_refused),
		VM_CASE(device_on_a_kernel_driver_is_refused),
		VM_CASE(other_users_are_told_the_mode_of_the_node),
		VM_CASE(closed_and_foreign_fds_are_refused),
		VM_CASE(fds_from_somebody_else_work_as_well),
		VM_CASE(used_type1_container_fd_is_refused),
		VM_CASE(one_iommufd_serves_several_containers),
		VM_CASE(null_arguments_are_refused),
	};

	return vm_run_cases("refusals", cases);
}
