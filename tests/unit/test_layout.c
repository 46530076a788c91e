/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Many regions, all of them or none. */

#include <linux/vfio.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "oracle/layouts.h"
#include "uapi/iommufd.h"

#define IOVA  0x100000ull
#define MSI   0xfee00000ull
#define AT(i) (IOVA + (i)*4 * PAGE)

/* A space with a layout in it. */
struct plot {
	struct space space;
	struct vfa_layout *layout;
};

static struct plot open_plot(void **state)
{
	struct plot plot = { .space = open_space(state) };

	assert_ok(vfa_layout_new(plot.space.container, &plot.layout));
	return plot;
}

static void close_plot(struct plot plot)
{
	vfa_layout_free(plot.layout);
	assert_int_equal(fake_count_mappings(), 0);
	close_space(plot.space);
}

static struct vfa_layout_region region_at(const struct plot *plot, uint64_t iova, size_t pages,
					  size_t page)
{
	return (struct vfa_layout_region){
		.iova = iova,
		.size = pages * PAGE,
		.vaddr = plot->space.memory + page * PAGE,
	};
}

/* Page i of the memory at AT(i). */
static void make_row(const struct plot *plot, struct vfa_layout_region *regions, size_t count)
{
	for (size_t i = 0; i < count; i++)
		regions[i] = region_at(plot, AT(i), 1, i);
}

static void check_kernel(const struct vfa_layout_region *regions, size_t count)
{
	struct fake_mapping mapping;

	assert_int_equal(fake_count_mappings(), count);
	for (size_t i = 0; i < count; i++) {
		assert_true(fake_get_mapping(i, &mapping));
		assert_int_equal(mapping.iova, regions[i].iova);
		assert_int_equal(mapping.size, regions[i].size);
		if (!mapping.inode)
			assert_int_equal(mapping.vaddr, (uintptr_t)regions[i].vaddr);
	}
}

static unsigned int count_maps(void)
{
	return fake_count_ioctls(VFIO_IOMMU_MAP_DMA) + fake_count_ioctls(UAPI_IOMMU_IOAS_MAP);
}

static unsigned int count_unmaps(void)
{
	return fake_count_ioctls(VFIO_IOMMU_UNMAP_DMA) + fake_count_ioctls(UAPI_IOMMU_IOAS_UNMAP);
}

static void fail_maps(int err)
{
	/* One number at a time. */
	fake_fail_ioctl(VFIO_IOMMU_MAP_DMA, 0);
	fake_fail_ioctl(fake_count_ioctls(UAPI_IOMMU_IOAS_MAP) ? UAPI_IOMMU_IOAS_MAP
							       : VFIO_IOMMU_MAP_DMA,
			err);
}

static void regions_are_mapped_together(void **state)
{
	struct plot plot = open_plot(state);
	struct vfa_layout_region regions[4], back[4];

	make_row(&plot, regions, 4);
	regions[2].access = VFA_ACCESS_READ;
	assert_int_equal(vfa_layout_regions(plot.layout, NULL, 0), 0);
	assert_ok(vfa_layout_apply(plot.layout, regions, 4));
	check_kernel(regions, 4);
	assert_int_equal(vfa_layout_regions(plot.layout, back, 4), 4);
	regions[0].access = regions[1].access = regions[3].access = VFA_ACCESS_READ_WRITE;
	assert_memory_equal(regions, back, sizeof(regions));
	assert_ok(vfa_layout_apply(plot.layout, NULL, 0));
	assert_int_equal(fake_count_mappings(), 0);
	assert_ok(vfa_layout_apply(plot.layout, regions, 4));
	close_plot(plot);
}

static void the_order_does_not_matter(void **state)
{
	struct plot plot = open_plot(state);
	struct vfa_layout_region row[3], regions[3], back[3];

	make_row(&plot, row, 3);
	regions[0] = row[2];
	regions[1] = row[0];
	regions[2] = row[1];
	assert_ok(vfa_layout_apply(plot.layout, regions, 3));
	check_kernel(row, 3);
	assert_int_equal(vfa_layout_regions(plot.layout, back, 2), 3);
	assert_int_equal(back[0].iova, AT(0));
	assert_int_equal(back[1].iova, AT(1));
	close_plot(plot);
}

