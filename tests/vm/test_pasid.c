/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Address spaces by PASID: refusals where something is missing, and on devices that have
 * PASIDs what the real kernel makes of them in its IOMMU's tables.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <unistd.h>
#include <vfa/fault_queue.h>
#include <vfa/iommu.h>
#include <vfa/pasid.h>

#include "edu.h"
#include "pasid_function.h"

#define IOVA  0x100000ull
#define VALUE 0x1122334455667788ull
#define OTHER 0x99aabbccddeeff00ull

/* In place of the usual devices. */
static bool has_functions(void)
{
	return vm_profile()->pasids >= VM_PASIDS_OF_DEVICES;
}

static void need_usual_devices(const struct vm *vm)
{
	vm_need_assignment(vm);
	vm_need(!has_functions(), "the usual devices, as profile intel has them");
}

static void need_functions(struct vm *vm)
{
	vm_need(vm_profile()->pasids == VM_PASIDS_OF_BOTH,
		"devices and an IOMMU with PASIDs, as profile intel-pasid has them");
	vm->backend = VFA_BACKEND_IOMMUFD;
}

/* Another address space where the backend has such, else a container of its own. */
static struct vfa_container *open_beside(struct vm *vm, struct vfa_container *container)
{
	struct vfa_container *beside;

	if (vm->backend != VFA_BACKEND_IOMMUFD)
		return vm_container(vm);
	assert_ok(vfa_container_open_beside(container, &beside));
	vm_own_container(vm, beside);
	return beside;
}

static void check_dma(struct vm *vm, const struct edu *edu, struct vfa_container *space)
{
	struct vfa_buffer *buffer = edu_buffer(vm, space, EDU_TRANSFER_MAX);

	edu_fill(vfa_buffer_vaddr(buffer), EDU_TRANSFER_MAX, 1);
	edu_take(edu, vfa_buffer_iova(buffer), EDU_TRANSFER_MAX);
	memset(vfa_buffer_vaddr(buffer), 0, EDU_TRANSFER_MAX);
	edu_give(edu, vfa_buffer_iova(buffer), EDU_TRANSFER_MAX);
	edu_check(vfa_buffer_vaddr(buffer), EDU_TRANSFER_MAX, 1);
}

static enum vfa_cause cause_of(const struct vm *vm)
{
	return vm->backend == VFA_BACKEND_IOMMUFD ? VFA_CAUSE_NO_PASID : VFA_CAUSE_NOT_IOMMUFD;
}

static bool iommu_has_none(void)
{
	return vm_profile()->pasids == VM_PASIDS_NONE ||
	       vm_profile()->pasids == VM_PASIDS_OF_DEVICES;
}

/* Refused with the reason of the backend, which of a device is @reason; nothing has changed. */
static void refuse(struct vm *vm, struct vfa_device *device, struct vfa_container *beside,
		   const char *bdf, const char *reason)
{
	size_t fds = vm_count_entries("/proc/self/fd");
	uint32_t pasid = 77;

	assert_refused(vfa_pasid_attach(device, beside, NULL, &pasid), EOPNOTSUPP, cause_of(vm));
	if (vm->backend == VFA_BACKEND_IOMMUFD) {
		assert_said(bdf);
		assert_said(reason);
		if (iommu_has_none())
			assert_said("its IOMMU has no PASIDs");
		else
			assert_null(strstr(vfa_error_last()->message, "IOMMU has no"));
	} else {
		assert_said("type1");
	}
	assert_int_equal(pasid, 77);
	assert_int_equal(vfa_pasid_list(device, NULL, 0), 0);
	assert_int_equal(vfa_pasid_newcomers(device, NULL, 0), 0);
	assert_int_equal(vm_count_entries("/proc/self/fd"), fds);
}

static void what_lacks_pasids_is_named(void **state)
{
	struct vfa_container *space, *beside;
	struct vm *vm = *state;
	struct edu edu;

	vm_need_assignment(vm);
	space = vm_container(vm);
	edu = edu_open(vm, space, EDU);
	beside = open_beside(vm, space);
	refuse(vm, edu.device, beside, EDU, "has no PASID capability");
	if (!has_functions())
		refuse(vm, vm_device(vm, space, NVME), beside, NVME, "has no PASID capability");
	if (has_functions() && iommu_has_none())
		refuse(vm, vm_device(vm, space, PASID_FUNCTION_1), beside, PASID_FUNCTION_1,
		       "has the PASID capability, but");
	check_dma(vm, &edu, space);
}

