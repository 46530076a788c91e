/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* How mappings end: by unmapping, with a device, with their container. */

#include <linux/vfio.h>

#include "fixture.h"
#include "uapi/iommufd.h"

static void check_mapping(size_t index, uint64_t iova, uint64_t size, const void *vaddr)
{
	struct fake_mapping mapping;

	assert_true(fake_get_mapping(index, &mapping));
	assert_int_equal(mapping.iova, iova);
	assert_int_equal(mapping.size, size);
	assert_int_equal(mapping.vaddr, (uintptr_t)vaddr);
}

/* Nothing can be mapped there, and nothing is. */
static void refuse_map_at(struct space space, uint64_t iova, uint64_t size, int err,
			  enum vfa_cause cause)
{
	struct vfa_map_options options = at(iova);
	size_t before = fake_count_mappings();

	check_failure(vfa_container_map(space.container, space.memory, size, &options, NULL), -err,
		      cause);
	assert_int_equal(fake_count_mappings(), before);
}

static unsigned long unmap_ioctl(const struct machine *machine)
{
	return machine->backend == VFA_BACKEND_TYPE1 ? VFIO_IOMMU_UNMAP_DMA : UAPI_IOMMU_IOAS_UNMAP;
}

static void unmap_takes_whole_mappings_and_gaps(void **state)
{
	struct space space = open_space(state);

	map_at(space.container, space.memory, PAGE, 0x10000);
	map_at(space.container, space.memory, PAGE, 0x12000);
	map_at(space.container, space.memory, PAGE, 0x14000);
	assert_ok(vfa_container_unmap(space.container, 0xe000, 0x5000));
	assert_int_equal(fake_count_mappings(), 1);
	check_mapping(0, 0x14000, PAGE, space.memory);
	assert_ok(vfa_container_unmap(space.container, 0x14000, PAGE));
	assert_int_equal(fake_count_mappings(), 0);
	close_space(space);
}

static void unmap_nothing_fails(void **state)
{
	struct space space = open_space(state);

	assert_fails(vfa_container_unmap(space.container, 0x10000, PAGE), ENOENT, NOT_MAPPED);
	map_at(space.container, space.memory, PAGE, 0x10000);
	assert_fails(vfa_container_unmap(space.container, 0x11000, PAGE), ENOENT, NOT_MAPPED);
	assert_fails(vfa_container_unmap(space.container, 0xf000, PAGE), ENOENT, NOT_MAPPED);
	assert_int_equal(fake_count_mappings(), 1);
	close_space(space);
}

static void unmap_part_of_a_mapping_fails(void **state)
{
	struct space space = open_space(state);
	unsigned int asked;

	map_at(space.container, space.memory, PAGE, 0xf000);
	map_at(space.container, space.memory, 4 * PAGE, 0x10000);
	asked = fake_count_ioctls(VFIO_IOMMU_UNMAP_DMA) + fake_count_ioctls(UAPI_IOMMU_IOAS_UNMAP);
	assert_fails(vfa_container_unmap(space.container, 0x10000, PAGE), EINVAL, PARTIAL_UNMAP);
	assert_fails(vfa_container_unmap(space.container, 0x13000, PAGE), EINVAL, PARTIAL_UNMAP);
	assert_fails(vfa_container_unmap(space.container, 0x11000, PAGE), EINVAL, PARTIAL_UNMAP);
	assert_fails(vfa_container_unmap(space.container, 0xf000, 2 * PAGE), EINVAL, PARTIAL_UNMAP);
	assert_fails(vfa_container_unmap(space.container, 0x10001, 1), EINVAL, PARTIAL_UNMAP);
	assert_int_equal(fake_count_mappings(), 2);
	assert_int_equal(fake_count_ioctls(VFIO_IOMMU_UNMAP_DMA) +
				 fake_count_ioctls(UAPI_IOMMU_IOAS_UNMAP),
			 asked);
	close_space(space);
}

static void unmap_all_leaves_nothing(void **state)
{
	struct space space = open_space(state);

	assert_ok(vfa_container_unmap_all(space.container));
	for (uint64_t i = 0; i < 40; i++)
		map_at(space.container, space.memory, PAGE, 0x10000 + 2 * i * PAGE);
	assert_ok(vfa_container_unmap_all(space.container));
	assert_int_equal(fake_count_mappings(), 0);
	map_at(space.container, space.memory, PAGE, 0x10000);
	close_space(space);
}