/* DMA goes on: the kernel hears nothing of them. */
static void what_stays_is_not_touched(void **state)
{
	struct plot plot = open_plot(state);
	struct vfa_layout_plan plan = VFA_LAYOUT_PLAN_INIT;
	struct vfa_layout_region regions[4];
	unsigned int maps, unmaps;

	make_row(&plot, regions, 4);
	assert_ok(vfa_layout_apply(plot.layout, regions, 3));
	maps = count_maps();
	unmaps = count_unmaps();
	assert_ok(vfa_layout_apply(plot.layout, regions, 3));
	assert_int_equal(count_maps(), maps);
	assert_ok(vfa_layout_check(plot.layout, regions + 1, 3, &plan));
	assert_int_equal(plan.code, 0);
	assert_true(plan.refused == UINT64_MAX);
	assert_int_equal(plan.kept, 2);
	assert_int_equal(plan.mapped, 1);
	assert_int_equal(plan.unmapped, 1);
	assert_int_equal(plan.replaced, 0);
	assert_int_equal(count_maps(), maps);
	assert_ok(vfa_layout_apply(plot.layout, regions + 1, 3));
	assert_int_equal(count_maps(), maps + 1);
	assert_int_equal(count_unmaps(), unmaps + 1);
	check_kernel(regions + 1, 3);
	close_plot(plot);
}

static void a_region_is_replaced_by_one_that_overlaps_it(void **state)
{
	struct plot plot = open_plot(state);
	struct vfa_layout_plan plan = VFA_LAYOUT_PLAN_INIT;
	struct vfa_layout_region regions[3], other[2];

	make_row(&plot, regions, 3);
	assert_ok(vfa_layout_apply(plot.layout, regions, 3));
	other[0] = region_at(&plot, AT(0), 5, 4); /* over the first two */
	other[1] = regions[2];
	other[1].access = VFA_ACCESS_READ;
	assert_ok(vfa_layout_check(plot.layout, other, 2, &plan));
	assert_int_equal(plan.kept, 0);
	assert_int_equal(plan.mapped, 2);
	assert_int_equal(plan.unmapped, 3);
	assert_int_equal(plan.replaced, 3);
	assert_ok(vfa_layout_apply(plot.layout, other, 2));
	check_kernel(other, 2);
	close_plot(plot);
}