/* Before devices are looked at: PASIDs do not isolate them, whether they have any or not. */
static void device_of_a_larger_group_is_refused_with_its_members(void **state)
{
	struct vfa_container *space, *beside;
	struct vm *vm = *state;
	uint32_t pasid;
	struct edu edu;

	need_usual_devices(vm);
	vm_need(vm->backend == VFA_BACKEND_IOMMUFD, "iommufd, which has PASIDs");
	space = vm_container(vm);
	edu = edu_open(vm, space, PORT_EDU_1);
	beside = open_beside(vm, space);
	assert_refused(vfa_pasid_attach(edu.device, beside, NULL, &pasid), EINVAL,
		       VFA_CAUSE_PASID_GROUP);
	assert_said(PORT_EDU_2);
	assert_null(strstr(vfa_error_last()->message, PORT));
	assert_refused(vfa_pasid_attach_group(&edu.device, 1, beside, NULL, &pasid), EINVAL,
		       VFA_CAUSE_PASID_GROUP);
	assert_said(PORT_EDU_2);
	if (vm_profile()->translates_behind_ports)
		check_dma(vm, &edu, space);
}

static void whole_group_without_pasids_is_refused(void **state)
{
	struct vfa_container *space, *beside;
	struct vfa_device *devices[2];
	struct vm *vm = *state;
	uint32_t pasid;

	need_usual_devices(vm);
	space = vm_container(vm);
	devices[0] = vm_device(vm, space, PORT_EDU_1);
	devices[1] = vm_device(vm, space, PORT_EDU_2);
	beside = open_beside(vm, space);
	assert_refused(vfa_pasid_attach_group(devices, 2, beside, NULL, &pasid), EOPNOTSUPP,
		       cause_of(vm));
	assert_int_equal(vfa_pasid_list(devices[0], NULL, 0), 0);
	assert_int_equal(vfa_pasid_list(devices[1], NULL, 0), 0);
}

/* A function, with a page at IOVA in its own address space, and one beside it. */
struct scene {
	struct vfa_container *space, *beside;
	struct pasid_function function;
	struct vfa_buffer *own, *other; /* @other comes with the first PASID */
};

static volatile uint64_t *words(struct vfa_buffer *buffer)
{
	return vfa_buffer_vaddr(buffer);
}

static void open_scene(struct vm *vm, struct scene *ret)
{
	const struct vfa_map_options at = vm_fixed(IOVA);

	need_functions(vm);
	ret->space = vm_container(vm);
	ret->function = pasid_function_open(vm, ret->space, PASID_FUNCTION_1);
	ret->own = vm_buffer(vm, ret->space, PAGE_SIZE, &at);
	ret->beside = open_beside(vm, ret->space);
}

static uint32_t attach(const struct scene *scene)
{
	uint32_t pasid = 0;

	assert_ok(vfa_pasid_attach(scene->function.device, scene->beside, NULL, &pasid));
	return pasid;
}

static void map_beside(struct vm *vm, struct scene *scene)
{
	const struct vfa_map_options at = vm_fixed(IOVA);

	scene->other = vm_buffer(vm, scene->beside, PAGE_SIZE, &at);
}

/* Requests without a PASID, by DMA. */
static void check_own(const struct scene *scene, uint64_t value)
{
	assert_int_equal(pasid_function_write(&scene->function, IOVA, value), 0);
	assert_int_equal(words(scene->own)[0], value);
	if (scene->other)
		assert_int_equal(words(scene->other)[0], 0);
}

static void check_target(const char *bdf, uint32_t pasid, struct vfa_buffer *buffer)
{
	uint64_t physical = pasid_physical(vfa_buffer_vaddr(buffer));

	assert_int_equal(pasid_target(bdf, pasid, IOVA), physical);
}

static void pasid_leads_to_the_other_address_space(void **state)
{
	struct vfa_pasid_binding binding;
	struct scene scene = { 0 };
	struct vm *vm = *state;
	uint32_t pasid;

	open_scene(vm, &scene);
	check_own(&scene, VALUE);
	pasid = attach(&scene);
	assert_int_equal(pasid, 1);
	map_beside(vm, &scene);

	check_target(PASID_FUNCTION_1, pasid, scene.other);
	check_target(PASID_FUNCTION_1, 0, scene.own);
	check_own(&scene, OTHER);
	assert_int_equal(vfa_pasid_list(scene.function.device, &binding, 1), 1);
	assert_ptr_equal(binding.space, scene.beside);
	assert_int_equal(binding.pasid, pasid);
	assert_int_equal(binding.device_count, 1);

	assert_ok(vfa_pasid_detach(scene.function.device, scene.beside));
	assert_false(pasid_is_attached(PASID_FUNCTION_1, pasid));
	assert_int_equal(vfa_pasid_list(scene.function.device, NULL, 0), 0);
	check_own(&scene, VALUE);
}