/* The kernel had less than the library knew of. */
static void a_short_unmap_is_an_error(void **state)
{
	struct space space = open_space(state);

	map_at(space.container, space.memory, 4 * PAGE, 0x10000);
	fake_forget(0x12000, 2 * PAGE);
	assert_fails(vfa_container_unmap(space.container, 0x10000, 4 * PAGE), EIO, SHORT_UNMAP);
	assert_int_equal(fake_count_mappings(), 0);
	map_at(space.container, space.memory, 4 * PAGE, 0x10000);
	close_space(space);
}

static void an_unmap_of_what_the_kernel_forgot_is_an_error(void **state)
{
	struct space space = open_space(state);
	struct vfa_mapping *mapping = map_at(space.container, space.memory, PAGE, 0x10000);

	fake_forget(0x10000, PAGE);
	assert_fails(vfa_mapping_unmap(mapping), EIO, SHORT_UNMAP);
	map_at(space.container, space.memory, PAGE, 0x10000);
	map_at(space.container, space.memory, PAGE, 0x20000);
	fake_forget(0x10000, PAGE);
	assert_fails(vfa_container_unmap_all(space.container), EIO, SHORT_UNMAP);
	assert_int_equal(fake_count_mappings(), 0);
	assert_fails(vfa_container_unmap(space.container, 0x20000, PAGE), ENOENT, NOT_MAPPED);
	close_space(space);
}

static void a_refused_unmap_leaves_the_mapping(void **state)
{
	struct space space = open_space(state);
	struct vfa_mapping *mapping = map_at(space.container, space.memory, PAGE, 0x10000);

	fake_fail_ioctl(unmap_ioctl(space.machine), EBUSY);
	assert_fails(vfa_mapping_unmap(mapping), EBUSY, KERNEL);
	assert_int_equal(fake_count_mappings(), 1);
	assert_int_equal(vfa_mapping_iova(mapping), 0x10000);
	fake_fail_ioctl(0, 0);
	assert_ok(vfa_mapping_unmap(mapping));
	assert_int_equal(fake_count_mappings(), 0);
	close_space(space);
}

static void a_refused_unmap_of_several_leaves_them(void **state)
{
	struct space space = open_space(state);

	for (uint64_t i = 0; i < 3; i++)
		map_at(space.container, space.memory, PAGE, 0x10000 + i * PAGE);
	fake_fail_ioctl(unmap_ioctl(space.machine), EBUSY);
	assert_fails(vfa_container_unmap(space.container, 0x10000, 3 * PAGE), EBUSY, KERNEL);
	assert_fails(vfa_container_unmap_all(space.container), EBUSY, KERNEL);
	assert_int_equal(fake_count_mappings(), 3);
	refuse_map_at(space, 0x10000, PAGE, EEXIST, VFA_CAUSE_OVERLAP);
	fake_fail_ioctl(0, 0);
	assert_ok(vfa_container_unmap(space.container, 0x10000, 3 * PAGE));
	close_space(space);
}

static void an_unmap_without_an_answer_is_done(void **state)
{
	struct space space = open_space(state);

	for (uint64_t i = 0; i < 3; i++)
		map_at(space.container, space.memory, PAGE, 0x10000 + i * PAGE);
	fake_fail_answer(1);
	assert_fails(vfa_container_unmap(space.container, 0x10000, 2 * PAGE), EIO, SHORT_UNMAP);
	assert_int_equal(fake_count_mappings(), 1);
	fake_fail_answer(1);
	assert_fails(vfa_container_unmap_all(space.container), EIO, SHORT_UNMAP);
	assert_int_equal(fake_count_mappings(), 0);
	map_at(space.container, space.memory, PAGE, 0x10000);
	close_space(space);
}

/* Type1 drops its mappings with the last group; the library makes them again. */
static void mappings_survive_the_last_device(void **state)
{
	struct space space = open_space(state);
	struct vfa_mapping *mapping = map_at(space.container, space.memory, 2 * PAGE, 0x10000);
	bool type1 = space.machine->backend == VFA_BACKEND_TYPE1;

	vfa_device_close(space.device);
	assert_int_equal(fake_count_mappings(), type1 ? 0 : 1);
	space.device = open_device(space.container, NVME);
	assert_int_equal(fake_count_mappings(), 1);
	check_mapping(0, 0x10000, 2 * PAGE, space.memory);
	assert_int_equal(vfa_mapping_iova(mapping), 0x10000);
	assert_ok(vfa_mapping_unmap(mapping));
	assert_int_equal(fake_count_mappings(), 0);
	close_space(space);
}