/* Of each kind, and each names the region. */
static void a_refused_list_changes_nothing(void **state)
{
	struct plot plot = open_plot(state);
	struct vfa_layout_plan plan = VFA_LAYOUT_PLAN_INIT;
	struct vfa_layout_region row[3], regions[3];
	const struct {
		struct vfa_layout_region region;
		int err;
		enum vfa_cause cause;
	} bad[] = {
		{ region_at(&plot, MSI, 1, 2), EINVAL, VFA_CAUSE_RESERVED },
		{ region_at(&plot, 1ull << 39, 1, 2), EINVAL, VFA_CAUSE_OUTSIDE_APERTURE },
		{ region_at(&plot, AT(2) + 1, 1, 2), EINVAL, VFA_CAUSE_MISALIGNED },
		{ region_at(&plot, AT(2), 0, 2), EINVAL, VFA_CAUSE_EMPTY },
		{ region_at(&plot, -PAGE, 2, 2), EINVAL, VFA_CAUSE_WRAPPED },
		{ region_at(&plot, AT(1), 1, 2), EEXIST, VFA_CAUSE_OVERLAP },
		{ region_at(&plot, AT(1) - PAGE, 3, 2), EEXIST, VFA_CAUSE_OVERLAP },
		{ region_at(&plot, AT(8), 1, 2), EEXIST, VFA_CAUSE_OVERLAP },
		{ { .iova = AT(2), .size = PAGE }, EINVAL, VFA_CAUSE_BAD_ARGUMENT },
		{ { AT(2), PAGE, row, 0, 8, 0, 0, 0 }, EINVAL, VFA_CAUSE_BAD_ARGUMENT },
		{ { AT(2), PAGE, row, 0, 0, 2, 0, 0 }, EINVAL, VFA_CAUSE_BAD_ARGUMENT },
		{ { AT(2), PAGE, row, 0, 0, 0, 1, 0 }, EINVAL, VFA_CAUSE_BAD_ARGUMENT },
		{ { AT(2), PAGE, row, 1, 0, 0, 0, 0 }, EINVAL, VFA_CAUSE_BAD_ARGUMENT },
		{ { AT(2), PAGE, row, 0, 0, 0, 0, 1 }, EINVAL, VFA_CAUSE_BAD_ARGUMENT },
		{ { AT(2), PAGE, row, 0, 0, 1, -1, 0 }, EBADF, VFA_CAUSE_BAD_FD },
		{ { AT(2), PAGE, row, 1, 0, 1, 1, 0 }, EINVAL, VFA_CAUSE_MISALIGNED },
		{ { AT(2), 2 * PAGE, row, -PAGE, 0, 1, 1, 0 }, EINVAL, VFA_CAUSE_WRAPPED },
	};
	unsigned int maps;

	make_row(&plot, row, 3);
	assert_ok(vfa_layout_apply(plot.layout, row, 2));
	map_at(plot.space.container, plot.space.memory, PAGE, AT(8));
	maps = count_maps();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memcpy(regions, row, sizeof(row));
		regions[2] = bad[i].region;
		check_failure(vfa_layout_apply(plot.layout, regions, 3), -bad[i].err, bad[i].cause);
		assert_int_equal(strncmp(vfa_error_last()->message, "region 2: ", 10), 0);
		assert_ok(vfa_layout_check(plot.layout, regions, 3, &plan));
		assert_int_equal(plan.code, -bad[i].err);
		assert_int_equal(plan.cause, bad[i].cause);
		assert_int_equal(plan.refused, 2);
		assert_int_equal(plan.mapped, 0);
	}
	assert_int_equal(count_maps(), maps);
	assert_ok(vfa_container_unmap(plot.space.container, AT(8), PAGE));
	check_kernel(row, 2);
	close_plot(plot);
}

/* A success leaves the record alone, though places were judged. */
static void success_leaves_the_last_failure(void **state)
{
	struct plot plot = open_plot(state);
	struct vfa_layout_region regions[2];

	make_row(&plot, regions, 2);
	assert_ok(vfa_layout_apply(plot.layout, regions, 2));
	assert_fails(vfa_layout_regions(NULL, NULL, 0), EINVAL, BAD_ARGUMENT);
	regions[0] = region_at(&plot, AT(0), 2, 5);
	assert_ok(vfa_layout_apply(plot.layout, regions, 2));
	check_message("layout is NULL", "");
	close_plot(plot);
}

static void others_may_not_unmap_it(void **state)
{
	struct plot plot = open_plot(state);
	struct vfa_layout_region regions[2];

	make_row(&plot, regions, 2);
	assert_ok(vfa_layout_apply(plot.layout, regions, 2));
	assert_fails(vfa_container_unmap(plot.space.container, AT(0), PAGE), EBUSY, WRONG_ORDER);
	assert_fails(vfa_container_unmap_all(plot.space.container), EBUSY, WRONG_ORDER);
	check_kernel(regions, 2);
	close_plot(plot);
}

static void two_layouts_keep_apart(void **state)
{
	struct plot plot = open_plot(state);
	struct vfa_layout_region regions[4];
	struct vfa_layout *other;

	make_row(&plot, regions, 4);
	assert_ok(vfa_layout_new(plot.space.container, &other));
	assert_ok(vfa_layout_apply(plot.layout, regions, 2));
	assert_fails(vfa_layout_apply(other, regions + 1, 3), EEXIST, OVERLAP);
	assert_ok(vfa_layout_apply(other, regions + 2, 2));
	check_kernel(regions, 4);
	vfa_layout_free(other);
	check_kernel(regions, 2);
	close_plot(plot);
}

