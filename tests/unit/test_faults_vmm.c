/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What a VMM does with a device. See scenario.h. */

#include "scenario.h"

static void register_device(struct run *run, struct vfa_kvm *kvm, struct vfa_device *device)
{
	step(run, vfa_kvm_fd(kvm));
	if (step(run, vfa_kvm_add(kvm, device)))
		step(run, vfa_kvm_remove(kvm, device));
	step(run, vfa_kvm_add(kvm, device));
}

static void register_node(struct run *run, struct vfa_kvm *kvm)
{
	bool by_group = run->machine->backend == VFA_BACKEND_TYPE1;
	int node = open_node(run->machine, by_group ? "vfio/7" : "vfio/devices/vfio3");

	step(run, 0);
	if (node >= 0 && step(run, vfa_kvm_add_fd(kvm, node)))
		step_partly(run, vfa_kvm_remove_fd(kvm, node));
	if (node >= 0)
		close_node(node);
	step(run, 0);
}

/* Once the device goes first, and once KVM. */
static void registration(struct run *run)
{
	struct vfa_host *host = run->machine->host;
	struct vfa_kvm *kvm = NULL, *same = NULL;
	struct vfa_device *device = NULL;
	int vm = fake_vm_open();

	step(run, 0);
	if (step(run, vfa_container_open(host, run->machine->backend, &run->container))) {
		step(run, vfa_kvm_open(host, vm, &kvm));
		step(run, open_plainly(run->container, EDU, &device));
		if (kvm && device)
			register_device(run, kvm, device);
		vfa_device_close(device);
		device = NULL;
		step(run, 0);
		if (kvm && step(run, vfa_kvm_open_fd(host, vfa_kvm_fd(kvm), &same)))
			register_node(run, same);
		step(run, open_plainly(run->container, NVME, &device));
		if (same && device)
			register_device(run, same, device);
		vfa_kvm_close(same);
		vfa_kvm_close(kvm);
		vfa_device_close(device);
		vfa_container_close(run->container);
	}
	close_node(vm);
}

static struct vfa_layout_region page_at(const struct run *run, uint64_t iova, uint32_t access)
{
	return (struct vfa_layout_region){
		.iova = iova, .size = PAGE, .vaddr = run->memory, .access = access
	};
}

/* Some stay, some come and go, and one is in the way of another. */
static void change_layout(struct run *run, struct vfa_layout *layout)
{
	const struct vfa_layout_region first[] = {
		page_at(run, 0x10000, VFA_ACCESS_READ),
		page_at(run, 0x20000, VFA_ACCESS_READ_WRITE),
		page_at(run, 0x40000, VFA_ACCESS_READ_WRITE),
	};
	const struct vfa_layout_region second[] = {
		first[1],
		page_at(run, 0x10000, VFA_ACCESS_READ_WRITE),
		page_at(run, 1ull << 35, VFA_ACCESS_READ_WRITE),
	};
	struct vfa_layout_plan plan = VFA_LAYOUT_PLAN_INIT;

	step(run, vfa_layout_apply(layout, first, 3));
	step(run, vfa_layout_check(layout, second, 3, &plan));
	step(run, vfa_layout_apply(layout, second, 3));
	step(run, vfa_layout_apply(layout, first, 2));
}

/* On type1 what is in it is mapped anew for the second device. */
static void layouts(struct run *run)
{
	struct vfa_layout *layout = NULL;
	struct vfa_device *device = NULL;

	if (!step(run,
		  vfa_container_open(run->machine->host, run->machine->backend, &run->container)))
		return;
	if (step(run, vfa_layout_new(run->container, &layout)) &&
	    step(run, open_plainly(run->container, EDU, &device)))
		change_layout(run, layout);
	vfa_device_close(device);
	device = NULL;
	step(run, 0);
	if (layout && step(run, open_plainly(run->container, NVME, &device)))
		change_layout(run, layout);
	vfa_layout_free(layout);
	step(run, 0);
	vfa_device_close(device);
	vfa_container_close(run->container);
}

static void hardware_info(struct run *run)
{
	struct vfa_iommu_info info = VFA_IOMMU_INFO_INIT;
	struct vfa_device *device = NULL;

	if (!step(run,
		  vfa_container_open(run->machine->host, run->machine->backend, &run->container)))
		return;
	if (step(run, open_plainly(run->container, EDU, &device)))
		step(run, vfa_iommu_get_info(device, &info));
	vfa_device_close(device);
	vfa_container_close(run->container);
}

static void report(struct vfa_fault_queue *queue, size_t count)
{
	struct fake_fault fault = { .pasid = 1, .count = count };

	fake_report_fault(vfa_fault_queue_fd(queue), &fault);
}

/* One group that fits, one that does not, and one that is left. */
static void answer_faults(struct run *run, struct vfa_fault_queue *queue)
{
	struct vfa_page_request list[4];
	int count;

	step(run, vfa_fault_queue_read(queue, list, 2));
	report(queue, 2);
	if (step(run, vfa_fault_queue_read(queue, list, 2)))
		step(run, vfa_fault_queue_respond(queue, list[0].cookie, VFA_PAGE_HANDLED));
	report(queue, 3);
	count = vfa_fault_queue_read(queue, list, 2);
	if (count != -EMSGSIZE) /* which no call of the kernel has failed for */
		step(run, count);
	step(run, vfa_fault_queue_read(queue, list, 4));
	report(queue, 1);
}

static void page_faults(struct run *run)
{
	struct vfa_fault_queue *queue = NULL;

	if (!step(run,
		  vfa_container_open(run->machine->host, run->machine->backend, &run->container)))
		return;
	if (step(run, vfa_fault_queue_open(run->container, &queue)))
		answer_faults(run, queue);
	vfa_fault_queue_close(queue);
	vfa_container_close(run->container);
}

static void page_faults_as_they_were(struct run *run)
{
	fake_set_old_fault_queues(true);
	page_faults(run);
}

SCENARIO(hardware_info)
SCENARIO(page_faults)
SCENARIO(page_faults_as_they_were)
SCENARIO(layouts)
SCENARIO(registration)
UNANSWERED(layouts)
INTERRUPTED(layouts)
INTERRUPTED(registration)
INTERRUPTED(hardware_info)
INTERRUPTED(page_faults)
INTERRUPTED(page_faults_as_they_were)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASES(layouts),
		ON_BOTH(each_answer_to_layouts_may_fail),
		ON_BOTH(signals_do_not_disturb_layouts),
		CASES(registration),
		ON_BOTH(signals_do_not_disturb_registration),
		ON_IOMMUFD(each_call_of_hardware_info_may_fail),
		ON_IOMMUFD(each_allocation_of_hardware_info_may_fail),
		ON_IOMMUFD(signals_do_not_disturb_hardware_info),
		ON_IOMMUFD(each_call_of_page_faults_may_fail),
		ON_IOMMUFD(each_allocation_of_page_faults_may_fail),
		ON_IOMMUFD(signals_do_not_disturb_page_faults),
		ON_IOMMUFD(each_call_of_page_faults_as_they_were_may_fail),
		ON_IOMMUFD(each_allocation_of_page_faults_as_they_were_may_fail),
		ON_IOMMUFD(signals_do_not_disturb_page_faults_as_they_were),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
