/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What a VMM is told. */

#include <linux/vfio.h>
#include <stdio.h>

#include "messages/messages.h"

static void no_kvm_vfio_is_told(void **state)
{
	struct machine *machine = *state;
	struct vfa_kvm *kvm;
	int vm = fake_vm_open();

	fake_set_kvm_vfio(false);
	SAYS(vfa_kvm_open(machine->host, vm, &kvm), NO_KVM_VFIO,
	     "KVM of this kernel has no VFIO device",
	     "it needs CONFIG_KVM_VFIO, which comes with VFIO");
	close_node(vm);
}

static void registered_is_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_kvm *kvm, *second;
	int vm = fake_vm_open();
	char message[64];

	assert_ok(vfa_kvm_open(space.machine->host, vm, &kvm));
	snprintf(message, sizeof(message), "the VM behind fd %d has a VFIO device already", vm);
	SAYS(vfa_kvm_open(space.machine->host, vm, &second), REGISTERED, message,
	     "pass its fd to vfa_kvm_open_fd; on older kernels it stays with the VM when it is "
	     "closed");
	assert_ok(vfa_kvm_open_fd(space.machine->host, vfa_kvm_fd(kvm), &second));
	assert_ok(vfa_kvm_add(kvm, space.device));
	SAYS(vfa_kvm_add(kvm, space.device), REGISTERED,
	     "0000:00:04.0 was added to this VM already",
	     "add a device once; vfa_kvm_remove takes it out again");
	SAYS(vfa_kvm_add(second, space.device), REGISTERED,
	     "0000:00:04.0 was added to another VM already",
	     "add a device once; vfa_kvm_remove takes it out again");
	vfa_kvm_close(second);
	vfa_kvm_close(kvm);
	close_node(vm);
	close_space(space);
}

static void wrong_vms_are_told(void **state)
{
	struct machine *machine = *state;
	struct vfa_kvm *kvm;
	int vm = fake_vm_open();

	SAYS(vfa_kvm_open(machine->host, 0, &kvm), BAD_FD, "fd 0 is not a VM of KVM",
	     "pass what KVM_CREATE_VM gives, not /dev/kvm nor a VCPU");
	SAYS(vfa_kvm_open_fd(machine->host, 0, &kvm), BAD_FD, "fd 0 is not a VFIO device of KVM",
	     "pass what KVM_CREATE_DEVICE gives for KVM_DEV_TYPE_VFIO");
	fake_set_foreign_vm(true);
	SAYS(vfa_kvm_open(machine->host, vm, &kvm), BAD_FD,
	     "KVM_CREATE_DEVICE: the VM was made by another process, or is dead",
	     "KVM serves a VM to the process that made it only, not to its children");
	close_node(vm);
}

/* The number of the region comes before what a map of it would be told. */
static void refused_regions_are_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_layout_region regions[] = {
		{ .iova = 0x100000, .size = 2 * PAGE, .vaddr = space.memory },
		{ .iova = 0xfee00000, .size = PAGE, .vaddr = space.memory },
	};
	struct vfa_layout *layout;

	assert_ok(vfa_layout_new(space.container, &layout));
	SAYS(vfa_layout_apply(layout, regions, 2), RESERVED,
	     "region 1: map 0xfee00000-0xfee00fff: overlaps reserved region "
	     "0xfee00000-0xfeefffff (msi) of group 4",
	     "the nearest usable IOVA is 0xfedff000");
	regions[1].iova = 0x101000;
	SAYS(vfa_layout_apply(layout, regions, 2), OVERLAP,
	     "region 1: map 0x101000-0x101fff: overlaps region 0, 0x100000-0x101fff",
	     "the regions of a layout cannot overlap: cut or move one of them");
	map_at(space.container, space.memory, PAGE, 0x200000);
	regions[1].iova = 0x200000;
	SAYS(vfa_layout_apply(layout, regions, 2), OVERLAP,
	     "region 1: map 0x200000-0x200fff: overlaps mapping 0x200000-0x200fff",
	     "the nearest usable IOVA is 0x201000");
	regions[0].fd = 3;
	SAYS(vfa_layout_apply(layout, regions, 2), BAD_ARGUMENT,
	     "region 0: vfa_layout_region: fd 0x3 is given without VFA_LAYOUT_FILE",
	     "set the flag, or leave the field 0");
	vfa_layout_free(layout);
	close_space(space);
}

