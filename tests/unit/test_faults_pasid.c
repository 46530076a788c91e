/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* PASIDs are attached and detached. See scenario.h. */

#include "scenario.h"

static void give_pasids(uint32_t group)
{
	struct fake_iommu iommu = { .pasid_bits = 8 };

	fake_set_iommu(group, &iommu);
}

/* It is this one's list that is looked at meanwhile. */
static void use_space(struct run *run, struct vfa_container *space)
{
	struct vfa_container *own = run->container;
	struct vfa_map_options options = at(0x10000);

	run->container = space;
	step_partly(run, 0);
	if (step(run, vfa_container_map(space, run->memory, PAGE, &options, NULL)))
		while (!step_partly(run, vfa_container_unmap_all(space)))
			;
	run->container = own;
	step_partly(run, 0);
}

static int count_windows(struct vfa_container *space)
{
	return vfa_container_windows(space, NULL, 0);
}

/* What fails leaves the device without a PASID, or with it. */
static void lead_there_and_back(struct run *run, struct vfa_device *device,
				struct vfa_container *space)
{
	struct vfa_pasid_options options = VFA_PASID_OPTIONS_INIT;
	uint32_t pasid = 0;
	bool attached;

	step(run, vfa_fault_queue_open(space, &options.faults));
	attached = step(run, vfa_pasid_attach(device, space, &options, &pasid));
	vfa_fault_queue_close(options.faults); /* the PASID holds it */
	step(run, 0);
	if (!attached) {
		assert_int_equal(fake_count_pasids(EDU), 0);
		assert_int_equal(vfa_pasid_list(device, NULL, 0), 0);
		assert_int_equal(count_windows(space), 0);
		return;
	}
	assert_int_equal(fake_count_pasids(EDU), 1);
	step(run, vfa_pasid_attach(device, space, NULL, &pasid));
	use_space(run, space);
	if (!step(run, vfa_pasid_detach(device, space)))
		assert_int_equal(fake_count_pasids(EDU), 1);
}

static void a_pasid_of_one_device(struct run *run)
{
	struct vfa_container *space = NULL;
	struct vfa_device *device = NULL;

	give_pasids(4);
	if (!step(run,
		  vfa_container_open(run->machine->host, run->machine->backend, &run->container)))
		return;
	if (step(run, open_plainly(run->container, EDU, &device)) &&
	    step(run, vfa_container_open_beside(run->container, &space)))
		lead_there_and_back(run, device, space);
	vfa_device_close(device);
	vfa_container_close(space);
	vfa_container_close(run->container);
}

static void use_group(struct run *run, struct vfa_device *const *devices,
		      struct vfa_container *space)
{
	uint32_t pasid = 0;

	if (!step(run, vfa_pasid_attach_group(devices, 2, space, NULL, &pasid))) {
		assert_int_equal(fake_count_pasids(LEFT), 0);
		assert_int_equal(fake_count_pasids(RIGHT), 0);
	} else if (!step(run, vfa_pasid_detach_group(devices, 2, space))) {
		assert_int_equal(fake_count_pasids(LEFT), 1);
		assert_int_equal(fake_count_pasids(RIGHT), 1);
	}
}

static void a_pasid_of_a_group(struct run *run)
{
	struct vfa_container *space = NULL;
	struct vfa_device *devices[2] = { NULL };

	give_pasids(9);
	if (!step(run,
		  vfa_container_open(run->machine->host, run->machine->backend, &run->container)))
		return;
	if (step(run, open_plainly(run->container, LEFT, &devices[0])) &&
	    step(run, open_plainly(run->container, RIGHT, &devices[1])) &&
	    step(run, vfa_container_open_beside(run->container, &space)))
		use_group(run, devices, space);
	vfa_device_close(devices[0]);
	vfa_device_close(devices[1]);
	vfa_container_close(space);
	vfa_container_close(run->container);
}

/* Devices come and leave while the group has a PASID. */
static void a_device_that_leaves_with_its_pasid(struct run *run)
{
	struct vfa_container *space = NULL;
	struct vfa_device *devices[2] = { NULL };
	uint32_t pasid = 0;

	give_pasids(9);
	if (!step(run,
		  vfa_container_open(run->machine->host, run->machine->backend, &run->container)))
		return;
	if (step(run, open_plainly(run->container, LEFT, &devices[0])) &&
	    step(run, open_plainly(run->container, RIGHT, &devices[1])) &&
	    step(run, vfa_container_open_beside(run->container, &space)) &&
	    step(run, vfa_pasid_attach_group(devices, 2, space, NULL, &pasid))) {
		vfa_device_close(devices[1]);
		devices[1] = NULL;
		step_partly(run, 0);
		if (step(run, open_plainly(run->container, RIGHT, &devices[1])))
			step(run, vfa_pasid_attach_group(devices, 2, space, NULL, &pasid));
	}
	vfa_device_close(devices[0]);
	vfa_device_close(devices[1]);
	vfa_container_close(space);
	vfa_container_close(run->container);
}

SCENARIO(a_pasid_of_one_device)
SCENARIO(a_pasid_of_a_group)
SCENARIO(a_device_that_leaves_with_its_pasid)
INTERRUPTED(a_pasid_of_one_device)

#define ON_IOMMUFD_CASES(name)                                                                     \
	ON_IOMMUFD(each_call_of_##name##_may_fail), ON_IOMMUFD(each_allocation_of_##name##_may_fail)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_IOMMUFD_CASES(a_pasid_of_one_device),
		ON_IOMMUFD_CASES(a_pasid_of_a_group),
		ON_IOMMUFD_CASES(a_device_that_leaves_with_its_pasid),
		ON_IOMMUFD(signals_do_not_disturb_a_pasid_of_one_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
