/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <linux/vfio.h>
#include <stdio.h>

#include "fake/no_snoop.h"
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

static void the_verdict_follows_from_the_answers(void **state)
{
	(void)state;
	for (int device = VFA_NO; device <= VFA_UNKNOWN; device++)
		for (int iommu = VFA_NO; iommu <= VFA_UNKNOWN; iommu++)
			for (int platform = VFA_NO; platform <= VFA_UNKNOWN; platform++) {
				enum vfa_coherency_verdict verdict =
					vfa_coherency_judge(device, iommu, platform);

				if (device * iommu * platform == 0)
					assert_int_equal(verdict, VFA_COHERENCY_COHERENT);
				else if (device * iommu * platform == 1)
					assert_int_equal(verdict, VFA_COHERENCY_CAN_BREAK);
				else
					assert_int_equal(verdict, VFA_COHERENCY_MAY_BREAK);
			}
	assert_string_equal(vfa_coherency_verdict_name(VFA_COHERENCY_COHERENT), "coherent");
	assert_string_equal(vfa_coherency_verdict_name(VFA_COHERENCY_MAY_BREAK), "may break");
	assert_string_equal(vfa_coherency_verdict_name(VFA_COHERENCY_CAN_BREAK), "can break");
	assert_string_equal(vfa_coherency_verdict_name(77), "unknown");
}

static void check_verdict(struct vfa_device *device, enum vfa_coherency_verdict verdict,
			  enum vfa_answer answer, enum vfa_answer iommu)
{
	struct vfa_coherency coherency = VFA_COHERENCY_INIT;

	assert_ok(vfa_device_coherency(device, &coherency));
	assert_int_equal(coherency.struct_size, sizeof(coherency));
	assert_int_equal(coherency.device, answer);
	assert_int_equal(coherency.iommu, iommu);
	assert_int_equal(coherency.platform, VFA_UNKNOWN);
	assert_int_equal(coherency.verdict, verdict);
	assert_true(coherency.device_origin[0]);
	assert_true(coherency.platform_origin[0]);
}

static void make_express(const char *bdf, bool no_snoop)
{
	struct config config = config_express(0x020000, PCI_EXP_TYPE_ENDPOINT, no_snoop);

	fake_set_config(bdf, 0, config.bytes, sizeof(config.bytes));
}

static void a_device_breaks_what_the_iommu_does_not_keep(void **state)
{
	struct space space;

	fake_set_coherent(5, false);
	make_express(NVME, true);
	space = open_space_of(state, NVME);
	check_verdict(space.device, VFA_COHERENCY_MAY_BREAK, VFA_YES, VFA_YES);
	assert_ok(vfa_device_disable_no_snoop(space.device));
	check_verdict(space.device, VFA_COHERENCY_COHERENT, VFA_NO, VFA_YES);
	close_space(space);
}

static void a_snooping_iommu_keeps_what_a_device_would_break(void **state)
{
	struct space space;

	make_express(NVME, true);
	space = open_space_of(state, NVME);
	check_verdict(space.device, VFA_COHERENCY_COHERENT, VFA_YES, VFA_NO);
	close_space(space);
}

static void a_second_device_changes_the_verdict(void **state)
{
	struct vfa_device *other = NULL;
	struct space space;

	make_express(NVME, true);
	fake_set_coherent(7, false);
	space = open_space_of(state, NVME);
	check_verdict(space.device, VFA_COHERENCY_COHERENT, VFA_YES, VFA_NO);
	other = open_device(space.container, OTHER);
	check_verdict(space.device, VFA_COHERENCY_MAY_BREAK, VFA_YES, VFA_YES);
	check_verdict(other, VFA_COHERENCY_COHERENT, VFA_NO, VFA_YES);
	vfa_device_close(other);
	check_verdict(space.device, VFA_COHERENCY_COHERENT, VFA_YES, VFA_NO);
	close_space(space);
}