static void mappings_come_and_go_while_it_is_attached(void **state)
{
	const struct vfa_map_options at = vm_fixed(IOVA);
	struct scene scene = { 0 };
	struct vm *vm = *state;
	uint32_t pasid;
	void *page;

	open_scene(vm, &scene);
	page = vm_memory(vm, PAGE_SIZE);
	pasid = attach(&scene);
	assert_int_equal(pasid_target(PASID_FUNCTION_1, pasid, IOVA), 0);
	assert_ok(vfa_container_map(scene.beside, page, PAGE_SIZE, &at, NULL));
	assert_int_equal(pasid_target(PASID_FUNCTION_1, pasid, IOVA), pasid_physical(page));
	assert_ok(vfa_container_unmap_all(scene.beside));
	assert_int_equal(pasid_target(PASID_FUNCTION_1, pasid, IOVA), 0);
	check_target(PASID_FUNCTION_1, 0, scene.own);
}

static void same_pair_has_one_pasid_and_one_detach(void **state)
{
	struct scene scene = { 0 };
	struct vm *vm = *state;
	uint32_t pasid;

	open_scene(vm, &scene);
	pasid = attach(&scene);
	assert_int_equal(attach(&scene), pasid);
	assert_ok(vfa_pasid_detach(scene.function.device, scene.beside));
	assert_false(pasid_is_attached(PASID_FUNCTION_1, pasid));
	assert_refused(vfa_pasid_detach(scene.function.device, scene.beside), ENOENT,
		       VFA_CAUSE_NO_PASID);
}

static int attach_fixed(const struct scene *scene, struct vfa_container *space, uint32_t pasid)
{
	struct vfa_pasid_options options = VFA_PASID_OPTIONS_INIT;
	uint32_t got = 0;
	int err;

	options.flags = VFA_PASID_FIXED;
	options.pasid = pasid;
	err = vfa_pasid_attach(scene->function.device, space, &options, &got);
	if (!err)
		assert_int_equal(got, pasid);
	return err;
}

static void given_pasid_is_taken_as_far_as_the_device_goes(void **state)
{
	const uint32_t last = (1u << PASID_BITS) - 1;
	struct scene scene = { 0 };
	struct vfa_container *third;
	struct vm *vm = *state;

	open_scene(vm, &scene);
	third = open_beside(vm, scene.space);
	assert_refused(attach_fixed(&scene, scene.beside, 0), EINVAL, VFA_CAUSE_BAD_ARGUMENT);
	assert_refused(attach_fixed(&scene, scene.beside, last + 1), EINVAL,
		       VFA_CAUSE_BAD_ARGUMENT);
	assert_ok(attach_fixed(&scene, scene.beside, last));
	assert_true(pasid_is_attached(PASID_FUNCTION_1, last));
	assert_refused(attach_fixed(&scene, third, last), EBUSY, VFA_CAUSE_PASID_IN_USE);
	assert_refused(attach_fixed(&scene, scene.beside, 5), EBUSY, VFA_CAUSE_PASID_IN_USE);
	assert_ok(attach_fixed(&scene, third, 5));
	assert_true(pasid_is_attached(PASID_FUNCTION_1, 5));
	map_beside(vm, &scene);
	check_target(PASID_FUNCTION_1, last, scene.other);
	assert_int_equal(pasid_target(PASID_FUNCTION_1, 5, IOVA), 0);
}

static void two_devices_reach_one_address_space(void **state)
{
	struct pasid_function second;
	struct scene scene = { 0 };
	struct vm *vm = *state;
	uint32_t pasid;

	open_scene(vm, &scene);
	second = pasid_function_open(vm, scene.space, PASID_FUNCTION_2);
	assert_int_equal(attach(&scene), 1);
	map_beside(vm, &scene);
	assert_ok(vfa_pasid_attach(second.device, scene.beside, NULL, &pasid));
	check_target(PASID_FUNCTION_1, 1, scene.other);
	check_target(PASID_FUNCTION_2, pasid, scene.other);
	assert_ok(vfa_pasid_detach(scene.function.device, scene.beside));
	assert_false(pasid_is_attached(PASID_FUNCTION_1, 1));
	check_target(PASID_FUNCTION_2, pasid, scene.other);
	assert_int_equal(pasid_function_write(&second, IOVA, VALUE), 0);
	assert_int_equal(words(scene.own)[0], VALUE);
}

