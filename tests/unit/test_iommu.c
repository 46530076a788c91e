/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What is told of the IOMMU in front of a device. */

#include <sys/socket.h>
#include <unistd.h>

#include "fixture.h"
#include "uapi/iommufd.h"
#include "uapi/vfio_cdev.h"

#define GROUP 4

static struct fake_iommu with_registers(uint32_t type, const void *registers, uint32_t size)
{
	struct fake_iommu iommu = { .type = type, .size = size };

	memcpy(iommu.registers, registers, size);
	return iommu;
}

static struct vfa_iommu_info info_of(struct vfa_device *device)
{
	struct vfa_iommu_info info = VFA_IOMMU_INFO_INIT;

	memset(&info.registers, 0xa5, sizeof(info.registers));
	assert_ok(vfa_iommu_get_info(device, &info));
	assert_int_equal(info.struct_size, sizeof(info));
	return info;
}

static void vtd_is_told(void **state)
{
	struct space space = open_space(state);
	struct uapi_iommu_hw_info_vtd vtd = { 1, 0, 0x12, 0x34 };
	struct fake_iommu iommu =
		with_registers(UAPI_IOMMU_HW_INFO_TYPE_INTEL_VTD, &vtd, sizeof(vtd));
	struct vfa_iommu_info info;

	iommu.pasid_bits = 20;
	iommu.capabilities = VFA_IOMMU_DIRTY_TRACKING | VFA_IOMMU_PASID_PRIV | 1ull << 40;
	fake_set_iommu(GROUP, &iommu);
	info = info_of(space.device);
	assert_int_equal(info.type, VFA_IOMMU_INTEL_VTD);
	assert_int_equal(info.kernel_type, 1);
	assert_int_equal(info.pasid_bits, 20);
	assert_int_equal(info.is_pasid_told, 1);
	assert_true(info.capabilities == iommu.capabilities);
	assert_int_equal(info.data_size, 24);
	assert_int_equal(info.registers.vtd.flags, 1);
	assert_int_equal(info.registers.vtd.cap, 0x12);
	assert_int_equal(info.registers.vtd.ecap, 0x34);
	assert_int_equal(info.registers.raw[24], 0);
	close_space(space);
}

static void smmuv3_is_told(void **state)
{
	struct space space = open_space(state);
	struct uapi_iommu_hw_info_arm_smmuv3 smmu = { 1, 0, { 10, 11, 12, 13, 14, 15 }, 16, 17 };
	struct fake_iommu iommu =
		with_registers(UAPI_IOMMU_HW_INFO_TYPE_ARM_SMMUV3, &smmu, sizeof(smmu));
	struct vfa_iommu_info info;

	fake_set_iommu(GROUP, &iommu);
	info = info_of(space.device);
	assert_int_equal(info.type, VFA_IOMMU_ARM_SMMUV3);
	assert_int_equal(info.registers.smmuv3.idr[0], 10);
	assert_int_equal(info.registers.smmuv3.idr[5], 15);
	assert_int_equal(info.registers.smmuv3.iidr, 16);
	assert_int_equal(info.registers.smmuv3.aidr, 17);
	close_space(space);
}

static void command_queues_are_told(void **state)
{
	struct space space = open_space(state);
	struct uapi_iommu_hw_info_tegra241_cmdqv cmdqv = { 0, 1, 2, 3, 0 };
	struct fake_iommu iommu =
		with_registers(UAPI_IOMMU_HW_INFO_TYPE_TEGRA241_CMDQV, &cmdqv, sizeof(cmdqv));
	struct vfa_iommu_info info;

	fake_set_iommu(GROUP, &iommu);
	info = info_of(space.device);
	assert_int_equal(info.type, VFA_IOMMU_TEGRA241_CMDQV);
	assert_int_equal(info.registers.cmdqv.version, 1);
	assert_int_equal(info.registers.cmdqv.log2_queues, 2);
	assert_int_equal(info.registers.cmdqv.log2_streams, 3);
	close_space(space);
}