static void the_origin_of_the_iommu_is_told(void **state)
{
	struct vfa_coherency coherency = VFA_COHERENCY_INIT;
	struct machine *machine = *state;
	struct space space = open_space(state);
	char text[256];

	assert_ok(vfa_device_coherency(space.device, &coherency));
	snprintf(text, sizeof(text),
		 "VFIO_DMA_CC_IOMMU of %s is 1 for the address space: accesses are made to snoop",
		 vfa_backend_name(machine->backend));
	assert_string_equal(coherency.iommu_origin, text);
	fake_fail_ioctl(VFIO_CHECK_EXTENSION, EIO);
	assert_ok(vfa_device_coherency(space.device, &coherency));
	snprintf(text, sizeof(text), "VFIO_DMA_CC_IOMMU of %s failed: Input/output error",
		 vfa_backend_name(machine->backend));
	assert_string_equal(coherency.iommu_origin, text);
	assert_int_equal(coherency.iommu, VFA_UNKNOWN);
	fake_fail_ioctl(0, 0);
	close_space(space);
}

static void a_device_that_is_not_open_leaves_the_iommu_unknown(void **state)
{
	struct config config = config_express(0x020000, PCI_EXP_TYPE_ENDPOINT, true);
	struct vfa_coherency coherency = VFA_COHERENCY_INIT;
	const struct tree_device bare = { .bdf = "0000:00:0c.0", .group = -1, .cdev = -1 };
	struct machine *machine = *state;

	tree_write_config(&machine->tree, NVME, &config, 0);
	assert_ok(vfa_coherency_read(machine->host, "00:05.0", &coherency));
	assert_int_equal(coherency.verdict, VFA_COHERENCY_MAY_BREAK);
	assert_int_equal(coherency.iommu, VFA_UNKNOWN);
	assert_string_equal(coherency.iommu_origin,
			    "what the IOMMU enforces shows in an address space with 0000:00:05.0 "
			    "in it");
	tree_add_device(&machine->tree, &bare);
	tree_write_config(&machine->tree, bare.bdf, &config, 0);
	assert_ok(vfa_coherency_read(machine->host, bare.bdf, &coherency));
	assert_int_equal(coherency.iommu, VFA_YES);
	assert_string_equal(coherency.iommu_origin,
			    "0000:00:0c.0 is in no IOMMU group: no IOMMU is between it and memory");
}

static void an_older_caller_gets_what_it_knows(void **state)
{
	struct {
		struct vfa_coherency coherency;
		uint64_t more;
	} newer = { .coherency = VFA_COHERENCY_INIT, .more = 7 };
	struct space space = open_space(state);

	newer.coherency.struct_size = sizeof(newer);
	assert_ok(vfa_device_coherency(space.device, &newer.coherency));
	assert_int_equal(newer.coherency.struct_size, sizeof(newer));
	assert_int_equal(newer.more, 0);
	close_space(space);
}

static void bad_arguments_are_refused(void **state)
{
	struct vfa_coherency coherency = VFA_COHERENCY_INIT, unset = { .struct_size = 3 };
	struct machine *machine = *state;
	struct space space = open_space(state);

	assert_fails(vfa_device_coherency(NULL, &coherency), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_device_coherency(space.device, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_device_coherency(space.device, &unset), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_coherency_read(machine->host, EDU, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_coherency_read(machine->host, EDU, &unset), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_coherency_read(machine->host, NULL, &coherency), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_coherency_read(machine->host, "bad", &coherency), EINVAL, BAD_BDF);
	assert_fails(vfa_coherency_read(machine->host, "0000:00:1f.7", &coherency), ENODEV,
		     NO_DEVICE);
	close_space(space);
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
		CASE(the_verdict_follows_from_the_answers),
		ON_BOTH(a_device_breaks_what_the_iommu_does_not_keep),
		ON_BOTH(a_snooping_iommu_keeps_what_a_device_would_break),
		ON_BOTH(a_second_device_changes_the_verdict),
		ON_BOTH(the_origin_of_the_iommu_is_told),
		CASE(a_device_that_is_not_open_leaves_the_iommu_unknown),
		ON_BOTH(an_older_caller_gets_what_it_knows),
		ON_BOTH(bad_arguments_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