static void pasids_of_different_iommufds_are_refused(void **state)
{
	struct scene scene = { 0 };
	struct vm *vm = *state;
	uint32_t pasid;

	open_scene(vm, &scene);
	assert_refused(vfa_pasid_attach(scene.function.device, vm_container(vm), NULL, &pasid),
		       EXDEV, VFA_CAUSE_OTHER_IOMMUFD);
	check_own(&scene, VALUE);
}

static void width_of_the_device_is_told(void **state)
{
	struct vfa_iommu_info info = VFA_IOMMU_INFO_INIT, of_edu = VFA_IOMMU_INFO_INIT;
	struct scene scene = { 0 };
	struct vm *vm = *state;

	open_scene(vm, &scene);
	assert_ok(vfa_iommu_get_info(scene.function.device, &info));
	assert_int_equal(info.type, VFA_IOMMU_INTEL_VTD);
	assert_int_equal(info.pasid_bits, PASID_BITS);
	assert_true(info.capabilities & VFA_IOMMU_PASID_PRIV);
	assert_false(info.capabilities & VFA_IOMMU_PASID_EXEC);
	assert_ok(vfa_iommu_get_info(vm_device(vm, scene.space, EDU), &of_edu));
	assert_int_equal(of_edu.pasid_bits, 0);
}

static void fault_queue_is_refused_without_pri(void **state)
{
	struct vfa_pasid_options options = VFA_PASID_OPTIONS_INIT;
	struct scene scene = { 0 };
	struct vm *vm = *state;
	uint32_t pasid;

	open_scene(vm, &scene);
	assert_ok(vfa_fault_queue_open(scene.space, &options.faults));
	assert_refused(vfa_pasid_attach(scene.function.device, scene.beside, &options, &pasid),
		       EOPNOTSUPP, VFA_CAUSE_NO_FEATURE);
	assert_said("PRI");
	assert_false(pasid_is_attached(PASID_FUNCTION_1, 1));
	vfa_fault_queue_close(options.faults);
	assert_int_equal(attach(&scene), 1);
	check_own(&scene, VALUE);
}

static void closed_device_loses_its_pasids(void **state)
{
	struct vfa_container *space, *beside;
	struct vfa_device *device;
	struct vm *vm = *state;
	uint32_t pasid;

	need_functions(vm);
	space = vm_container(vm);
	assert_ok(vfa_device_open(space, PASID_FUNCTION_1, NULL, &device));
	beside = open_beside(vm, space);
	assert_ok(vfa_pasid_attach(device, beside, NULL, &pasid));
	assert_true(pasid_is_attached(PASID_FUNCTION_1, pasid));
	vfa_device_close(device);
	assert_false(pasid_is_attached(PASID_FUNCTION_1, pasid));
}

/* VFIO does not show the capability; sysfs does. */
static uint16_t pasid_control(const char *bdf)
{
	char path[128];
	uint16_t control = 0;
	int config;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", bdf);
	config = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(config >= 0);
	assert_int_equal(
		pread(config, &control, sizeof(control), PCI_CFG_SPACE_SIZE + PCI_PASID_CTRL),
		sizeof(control));
	close(config);
	return control;
}

static void pasids_outlive_a_reset(void **state)
{
	struct scene scene = { 0 };
	struct vm *vm = *state;
	uint32_t pasid;

	open_scene(vm, &scene);
	pasid = attach(&scene);
	map_beside(vm, &scene);
	assert_true(pasid_control(PASID_FUNCTION_1) & PCI_PASID_CTRL_ENABLE);
	vfa_mmio_write64(scene.function.bar, PASID_DMA_VALUE, VALUE);
	assert_ok(vfa_device_reset(scene.function.device));
	assert_int_equal(vfa_mmio_read64(scene.function.bar, PASID_DMA_VALUE), 0);
	assert_true(pasid_control(PASID_FUNCTION_1) & PCI_PASID_CTRL_ENABLE);
	check_target(PASID_FUNCTION_1, pasid, scene.other);
	assert_ok(vfa_device_enable_bus_master(scene.function.device));
	check_own(&scene, VALUE);
}