static void amd_is_told(void **state)
{
	struct space space = open_space(state);
	struct uapi_iommu_hw_info_amd amd = { 0x29d3, 0xe };
	struct fake_iommu iommu = with_registers(UAPI_IOMMU_HW_INFO_TYPE_AMD, &amd, sizeof(amd));
	struct vfa_iommu_info info;

	fake_set_iommu(GROUP, &iommu);
	info = info_of(space.device);
	assert_int_equal(info.type, VFA_IOMMU_AMD);
	assert_int_equal(info.registers.amd.efr, 0x29d3);
	assert_int_equal(info.registers.amd.efr2, 0xe);
	close_space(space);
}

static void a_driver_that_tells_nothing_is_none(void **state)
{
	struct space space = open_space(state);
	struct vfa_iommu_info info = info_of(space.device);

	assert_int_equal(info.type, VFA_IOMMU_NONE);
	assert_int_equal(info.pasid_bits, 0);
	assert_int_equal(info.is_pasid_told, 1);
	assert_int_equal(info.data_size, 0);
	assert_true(info.capabilities == 0);
	assert_int_equal(info.registers.vtd.cap, 0);
	close_space(space);
}

/* More registers than there is room for, too. */
static void one_of_a_newer_kernel_is_other(void **state)
{
	struct space space = open_space(state);
	struct fake_iommu iommu = { .type = 0xfeedbeef, .size = sizeof(iommu.registers) };
	struct vfa_iommu_info info;

	memset(iommu.registers, 0x5a, sizeof(iommu.registers));
	fake_set_iommu(GROUP, &iommu);
	info = info_of(space.device);
	assert_int_equal(info.type, VFA_IOMMU_OTHER);
	assert_int_equal(info.kernel_type, 0xfeedbeef);
	assert_int_equal(info.data_size, sizeof(iommu.registers));
	assert_int_equal(info.registers.raw[0], 0x5a);
	assert_int_equal(info.registers.raw[VFA_IOMMU_RAW - 1], 0x5a);
	assert_true(info.reserved[0] == 0);
	close_space(space);
}

/* Each device has the one in front of it. */
static void two_devices_may_have_two(void **state)
{
	struct space space = open_space(state);
	struct vfa_device *other = open_device(space.container, NVME);
	struct fake_iommu iommu = { .type = UAPI_IOMMU_HW_INFO_TYPE_AMD, .pasid_bits = 16 };

	fake_set_iommu(5, &iommu);
	assert_int_equal(info_of(space.device).pasid_bits, 0);
	assert_int_equal(info_of(other).pasid_bits, 16);
	vfa_device_close(other);
	close_space(space);
}

static void an_older_kernel_does_not_tell_of_pasids(void **state)
{
	struct space space = open_space(state);
	struct fake_iommu iommu = { .type = UAPI_IOMMU_HW_INFO_TYPE_AMD, .pasid_bits = 16 };

	fake_set_iommu(GROUP, &iommu);
	fake_set_pasids(false);
	assert_int_equal(info_of(space.device).pasid_bits, 0);
	assert_int_equal(info_of(space.device).is_pasid_told, 0);
	fake_set_pasids(true);
	fake_fail_ioctl(UAPI_VFIO_DEVICE_DETACH_IOMMUFD_PT, EOPNOTSUPP); /* a driver without them */
	iommu.pasid_bits = 0;
	fake_set_iommu(GROUP, &iommu);
	assert_int_equal(info_of(space.device).is_pasid_told, 1);
	fake_fail_ioctl(0, 0);
	close_space(space);
}

/* It asks by a detach, which must not detach anything. */
static void asking_leaves_the_device_where_it_is(void **state)
{
	struct space space = open_space(state);
	size_t objects = fake_count_objects();

	info_of(space.device);
	assert_int_equal(fake_count_objects(), objects);
	map_at(space.container, space.memory, PAGE, 0x100000);
	assert_int_equal(fake_count_mappings(), 1);
	assert_ok(vfa_container_unmap_all(space.container));
	close_space(space);
}