/* The old one had to go, and comes back when the new one cannot come. */
static void a_replaced_region_comes_back(void **state)
{
	struct plot plot = open_plot(state);
	struct vfa_layout_region regions[2], other[2];

	make_row(&plot, regions, 2);
	assert_ok(vfa_layout_apply(plot.layout, regions, 2));
	other[0] = region_at(&plot, AT(0), 1, 8);
	other[1] = region_at(&plot, AT(1), 2, 9);
	assert_int_equal(munmap((char *)other[1].vaddr + PAGE, PAGE), 0);
	assert_fails(vfa_layout_apply(plot.layout, other, 2), EFAULT, BAD_ADDRESS);
	assert_int_equal(strncmp(vfa_error_last()->message, "region 1: ", 10), 0);
	check_kernel(regions, 2);
	close_plot(plot);
}

/* Nor can that: the layout is what is left, and says so. */
static void what_is_lost_is_told(void **state)
{
	struct plot plot = open_plot(state);
	struct vfa_layout_region regions[3], other[2], back[3];

	make_row(&plot, regions, 3);
	assert_ok(vfa_layout_apply(plot.layout, regions, 3));
	other[0] = region_at(&plot, AT(0), 2, 8);
	other[1] = regions[2];
	fail_maps(ENOTTY);
	assert_fails(vfa_layout_apply(plot.layout, other, 2), ENOTTY, NOT_RESTORED);
	fail_maps(0);
	assert_int_equal(vfa_layout_regions(plot.layout, back, 3), 2);
	assert_int_equal(back[0].iova, AT(1));
	check_kernel(regions + 1, 2);
	assert_ok(vfa_layout_apply(plot.layout, regions, 3));
	check_kernel(regions, 3);
	close_plot(plot);
}

/* Somebody else unmapped it: all is mapped again. */
static void what_the_kernel_lost_is_mapped_again(void **state)
{
	struct plot plot = open_plot(state);
	struct vfa_layout_region regions[3];

	make_row(&plot, regions, 3);
	assert_ok(vfa_layout_apply(plot.layout, regions, 3));
	fake_forget(AT(2), PAGE);
	assert_fails(vfa_layout_apply(plot.layout, regions, 1), EIO, SHORT_UNMAP);
	check_kernel(regions, 3);
	assert_ok(vfa_layout_apply(plot.layout, regions, 1));
	fake_forget(AT(0), PAGE);
	close_plot(plot);
}

static void it_outlives_the_last_device(void **state)
{
	struct plot plot = open_plot(state);
	struct vfa_layout_region regions[3];

	make_row(&plot, regions, 3);
	assert_ok(vfa_container_keep_mappings(plot.space.container, false));
	assert_ok(vfa_layout_apply(plot.layout, regions, 3));
	vfa_device_close(plot.space.device);
	assert_int_equal(vfa_layout_regions(plot.layout, NULL, 0), 3);
	assert_fails(vfa_layout_apply(plot.layout, regions, 3), ENODEV, WRONG_ORDER);
	plot.space.device = open_device(plot.space.container, NVME);
	check_kernel(regions, 3);
	vfa_device_close(plot.space.device);
	assert_ok(vfa_layout_apply(plot.layout, NULL, 0));
	plot.space.device = open_device(plot.space.container, EDU);
	close_plot(plot);
}

static void it_holds_its_container(void **state)
{
	struct plot plot = open_plot(state);
	struct vfa_layout_region region = region_at(&plot, IOVA, 1, 0);

	assert_ok(vfa_layout_apply(plot.layout, &region, 1));
	vfa_device_close(plot.space.device);
	vfa_container_close(plot.space.container);
	assert_int_equal(vfa_layout_regions(plot.layout, NULL, 0), 1);
	vfa_layout_free(plot.layout);
	memory_free(plot.space.memory, MEMORY);
}

