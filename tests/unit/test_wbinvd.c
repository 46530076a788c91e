/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What the devices of a guest mean to its WBINVD. */

#include <linux/vfio.h>

#include "fake/no_snoop.h"
#include "fixture.h"

static void make_express(const char *bdf, bool no_snoop)
{
	struct config config = config_express(0x020000, PCI_EXP_TYPE_ENDPOINT, no_snoop);

	fake_set_config(bdf, 0, config.bytes, sizeof(config.bytes));
}

static void check(struct vfa_device *const *devices, size_t count, enum vfa_answer needed,
		  enum vfa_answer kernel, uint32_t device, const char *reason)
{
	struct vfa_wbinvd wbinvd = VFA_WBINVD_INIT;

	assert_int_equal(vfa_coherency_needs_wbinvd(devices, count, &wbinvd), needed != VFA_NO);
	assert_string_equal(wbinvd.reason, reason);
	assert_int_equal(wbinvd.needed, needed);
	assert_int_equal(wbinvd.kernel, kernel);
	assert_int_equal(wbinvd.device, device);
	assert_int_equal(vfa_coherency_needs_wbinvd(devices, count, NULL), needed != VFA_NO);
}

static void it_is_not_needed_where_the_iommu_enforces(void **state)
{
	struct machine *machine = *state;
	struct space space;

	make_express(NVME, true);
	space = open_space_of(state, NVME);
	check(&space.device, 1, VFA_NO, VFA_NO, 0,
	      machine->backend == VFA_BACKEND_TYPE1
		      ? "0000:00:05.0 is coherent: VFIO_DMA_CC_IOMMU of type1 is 1 for the "
			"address space: accesses are made to snoop"
		      : "0000:00:05.0 is coherent: VFIO_DMA_CC_IOMMU of iommufd is 1 for the "
			"address space: accesses are made to snoop");
	close_space(space);
}

/* KVM looks at the IOMMU alone: with the bit cleared it does more than is needed. */
static void the_kernel_does_not_look_at_the_device(void **state)
{
	struct space space;

	make_express(NVME, true);
	fake_set_coherent(5, false);
	space = open_space_of(state, NVME);
	check(&space.device, 1, VFA_UNKNOWN, VFA_YES, 0,
	      "0000:00:05.0 may break coherency: device yes, IOMMU yes, platform unknown");
	assert_ok(vfa_device_disable_no_snoop(space.device));
	check(&space.device, 1, VFA_NO, VFA_YES, 0,
	      "0000:00:05.0 is coherent: Enable No Snoop, bit 11 of Device Control (0x84) of "
	      "0000:00:05.0, is clear");
	close_space(space);
}

static void the_worst_of_several_containers_decides(void **state)
{
	struct vfa_device *devices[2];
	struct space good, bad;

	make_express(EDU, true);
	make_express(NVME, true);
	fake_set_coherent(5, false);
	good = open_space(state);
	bad = open_space_of(state, NVME);
	devices[0] = good.device;
	devices[1] = bad.device;
	check(devices, 2, VFA_UNKNOWN, VFA_YES, 1,
	      "0000:00:05.0 may break coherency: device yes, IOMMU yes, platform unknown");
	close_space(bad);
	close_space(good);
}

/* A container tells of all its devices; KVM is told of those of the guest. */
static void a_device_of_another_guest_makes_the_kernel_s_view_unknown(void **state)
{
	struct vfa_device *devices[2];
	struct space space;

	make_express(NVME, true);
	fake_set_coherent(7, false);
	space = open_space_of(state, NVME);
	devices[0] = space.device;
	devices[1] = open_device(space.container, OTHER);
	check(devices, 1, VFA_UNKNOWN, VFA_UNKNOWN, 0,
	      "0000:00:05.0 may break coherency: device yes, IOMMU yes, platform unknown");
	check(devices, 2, VFA_UNKNOWN, VFA_YES, 0,
	      "0000:00:05.0 may break coherency: device yes, IOMMU yes, platform unknown");
	vfa_device_close(devices[1]);
	close_space(space);
}

static void an_iommu_that_does_not_tell_is_unknown(void **state)
{
	struct space space;

	make_express(NVME, true);
	space = open_space_of(state, NVME);
	fake_fail_ioctl(VFIO_CHECK_EXTENSION, EIO);
	check(&space.device, 1, VFA_UNKNOWN, VFA_UNKNOWN, 0,
	      "0000:00:05.0 may break coherency: device yes, IOMMU unknown, platform unknown");
	fake_fail_ioctl(0, 0);
	close_space(space);
}

static void no_device_needs_nothing(void **state)
{
	(void)state;
	check(NULL, 0, VFA_NO, VFA_NO, 0, "there is no device");
}

static void bad_arguments_are_refused(void **state)
{
	struct vfa_wbinvd wbinvd = { .struct_size = 3 };
	struct vfa_device *devices[2] = { NULL };
	struct space space = open_space(state);

	devices[0] = space.device;
	assert_fails(vfa_coherency_needs_wbinvd(NULL, 1, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_coherency_needs_wbinvd(devices, 2, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_coherency_needs_wbinvd(devices, 1, &wbinvd), EINVAL, BAD_ARGUMENT);
	close_space(space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(it_is_not_needed_where_the_iommu_enforces),
		ON_BOTH(the_kernel_does_not_look_at_the_device),
		ON_BOTH(the_worst_of_several_containers_decides),
		ON_BOTH(a_device_of_another_guest_makes_the_kernel_s_view_unknown),
		ON_BOTH(an_iommu_that_does_not_tell_is_unknown),
		CASE(no_device_needs_nothing),
		ON_BOTH(bad_arguments_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