static void a_layout_that_is_lost_is_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_layout_region region = { 0x100000, PAGE, space.memory, 0, 0, 0, 0, 0 };
	struct vfa_layout *layout;

	assert_ok(vfa_layout_new(space.container, &layout));
	assert_ok(vfa_layout_apply(layout, &region, 1));
	SAYS(vfa_container_unmap_all(space.container), WRONG_ORDER,
	     "unmap: 0x100000-0x100fff belongs to a layout",
	     "apply a layout without it, or free the layout: vfa_layout_apply, vfa_layout_free");
	region.access = VFA_ACCESS_READ;
	fake_fail_ioctl(VFIO_IOMMU_MAP_DMA, EIO);
	SAYS(vfa_layout_apply(layout, &region, 1), NOT_RESTORED,
	     "region 0: map 0x100000-0x100fff: Input/output error; and 1 region is not as "
	     "before, the first 0x100000-0x100fff: map 0x100000-0x100fff: Input/output "
	     "error",
	     "vfa_layout_regions lists what is mapped now; apply the old layout again when there "
	     "is memory");
	fake_fail_ioctl(0, 0);
	vfa_layout_free(layout);
	close_space(space);
}

static void what_needs_iommufd_is_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_iommu_info info = VFA_IOMMU_INFO_INIT;

	SAYS(vfa_iommu_get_info(space.device, &info), NOT_IOMMUFD,
	     "IOMMU of 0000:00:04.0: that takes a container on iommufd, and this one is on type1",
	     "open the container with VFA_BACKEND_IOMMUFD");
	close_space(space);
}

static void an_old_kernel_is_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_iommu_info info = VFA_IOMMU_INFO_INIT;

	fake_set_iommu_info(false);
	SAYS(vfa_iommu_get_info(space.device, &info), OLD_KERNEL,
	     "IOMMU of 0000:00:04.0: this kernel has no IOMMU_GET_HW_INFO",
	     "it came with Linux 6.6");
	close_space(space);
}

static void page_requests_are_told(void **state)
{
	struct space space = open_space(state);
	struct fake_fault fault = { .pasid = 1, .count = 3 };
	struct vfa_page_request list[2];
	struct vfa_fault_queue *queue;

	assert_ok(vfa_fault_queue_open(space.container, &queue));
	fake_report_fault(vfa_fault_queue_fd(queue), &fault);
	SAYS(vfa_fault_queue_read(queue, list, 2), NO_ROOM,
	     "the next group of page requests has 3 of them, the list room for 2",
	     "read again into a list of 3");
	SAYS(vfa_fault_queue_respond(queue, 9, VFA_PAGE_HANDLED), NO_REQUEST,
	     "no page requests with cookie 9 wait for an answer",
	     "answer a group once, and not after its PASID was detached, which answers it");
	vfa_fault_queue_close(queue);
	fake_set_fault_queues(false);
	SAYS(vfa_fault_queue_open(space.container, &queue), OLD_KERNEL,
	     "fault queue: this kernel has no IOMMU_FAULT_QUEUE_ALLOC", "it came with Linux 6.11");
	close_space(space);
}

const struct CMUnitTest vmm_messages[] = {
	ON_BOTH(refused_regions_are_told), ON_TYPE1(a_layout_that_is_lost_is_told),
	ON_TYPE1(no_kvm_vfio_is_told),     ON_BOTH(registered_is_told),
	ON_TYPE1(wrong_vms_are_told),      ON_TYPE1(what_needs_iommufd_is_told),
	ON_IOMMUFD(an_old_kernel_is_told), ON_IOMMUFD(page_requests_are_told),
};

const size_t vmm_messages_count = sizeof(vmm_messages) / sizeof(vmm_messages[0]);