/* What is not mapped without a PASID stays out of reach, though it is with one. */
static void requests_without_a_pasid_do_not_reach_the_other_space(void **state)
{
	const struct vfa_map_options at = vm_fixed(2 * IOVA);
	struct scene scene = { 0 };
	struct vm *vm = *state;
	struct vfa_buffer *there;

	open_scene(vm, &scene);
	attach(&scene);
	there = vm_buffer(vm, scene.beside, PAGE_SIZE, &at);
	assert_int_not_equal(pasid_function_write(&scene.function, 2 * IOVA, VALUE), 0);
	assert_int_equal(words(there)[0], 0);
	check_own(&scene, VALUE);
}

static void group_is_attached_and_detached_whole(void **state)
{
	const struct vfa_map_options at = vm_fixed(IOVA);
	struct vfa_container *space, *beside;
	struct vfa_pasid_binding binding;
	struct vfa_device *devices[2];
	struct vfa_buffer *buffer;
	struct vm *vm = *state;
	uint32_t pasid, again;

	need_functions(vm);
	space = vm_container(vm);
	devices[0] = vm_device(vm, space, PASID_NEIGHBOUR_1);
	devices[1] = vm_device(vm, space, PASID_NEIGHBOUR_2);
	beside = open_beside(vm, space);
	assert_refused(vfa_pasid_attach(devices[0], beside, NULL, &pasid), EINVAL,
		       VFA_CAUSE_PASID_GROUP);
	assert_said(PASID_NEIGHBOUR_2);
	assert_false(pasid_is_attached(PASID_NEIGHBOUR_1, 1));

	assert_ok(vfa_pasid_attach_group(devices, 2, beside, NULL, &pasid));
	assert_ok(vfa_pasid_attach_group(devices, 2, beside, NULL, &again));
	assert_int_equal(again, pasid);
	buffer = vm_buffer(vm, beside, PAGE_SIZE, &at);
	check_target(PASID_NEIGHBOUR_1, pasid, buffer);
	check_target(PASID_NEIGHBOUR_2, pasid, buffer);
	assert_int_equal(vfa_pasid_list(devices[1], &binding, 1), 1);
	assert_int_equal(binding.device_count, 2);

	assert_refused(vfa_pasid_detach(devices[0], beside), EBUSY, VFA_CAUSE_PASID_GROUP);
	check_target(PASID_NEIGHBOUR_1, pasid, buffer);
	assert_ok(vfa_pasid_detach_group(devices, 2, beside));
	assert_false(pasid_is_attached(PASID_NEIGHBOUR_1, pasid));
	assert_false(pasid_is_attached(PASID_NEIGHBOUR_2, pasid));
}

static void group_with_one_without_pasids_is_refused_whole(void **state)
{
	struct vfa_container *space, *beside;
	struct vfa_device *devices[2];
	struct vm *vm = *state;
	uint32_t pasid;

	need_functions(vm);
	space = vm_container(vm);
	devices[0] = vm_device(vm, space, PASID_MIXED);
	devices[1] = vm_device(vm, space, PASID_MIXED_EDU);
	beside = open_beside(vm, space);
	assert_refused(vfa_pasid_attach_group(devices, 2, beside, NULL, &pasid), EOPNOTSUPP,
		       VFA_CAUSE_NO_PASID);
	assert_said(PASID_MIXED_EDU);
	assert_int_equal(vfa_pasid_list(devices[0], NULL, 0), 0);
	assert_false(pasid_is_attached(PASID_MIXED, 1));
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE(what_lacks_pasids_is_named),
		VM_CASE(device_of_a_larger_group_is_refused_with_its_members),
		VM_CASE(whole_group_without_pasids_is_refused),
		VM_CASE_ONCE(pasid_leads_to_the_other_address_space),
		VM_CASE_ONCE(mappings_come_and_go_while_it_is_attached),
		VM_CASE_ONCE(same_pair_has_one_pasid_and_one_detach),
		VM_CASE_ONCE(given_pasid_is_taken_as_far_as_the_device_goes),
		VM_CASE_ONCE(two_devices_reach_one_address_space),
		VM_CASE_ONCE(pasids_of_different_iommufds_are_refused),
		VM_CASE_ONCE(width_of_the_device_is_told),
		VM_CASE_ONCE(fault_queue_is_refused_without_pri),
		VM_CASE_ONCE(closed_device_loses_its_pasids),
		VM_CASE_ONCE(pasids_outlive_a_reset),
		VM_CASE_ONCE(requests_without_a_pasid_do_not_reach_the_other_space),
		VM_CASE_ONCE(group_is_attached_and_detached_whole),
		VM_CASE_ONCE(group_with_one_without_pasids_is_refused_whole),
	};

	return vm_run_cases("pasid", cases);
}