static void a_received_device_tells_as_well(void **state)
{
	struct space space = open_space(state);
	struct fake_iommu iommu = { .type = UAPI_IOMMU_HW_INFO_TYPE_AMD, .pasid_bits = 16 };
	struct vfa_iommu_info info = VFA_IOMMU_INFO_INIT;
	struct vfa_container *container;
	struct vfa_device *device;
	int sockets[2];

	fake_set_iommu(GROUP, &iommu);
	assert_ok(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets));
	assert_ok(vfa_share_send(sockets[0], space.container));
	assert_fails(vfa_iommu_get_info(space.device, &info), EBUSY, SENT);
	assert_int_equal(vfa_share_receive(sockets[1], space.machine->host, &container, &device, 1),
			 1);
	close_space(space);
	assert_int_equal(info_of(device).pasid_bits, 16);
	vfa_device_close(device);
	vfa_container_close(container);
	close(sockets[0]);
	close(sockets[1]);
}

static void a_kernel_without_it_is_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_iommu_info info = VFA_IOMMU_INFO_INIT;

	fake_set_iommu_info(false);
	assert_fails(vfa_iommu_get_info(space.device, &info), EOPNOTSUPP, OLD_KERNEL);
	fake_set_iommu_info(true);
	fake_fail_ioctl(UAPI_IOMMU_GET_HW_INFO, EIO);
	assert_fails(vfa_iommu_get_info(space.device, &info), EIO, KERNEL);
	assert_int_equal(info.data_size, 0);
	fake_fail_ioctl(0, 0);
	close_space(space);
}

static void type1_does_not_tell(void **state)
{
	struct space space = open_space(state);
	struct vfa_iommu_info info = VFA_IOMMU_INFO_INIT;

	assert_fails(vfa_iommu_get_info(space.device, &info), EOPNOTSUPP, NOT_IOMMUFD);
	close_space(space);
}

static void bad_arguments_are_refused(void **state)
{
	struct space space = open_space(state);
	struct vfa_iommu_info info = { .struct_size = 0 };

	assert_fails(vfa_iommu_get_info(NULL, &info), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_iommu_get_info(space.device, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_iommu_get_info(space.device, &info), EINVAL, BAD_ARGUMENT);
	close_space(space);
}

static void names_are_told(void **state)
{
	(void)state;
	assert_string_equal(vfa_iommu_type_name(VFA_IOMMU_NONE), "none");
	assert_string_equal(vfa_iommu_type_name(VFA_IOMMU_INTEL_VTD), "Intel VT-d");
	assert_string_equal(vfa_iommu_type_name(VFA_IOMMU_OTHER), "other");
	assert_string_equal(vfa_iommu_type_name(VFA_IOMMU_OTHER + 1), "unknown");
	assert_string_equal(vfa_iommu_capability_name(VFA_IOMMU_DIRTY_TRACKING), "dirty-tracking");
	assert_string_equal(vfa_iommu_capability_name(VFA_IOMMU_PASID_EXEC), "pasid-exec");
	assert_string_equal(vfa_iommu_capability_name(VFA_IOMMU_PASID_PRIV), "pasid-priv");
	assert_string_equal(vfa_iommu_capability_name(VFA_IOMMU_NO_ATS), "no-ats");
	assert_string_equal(vfa_iommu_capability_name(0), "unknown");
	assert_string_equal(vfa_iommu_capability_name(3), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_IOMMUFD(vtd_is_told),
		ON_IOMMUFD(smmuv3_is_told),
		ON_IOMMUFD(command_queues_are_told),
		ON_IOMMUFD(amd_is_told),
		ON_IOMMUFD(a_driver_that_tells_nothing_is_none),
		ON_IOMMUFD(one_of_a_newer_kernel_is_other),
		ON_IOMMUFD(two_devices_may_have_two),
		ON_IOMMUFD(an_older_kernel_does_not_tell_of_pasids),
		ON_IOMMUFD(asking_leaves_the_device_where_it_is),
		ON_IOMMUFD(a_received_device_tells_as_well),
		ON_IOMMUFD(a_kernel_without_it_is_told),
		ON_TYPE1(type1_does_not_tell),
		ON_BOTH(bad_arguments_are_refused),
		CASE(names_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
