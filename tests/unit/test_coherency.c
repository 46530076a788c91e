/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <linux/vfio.h>

#include "fixture.h"
#include "uapi/iommufd.h"

static int coherency_of(struct machine *machine, const char *bdf)
{
	struct vfa_container *container = open_container(machine);
	struct vfa_device *device = open_device(container, bdf);
	int answer = vfa_coherency_is_enforced(container);

	vfa_device_close(device);
	vfa_container_close(container);
	return answer;
}

static void a_snooping_iommu_enforces(void **state)
{
	assert_int_equal(coherency_of(*state, EDU), 1);
}

static void an_iommu_that_cannot_does_not(void **state)
{
	fake_set_coherent(4, false);
	assert_int_equal(coherency_of(*state, EDU), 0);
}

static void one_device_spoils_it_for_all(void **state)
{
	struct vfa_container *container = open_container(*state);
	struct vfa_device *device = open_device(container, EDU), *other;

	fake_set_coherent(7, false);
	assert_int_equal(vfa_coherency_is_enforced(container), 1);
	other = open_device(container, OTHER);
	assert_int_equal(vfa_coherency_is_enforced(container), 0);
	vfa_device_close(other);
	assert_int_equal(vfa_coherency_is_enforced(container), 1);
	vfa_device_close(device);
	vfa_container_close(container);
}

static void an_empty_container_knows_nothing(void **state)
{
	struct vfa_container *container = open_container(*state);
	struct vfa_device *device;

	assert_fails(vfa_coherency_is_enforced(container), ENODEV, WRONG_ORDER);
	device = open_device(container, EDU);
	vfa_device_close(device);
	assert_fails(vfa_coherency_is_enforced(container), ENODEV, WRONG_ORDER);
	assert_fails(vfa_coherency_is_enforced(NULL), EINVAL, BAD_ARGUMENT);
	vfa_container_close(container);
}

/* The fd may be somebody's who uses the compatibility interface too. */
static void the_compatibility_ioas_is_put_back(void **state)
{
	struct machine *machine = *state;
	struct uapi_iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	struct uapi_iommu_vfio_ioas compat = { .size = sizeof(compat),
					       .op = UAPI_IOMMU_VFIO_IOAS_SET };
	struct vfa_container *container = NULL;
	struct vfa_device *device;
	int fd = open_node(machine, "iommu");

	assert_int_equal(fake_syscalls.ioctl(fd, UAPI_IOMMU_IOAS_ALLOC, &alloc), 0);
	compat.ioas_id = alloc.out_ioas_id;
	assert_int_equal(fake_syscalls.ioctl(fd, UAPI_IOMMU_VFIO_IOAS, &compat), 0);
	assert_ok(vfa_container_open_fd(machine->host, VFA_BACKEND_IOMMUFD, fd, &container));
	device = open_device(container, EDU);
	fake_set_coherent(7, false);
	assert_int_equal(vfa_coherency_is_enforced(container), 1);
	compat.op = UAPI_IOMMU_VFIO_IOAS_GET;
	compat.ioas_id = 0;
	assert_int_equal(fake_syscalls.ioctl(fd, UAPI_IOMMU_VFIO_IOAS, &compat), 0);
	assert_int_equal(compat.ioas_id, alloc.out_ioas_id);
	vfa_device_close(device);
	vfa_container_close(container);
	close_node(fd);
}

static void a_failing_question_is_an_error(void **state)
{
	struct vfa_container *container = open_container(*state);
	struct vfa_device *device = open_device(container, EDU);

	fake_fail_ioctl(VFIO_CHECK_EXTENSION, EIO);
	assert_fails(vfa_coherency_is_enforced(container), EIO, KERNEL);
	assert_true(fake_is_compat_clear());
	fake_fail_ioctl(0, 0);
	assert_int_equal(vfa_coherency_is_enforced(container), 1);
	vfa_device_close(device);
	vfa_container_close(container);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(a_snooping_iommu_enforces),
		ON_BOTH(an_iommu_that_cannot_does_not),
		ON_BOTH(one_device_spoils_it_for_all),
		ON_BOTH(an_empty_container_knows_nothing),
		ON_IOMMUFD(the_compatibility_ioas_is_put_back),
		ON_BOTH(a_failing_question_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