/* By the file where the kernel can, from where in it the region starts. */
static void files_are_mapped(void **state)
{
	struct plot plot = open_plot(state);
	int fd = memfd_create("ram", MFD_CLOEXEC);
	bool by_file = plot.space.machine->backend == VFA_BACKEND_IOMMUFD;
	struct vfa_layout_region region = region_at(&plot, IOVA, 2, 0);
	struct fake_mapping mapping;
	struct stat status;

	assert_int_equal(ftruncate(fd, 4 * PAGE), 0);
	assert_int_equal(fstat(fd, &status), 0);
	region.vaddr = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PAGE);
	region.flags = VFA_LAYOUT_FILE;
	region.offset = PAGE;
	region.fd = fd;
	assert_ok(vfa_layout_apply(plot.layout, &region, 1));
	assert_true(fake_get_mapping(0, &mapping));
	assert_int_equal(mapping.inode, by_file ? status.st_ino : 0);
	assert_int_equal(mapping.offset, by_file ? PAGE : 0);
	region.offset = 3 * PAGE; /* beyond its end */
	region.iova = AT(1);
	if (by_file)
		assert_fails(vfa_layout_apply(plot.layout, &region, 1), EINVAL, FILE_BOUNDS);
	fake_set_map_file(false);
	assert_ok(vfa_layout_apply(plot.layout, &region, 1));
	vfa_layout_free(plot.layout);
	plot.layout = NULL;
	assert_int_equal(munmap(region.vaddr, 2 * PAGE), 0);
	close(fd);
	close_plot(plot);
}

static void a_window_is_warned_of(void **state)
{
	struct plot plot = open_plot(state);
	const struct vfa_window window = { { AT(1), AT(2) - 1 }, VFA_WINDOW_BAR, NVME };
	struct vfa_layout_region regions[2];

	make_row(&plot, regions, 2);
	assert_ok(vfa_container_add_window(plot.space.container, &window));
	assert_ok(vfa_layout_apply(plot.layout, regions, 2));
	assert_non_null(strstr(plot.space.machine->log, "map 0x104000-0x104fff: in the BAR "
							"0x104000-0x107fff of 0000:00:05.0"));
	close_plot(plot);
}

static void a_region_is_split_around_holes(void **state)
{
	struct plot plot;
	struct vfa_layout_region region = {
		.iova = MSI - 2 * PAGE,
		.size = 0x100000 + 8 * PAGE,
		.vaddr = (void *)(16 * PAGE),
		.offset = PAGE,
		.access = VFA_ACCESS_READ,
		.flags = VFA_LAYOUT_FILE,
		.fd = 7,
	};
	struct vfa_layout_region pieces[3];

	fake_add_reserved(4, MSI + 0x100000 + PAGE + 1, MSI + 0x100000 + PAGE + 2, FAKE_RESERVED);
	plot = open_plot(state);
	assert_int_equal(vfa_layout_split(plot.space.container, &region, NULL, 0), 3);
	assert_int_equal(vfa_layout_split(plot.space.container, &region, pieces, 3), 3);
	assert_int_equal(pieces[0].iova, region.iova);
	assert_int_equal(pieces[0].size, 2 * PAGE);
	assert_ptr_equal(pieces[0].vaddr, region.vaddr);
	assert_int_equal(pieces[0].offset, PAGE);
	assert_int_equal(pieces[1].iova, MSI + 0x100000);
	assert_int_equal(pieces[1].size, PAGE); /* up to the page with the small hole */
	assert_ptr_equal(pieces[1].vaddr, (char *)region.vaddr + 0x100000 + 2 * PAGE);
	assert_int_equal(pieces[1].offset, 0x100000 + 3 * PAGE);
	assert_int_equal(pieces[1].fd, 7);
	assert_int_equal(pieces[2].iova, MSI + 0x100000 + 2 * PAGE);
	assert_int_equal(pieces[2].iova + pieces[2].size, region.iova + region.size);
	region.iova = MSI;
	region.size = PAGE;
	assert_int_equal(vfa_layout_split(plot.space.container, &region, pieces, 3), 0);
	region.size = 0;
	assert_fails(vfa_layout_split(plot.space.container, &region, pieces, 3), EINVAL, EMPTY);
	region.size = 1;
	assert_fails(vfa_layout_split(plot.space.container, &region, pieces, 3), EINVAL,
		     MISALIGNED);
	region.iova = 1;
	assert_fails(vfa_layout_split(plot.space.container, &region, pieces, 3), EINVAL,
		     MISALIGNED);
	region.iova = -PAGE;
	region.size = 2 * PAGE;
	assert_fails(vfa_layout_split(plot.space.container, &region, pieces, 3), EINVAL, WRAPPED);
	close_plot(plot);
}