static void mappings_are_unmapped_without_a_device_too(void **state)
{
	struct space space = open_space(state);
	struct vfa_mapping *mapping = map_at(space.container, space.memory, PAGE, 0x10000);

	map_at(space.container, space.memory, PAGE, 0x20000);
	map_at(space.container, space.memory, PAGE, 0x30000);
	vfa_device_close(space.device);
	assert_ok(vfa_mapping_unmap(mapping));
	assert_ok(vfa_container_unmap(space.container, 0x20000, PAGE));
	assert_ok(vfa_container_unmap_all(space.container));
	refuse_map_at(space, 0x10000, PAGE, ENODEV, VFA_CAUSE_WRONG_ORDER);
	space.device = open_device(space.container, EDU);
	assert_int_equal(fake_count_mappings(), 0);
	close_space(space);
}

/* The next device cannot have what the last one left mapped. */
static void mappings_in_the_way_of_the_next_device_stay(void **state)
{
	struct space space = open_space(state);
	struct vfa_device *device = NULL;

	map_at(space.container, space.memory, PAGE, 0x100000000);
	vfa_device_close(space.device);
	fake_set_aperture(7, 0, 0xffffffff);
	assert_fails(vfa_device_open(space.container, OTHER, NULL, &device), EADDRINUSE,
		     JOIN_CONFLICT);
	assert_null(device);
	space.device = open_device(space.container, EDU);
	check_mapping(0, 0x100000000, PAGE, space.memory);
	close_space(space);
}

static void closing_the_container_unmaps(void **state)
{
	struct space space = open_space(state);

	map_at(space.container, space.memory, PAGE, 0x10000);
	vfa_container_close(space.container);
	assert_int_equal(fake_count_mappings(), 1);
	vfa_device_close(space.device);
	assert_int_equal(fake_count_mappings(), 0);
	memory_free(space.memory, MEMORY);
}

static void containers_do_not_see_each_other(void **state)
{
	struct space space = open_space(state);
	struct vfa_container *other = open_container(*state);
	struct vfa_device *device = open_device(other, NVME);

	map_at(space.container, space.memory, PAGE, 0x10000);
	map_at(other, space.memory, PAGE, 0x10000);
	assert_ok(vfa_container_unmap_all(other));
	assert_int_equal(fake_count_mappings(), 1);
	vfa_device_close(device);
	vfa_container_close(other);
	assert_int_equal(fake_count_mappings(), 1);
	close_space(space);
}

/* Both backends: with the last device, and not before. */
static void dropped_mappings_go_with_the_last_device(void **state)
{
	struct space space = open_space(state);
	struct vfa_device *other = open_device(space.container, OTHER);

	assert_ok(vfa_container_keep_mappings(space.container, false));
	map_at(space.container, space.memory, PAGE, 0x10000);
	map_at(space.container, space.memory, PAGE, 0x20000);
	vfa_device_close(other);
	assert_int_equal(fake_count_mappings(), 2);
	vfa_device_close(space.device);
	assert_int_equal(fake_count_mappings(), 0);
	space.device = open_device(space.container, EDU);
	assert_int_equal(fake_count_mappings(), 0);
	assert_fails(vfa_container_unmap(space.container, 0x10000, PAGE), ENOENT, NOT_MAPPED);
	map_at(space.container, space.memory, PAGE, 0x10000);
	close_space(space);
}

static void kept_mappings_come_back_unless_dropped(void **state)
{
	struct space space = open_space(state);

	map_at(space.container, space.memory, PAGE, 0x10000);
	vfa_device_close(space.device);
	space.device = open_device(space.container, NVME);
	assert_int_equal(fake_count_mappings(), 1);
	vfa_device_close(space.device);
	assert_ok(vfa_container_keep_mappings(space.container, false)); /* at once */
	assert_int_equal(fake_count_mappings(), 0);
	space.device = open_device(space.container, EDU);
	assert_int_equal(fake_count_mappings(), 0);
	assert_ok(vfa_container_keep_mappings(space.container, true));
	map_at(space.container, space.memory, PAGE, 0x10000);
	vfa_device_close(space.device);
	space.device = open_device(space.container, NVME);
	assert_int_equal(fake_count_mappings(), 1);
	assert_fails(vfa_container_keep_mappings(NULL, true), EINVAL, BAD_ARGUMENT);
	close_space(space);
}

static void buffers_are_not_dropped(void **state)
{
	struct space space = open_space(state);
	struct vfa_buffer *buffer = NULL;

	assert_ok(vfa_container_keep_mappings(space.container, false));
	assert_ok(vfa_buffer_alloc(space.container, PAGE, NULL, &buffer));
	map_at(space.container, space.memory, PAGE, 0x10000);
	map_at(space.container, space.memory, PAGE, 0);
	vfa_device_close(space.device);
	memset(vfa_buffer_vaddr(buffer), 1, PAGE);
	space.device = open_device(space.container, NVME);
	assert_int_equal(fake_count_mappings(), 1);
	map_at(space.container, space.memory, PAGE, 0x10000);
	vfa_buffer_free(buffer);
	close_space(space);
}

/* Memory that went away keeps a device out only where its mapping is kept. */
static void dropped_mappings_need_no_memory(void **state)
{
	struct space space = open_space(state);

	map_at(space.container, space.memory, PAGE, 0x10000);
	vfa_device_close(space.device);
	memory_free(space.memory, PAGE);
	assert_fails(vfa_device_open(space.container, EDU, NULL, &space.device), EFAULT,
		     BAD_ADDRESS);
	assert_ok(vfa_container_keep_mappings(space.container, false));
	space.device = open_device(space.container, EDU);
	close_space(space);
}

/* The join fails after the kernel has let the device in. */
static void a_failed_join_drops_nothing(void **state)
{
	struct space space = open_space(state);
	struct vfa_device *device = NULL;
	struct vfa_buffer *buffer = NULL;

	assert_ok(vfa_container_keep_mappings(space.container, false));
	assert_ok(vfa_buffer_alloc(space.container, PAGE, NULL, &buffer));
	vfa_device_close(space.device);
	fake_set_gone(NVME, true);
	assert_fails(vfa_device_open(space.container, NVME, NULL, &device), ENODEV, DEVICE_GONE);
	space.device = open_device(space.container, EDU);
	assert_int_equal(fake_count_mappings(), 1);
	vfa_buffer_free(buffer);
	close_space(space);
}

static void what_the_kernel_does_not_drop_stays_listed(void **state)
{
	struct space space = open_space(state);

	assert_ok(vfa_container_keep_mappings(space.container, false));
	map_at(space.container, space.memory, PAGE, 0x10000);
	fake_fail_ioctl(UAPI_IOMMU_IOAS_UNMAP, EIO);
	vfa_device_close(space.device);
	assert_non_null(strstr(space.machine->log, "1 0000:00:04.0 left: unmap 0x10000-0x10fff"));
	assert_fails(vfa_container_keep_mappings(space.container, false), EIO, KERNEL);
	fake_fail_ioctl(0, 0);
	space.device = open_device(space.container, EDU);
	assert_int_equal(fake_count_mappings(), 1);
	assert_ok(vfa_container_unmap(space.container, 0x10000, PAGE));
	close_space(space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(unmap_takes_whole_mappings_and_gaps),
		ON_BOTH(unmap_nothing_fails),
		ON_BOTH(unmap_part_of_a_mapping_fails),
		ON_BOTH(unmap_all_leaves_nothing),
		ON_BOTH(a_short_unmap_is_an_error),
		ON_BOTH(an_unmap_of_what_the_kernel_forgot_is_an_error),
		ON_BOTH(a_refused_unmap_leaves_the_mapping),
		ON_BOTH(a_refused_unmap_of_several_leaves_them),
		ON_BOTH(an_unmap_without_an_answer_is_done),
		ON_BOTH(mappings_survive_the_last_device),
		ON_BOTH(mappings_are_unmapped_without_a_device_too),
		ON_BOTH(mappings_in_the_way_of_the_next_device_stay),
		ON_BOTH(closing_the_container_unmaps),
		ON_BOTH(containers_do_not_see_each_other),
		ON_BOTH(dropped_mappings_go_with_the_last_device),
		ON_BOTH(kept_mappings_come_back_unless_dropped),
		ON_BOTH(buffers_are_not_dropped),
		ON_BOTH(dropped_mappings_need_no_memory),
		ON_BOTH(a_failed_join_drops_nothing),
		ON_IOMMUFD(what_the_kernel_does_not_drop_stays_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