static void a_region_up_to_the_end_is_split(void **state)
{
	struct plot plot;
	struct vfa_layout_region region = { .iova = 1ull << 63, .size = 1ull << 63 }, piece;

	fake_set_aperture(4, 0, UINT64_MAX);
	plot = open_plot(state);
	assert_int_equal(vfa_layout_split(plot.space.container, &region, &piece, 1), 1);
	assert_true(piece.iova == region.iova);
	/* iommufd is kept from the last page. */
	assert_true(piece.size ==
		    region.size - (plot.space.machine->backend == VFA_BACKEND_IOMMUFD ? PAGE : 0));
	close_plot(plot);
}

static void a_thousand_regions_are_applied(void **state)
{
	struct plot plot = open_plot(state);
	struct vfa_layout_region *regions = calloc(1001, sizeof(*regions));

	for (size_t i = 0; i < 1000; i++)
		regions[i] = region_at(&plot, IOVA + i * 2 * PAGE, 1, i % 16);
	assert_ok(vfa_layout_apply(plot.layout, regions, 1000));
	check_kernel(regions, 1000);
	regions[1000] = region_at(&plot, MSI, 1, 0);
	assert_fails(vfa_layout_apply(plot.layout, regions, 1001), EINVAL, RESERVED);
	assert_ok(vfa_layout_apply(plot.layout, regions + 500, 500));
	check_kernel(regions + 500, 500);
	free(regions);
	close_plot(plot);
}

static void fail_a_call(void *data, unsigned int n)
{
	fake_fail_call(n, *(const int *)data);
}

static void lose_an_answer(void *data, unsigned int n)
{
	(void)data;
	fake_fail_answer(n);
}

static bool calm(void *data)
{
	bool came = fake_has_failed();

	(void)data;
	fake_fail_call(0, 0);
	fake_fail_answer(0);
	return came;
}

static void change_at_random(void **state, void (*arm)(void *data, unsigned int n), int err,
			     uint64_t seed)
{
	struct space space = open_space(state);
	struct layouts_tally tally;
	struct layouts_plan plan = {
		.container = space.container,
		.kernel = fake_syscalls.ioctl,
		.iova = IOVA,
		.memory = memory_new((LAYOUTS_PAGES + 1) * PAGE),
		.seed = seed,
		.changes = is_slow() ? 20 : 200,
		.arm = arm,
		.disarm = calm,
		.data = &err,
	};

	layouts_run(&plan, &tally);
	assert_int_equal(tally.disagreements, 0);
	assert_true(tally.calls > plan.changes);
	assert_int_equal(fake_count_mappings(), 0);
	memory_free(plan.memory, (LAYOUTS_PAGES + 1) * PAGE);
	close_space(space);
}

static void random_changes_are_whole_whichever_call_fails(void **state)
{
	change_at_random(state, fail_a_call, ENOMEM, 1);
	change_at_random(state, fail_a_call, EDOM, 2);
	change_at_random(state, fail_a_call, EFAULT, 3);
}

static void random_changes_are_whole_whichever_answer_is_lost(void **state)
{
	change_at_random(state, lose_an_answer, 0, 4);
}

#define THREADS 3

struct changer {
	pthread_t thread;
	struct layouts_plan plan;
	struct layouts_tally tally;
};

static void *change_one(void *data)
{
	struct changer *changer = data;

	layouts_run(&changer->plan, &changer->tally);
	return NULL;
}

/* Each thread has a layout of its own in the same container. */
static void threads_change_layouts_at_once(void **state)
{
	struct space space = open_space(state);
	char *memory = memory_new((LAYOUTS_PAGES + 1) * PAGE);
	struct changer changers[THREADS] = { 0 };

	for (size_t i = 0; i < THREADS; i++) {
		changers[i].plan = (struct layouts_plan){
			.container = space.container,
			.kernel = fake_syscalls.ioctl,
			.iova = IOVA + i * LAYOUTS_PAGES * PAGE,
			.memory = memory,
			.seed = i,
			.changes = is_slow() ? 10 : 100,
		};
		assert_int_equal(
			pthread_create(&changers[i].thread, NULL, change_one, &changers[i]), 0);
	}
	for (size_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(changers[i].thread, NULL), 0);
		assert_int_equal(changers[i].tally.disagreements, 0);
		assert_int_equal(changers[i].tally.failed, 0);
	}
	assert_int_equal(fake_count_mappings(), 0);
	memory_free(memory, (LAYOUTS_PAGES + 1) * PAGE);
	close_space(space);
}

static void null_is_refused(void **state)
{
	struct plot plot = open_plot(state);
	struct vfa_layout_plan plan = VFA_LAYOUT_PLAN_INIT;
	struct vfa_layout_region region = region_at(&plot, IOVA, 1, 0);
	struct vfa_layout *layout;

	assert_fails(vfa_layout_new(NULL, &layout), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_layout_new(plot.space.container, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_layout_apply(NULL, &region, 1), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_layout_apply(plot.layout, NULL, 1), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_layout_check(NULL, &region, 1, &plan), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_layout_check(plot.layout, NULL, 1, &plan), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_layout_check(plot.layout, &region, 1, NULL), EINVAL, BAD_ARGUMENT);
	plan.struct_size = 0;
	assert_fails(vfa_layout_check(plot.layout, &region, 1, &plan), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_layout_regions(plot.layout, NULL, 1), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_layout_split(NULL, &region, NULL, 0), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_layout_split(plot.space.container, NULL, NULL, 0), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_layout_split(plot.space.container, &region, NULL, 1), EINVAL,
		     BAD_ARGUMENT);
	vfa_layout_free(NULL);
	close_plot(plot);
}

static void without_a_device_nothing_is_known(void **state)
{
	struct vfa_container *container = open_container(*state);
	struct vfa_layout_plan plan = VFA_LAYOUT_PLAN_INIT;
	struct vfa_layout_region region = { .iova = IOVA, .size = PAGE, .vaddr = &region };
	struct vfa_layout *layout;

	assert_ok(vfa_layout_new(container, &layout));
	assert_ok(vfa_layout_apply(layout, NULL, 0));
	assert_fails(vfa_layout_apply(layout, &region, 1), ENODEV, WRONG_ORDER);
	assert_fails(vfa_layout_check(layout, &region, 1, &plan), ENODEV, WRONG_ORDER);
	assert_fails(vfa_layout_split(container, &region, NULL, 0), ENODEV, WRONG_ORDER);
	vfa_layout_free(layout);
	vfa_container_close(container);
}

static void noiommu_has_no_layout(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container;
	struct vfa_layout *layout;

	fake_set_noiommu(true);
	assert_ok(vfa_container_open(machine->host, VFA_BACKEND_NOIOMMU, &container));
	assert_fails(vfa_layout_new(container, &layout), EOPNOTSUPP, NOIOMMU);
	vfa_container_close(container);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(regions_are_mapped_together),
		ON_BOTH(the_order_does_not_matter),
		ON_BOTH(what_stays_is_not_touched),
		ON_BOTH(a_region_is_replaced_by_one_that_overlaps_it),
		ON_BOTH(a_refused_list_changes_nothing),
		ON_BOTH(success_leaves_the_last_failure),
		ON_BOTH(others_may_not_unmap_it),
		ON_BOTH(two_layouts_keep_apart),
		ON_BOTH(a_replaced_region_comes_back),
		ON_BOTH(what_is_lost_is_told),
		ON_BOTH(what_the_kernel_lost_is_mapped_again),
		ON_BOTH(it_outlives_the_last_device),
		ON_BOTH(it_holds_its_container),
		ON_BOTH(files_are_mapped),
		ON_BOTH(a_window_is_warned_of),
		ON_BOTH(a_region_is_split_around_holes),
		ON_BOTH(a_region_up_to_the_end_is_split),
		ON_BOTH(a_thousand_regions_are_applied),
		ON_BOTH(random_changes_are_whole_whichever_call_fails),
		ON_BOTH(random_changes_are_whole_whichever_answer_is_lost),
		ON_BOTH(threads_change_layouts_at_once),
		ON_BOTH(null_is_refused),
		ON_BOTH(without_a_device_nothing_is_known),
		ON_TYPE1(noiommu_has_no_layout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
