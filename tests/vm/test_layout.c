/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Many regions at once, as a VMM has them. */

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "edu.h"
#include "oracle/layouts.h"
#include "raw.h"

#define SIZE EDU_TRANSFER_MAX

/* edu reaches 28 bits: low memory ends below, and the rest is above 4 GiB. */
#define LOW_SIZE  (8ull << 20)
#define HIGH      (4ull << 30)
#define HIGH_SIZE (4ull << 20)
#define SPARE     (4ull << 20) /* of memory that is in no layout at first */
#define RAM_SIZE  (LOW_SIZE + HIGH_SIZE + SPARE)

#define MSI_WINDOW 0xfee00000ull

struct pc {
	struct vfa_container *space;
	struct vfa_layout *layout;
	int memfd;
	char *ram;
	struct vfa_layout_region regions[3]; /* the third is hotplugged */
};

static struct vfa_layout_region region_of(const struct pc *pc, uint64_t iova, uint64_t offset,
					  uint64_t size)
{
	return (struct vfa_layout_region){
		.iova = iova,
		.size = size,
		.vaddr = pc->ram + offset,
		.offset = offset,
		.flags = VFA_LAYOUT_FILE,
		.fd = pc->memfd,
	};
}

static struct pc open_pc(struct vm *vm)
{
	struct pc pc = { .space = vm_container(vm), .memfd = memfd_create("ram", MFD_CLOEXEC) };

	assert_true(pc.memfd >= 0);
	vm_own_fd(vm, pc.memfd);
	assert_int_equal(ftruncate(pc.memfd, RAM_SIZE), 0);
	pc.ram = vm_map_fd(vm, pc.memfd, RAM_SIZE);
	pc.regions[0] = region_of(&pc, 0, 0, LOW_SIZE);
	pc.regions[1] = region_of(&pc, HIGH, LOW_SIZE, HIGH_SIZE);
	pc.regions[2] = region_of(&pc, HIGH + HIGH_SIZE, LOW_SIZE + HIGH_SIZE, SPARE);
	pc.layout = vm_layout(vm, pc.space);
	return pc;
}

static void check_mapped(struct pc *pc, uint64_t iova, bool mapped)
{
	uint64_t done;
	int err = raw_map(pc->space, pc->ram, PAGE_SIZE, iova);

	assert_int_equal(err, mapped ? -EEXIST : 0);
	if (!err)
		assert_int_equal(raw_unmap(pc->space, iova, PAGE_SIZE, &done), 0);
}

/* Of each region the first page and the last, and what is around them. */
static void check_regions(struct pc *pc, const bool mapped[3])
{
	for (int i = 0; i < 3; i++) {
		check_mapped(pc, pc->regions[i].iova, mapped[i]);
		check_mapped(pc, pc->regions[i].iova + pc->regions[i].size - PAGE_SIZE, mapped[i]);
	}
	check_mapped(pc, LOW_SIZE, false);
}

static void a_layout_is_applied_changed_and_dropped(void **state)
{
	struct vm *vm = *state;
	struct pc pc;

	vm_need_assignment(vm);
	pc = open_pc(vm);
	vm_device(vm, pc.space, EDU);
	assert_ok(vfa_layout_apply(pc.layout, pc.regions, 2));
	check_regions(&pc, (const bool[3]){ true, true, false });
	assert_ok(vfa_layout_apply(pc.layout, pc.regions, 3));
	check_regions(&pc, (const bool[3]){ true, true, true });
	assert_ok(vfa_layout_apply(pc.layout, pc.regions + 1, 2));
	check_regions(&pc, (const bool[3]){ false, true, true });
	assert_ok(vfa_layout_apply(pc.layout, NULL, 0));
	check_regions(&pc, (const bool[3]){ false, false, false });
	assert_int_equal(vm_usage_now().pinned, 0);
}

static void a_refused_list_leaves_the_layout(void **state)
{
	struct vm *vm = *state;
	struct vfa_layout_region bad[3];
	struct pc pc;

	vm_need_assignment(vm);
	pc = open_pc(vm);
	vm_device(vm, pc.space, EDU);
	assert_ok(vfa_layout_apply(pc.layout, pc.regions, 2));
	memcpy(bad, pc.regions, sizeof(bad));
	bad[2].iova = MSI_WINDOW - PAGE_SIZE;
	assert_refused(vfa_layout_apply(pc.layout, bad, 3), EINVAL, VFA_CAUSE_RESERVED);
	assert_said("region 2: ");
	bad[2].iova = HIGH + HIGH_SIZE - PAGE_SIZE;
	assert_refused(vfa_layout_apply(pc.layout, bad, 3), EEXIST, VFA_CAUSE_OVERLAP);
	assert_said("overlaps region 1, ");
	check_regions(&pc, (const bool[3]){ true, true, false });
	assert_refused(vfa_container_unmap_all(pc.space), EBUSY, VFA_CAUSE_WRONG_ORDER);
}

/* The kernel refuses in the midst, when the first region is mapped. */
static void a_refusal_of_the_kernel_undoes_all(void **state)
{
	struct vm *vm = *state;
	struct vfa_layout_region regions[2];
	struct pc pc;
	char *hole;

	vm_need_assignment(vm);
	pc = open_pc(vm);
	vm_device(vm, pc.space, EDU);
	hole = vm_memory(vm, 3 * PAGE_SIZE);
	assert_int_equal(munmap(hole + PAGE_SIZE, PAGE_SIZE), 0);
	memcpy(regions, pc.regions, sizeof(regions));
	regions[1] = (struct vfa_layout_region){ HIGH, 3 * PAGE_SIZE, hole, 0, 0, 0, 0, 0 };
	assert_refused(vfa_layout_apply(pc.layout, regions, 2), EFAULT, VFA_CAUSE_BAD_ADDRESS);
	assert_said("region 1: ");
	check_regions(&pc, (const bool[3]){ false, false, false });
	assert_ok(vfa_layout_apply(pc.layout, pc.regions, 2));
	/* Now it is in the way of one that goes for it, and comes back. */
	assert_refused(vfa_layout_apply(pc.layout, regions, 2), EFAULT, VFA_CAUSE_BAD_ADDRESS);
	check_regions(&pc, (const bool[3]){ true, true, false });
}

static void too_many_regions_leave_none(void **state)
{
	struct vm *vm = *state;
	struct vfa_layout_region regions[10];
	struct pc pc;

	vm_need_assignment(vm);
	vm_need(vm->backend == VFA_BACKEND_TYPE1, "type1, which limits the number of mappings");
	vm_set(vm, "/sys/module/vfio_iommu_type1/parameters/dma_entry_limit", "8");
	pc = open_pc(vm);
	vm_device(vm, pc.space, EDU);
	for (size_t i = 0; i < 10; i++)
		regions[i] = region_of(&pc, i << 20, i << 20, PAGE_SIZE);
	assert_refused(vfa_layout_apply(pc.layout, regions, 10), ENOSPC, VFA_CAUSE_ENTRY_LIMIT);
	assert_said("region 8: ");
	assert_int_equal(vfa_layout_regions(pc.layout, NULL, 0), 0);
	assert_ok(vfa_layout_apply(pc.layout, regions, 8));
}

static void dma_goes_where_the_layout_says(void **state)
{
	struct vm *vm = *state;
	struct vfa_layout_region moved;
	struct edu edu;
	struct pc pc;

	vm_need_assignment(vm);
	pc = open_pc(vm);
	edu = edu_open(vm, pc.space, EDU);
	assert_ok(vfa_layout_apply(pc.layout, pc.regions, 2));
	edu_fill(pc.ram, SIZE, 1);
	edu_take(&edu, 0, SIZE);
	edu_give(&edu, LOW_SIZE - PAGE_SIZE, SIZE);
	edu_check(pc.ram + LOW_SIZE - PAGE_SIZE, SIZE, 1);

	/* Other memory at the same address. */
	moved = region_of(&pc, 0, RAM_SIZE - SPARE, SPARE);
	assert_ok(vfa_layout_apply(pc.layout, &moved, 1));
	edu_give(&edu, PAGE_SIZE, SIZE);
	edu_check(pc.ram + RAM_SIZE - SPARE + PAGE_SIZE, SIZE, 1);
}

#define ROUNDS 3

/* While edu reads one region, others come and go. */
static void dma_goes_on_during_a_change(void **state)
{
	struct vm *vm = *state;
	unsigned int changes = 0;
	struct edu edu;
	struct pc pc;

	vm_need_assignment(vm);
	pc = open_pc(vm);
	edu = edu_open(vm, pc.space, EDU);
	assert_ok(vfa_layout_apply(pc.layout, pc.regions, 3));
	for (unsigned int i = 0; i < ROUNDS; i++) {
		edu_fill(pc.ram, SIZE, i);
		edu_dma_start(edu.bar, 0, 0, SIZE, 0);
		do {
			assert_ok(vfa_layout_apply(pc.layout, pc.regions, 1 + changes % 3));
			changes++;
		} while (!edu_dma_wait(edu.bar, 0));
		edu_give(&edu, LOW_SIZE / 2, SIZE);
		edu_check(pc.ram + LOW_SIZE / 2, SIZE, i);
	}
	printf("# %u changes during %u transfers\n", changes, ROUNDS);
}

static void it_comes_back_with_the_next_device(void **state)
{
	struct vm *vm = *state;
	struct vfa_device *device;
	struct edu edu;
	struct pc pc;

	vm_need_assignment(vm);
	pc = open_pc(vm);
	assert_ok(vfa_device_open(pc.space, OTHER_EDU, NULL, &device));
	assert_ok(vfa_container_keep_mappings(pc.space, false));
	assert_ok(vfa_layout_apply(pc.layout, pc.regions, 2));
	vfa_device_close(device);
	edu = edu_open(vm, pc.space, EDU);
	check_regions(&pc, (const bool[3]){ true, true, false });
	edu_fill(pc.ram, SIZE, 5);
	edu_take(&edu, 0, SIZE);
	edu_give(&edu, PAGE_SIZE, SIZE);
	edu_check(pc.ram + PAGE_SIZE, SIZE, 5);
}

static void a_region_is_split_around_the_msi_window(void **state)
{
	struct vm *vm = *state;
	struct vfa_layout_region all = { .size = 8ull << 30, .vaddr = NULL }, pieces[4];
	struct vfa_container *space;
	int count;

	vm_need_assignment(vm);
	space = vm_container(vm);
	vm_device(vm, space, EDU);
	count = vfa_layout_split(space, &all, pieces, 4);
	assert_int_equal(count, 2);
	assert_int_equal(pieces[0].iova, 0);
	assert_int_equal(pieces[0].size, MSI_WINDOW);
	assert_int_equal(pieces[1].iova, MSI_WINDOW + 0x100000);
	assert_ptr_equal(pieces[1].vaddr, (char *)all.vaddr + pieces[1].iova);
	assert_int_equal(pieces[1].iova + pieces[1].size, all.size);
}

static void a_thousand_regions_are_applied(void **state)
{
	struct vm *vm = *state;
	struct vfa_layout_region *regions;
	struct pc pc;

	vm_need_assignment(vm);
	pc = open_pc(vm);
	vm_device(vm, pc.space, EDU);
	regions = calloc(1000, sizeof(*regions));
	assert_non_null(regions);
	for (size_t i = 0; i < 1000; i++)
		regions[i] = region_of(&pc, i << 16, i * PAGE_SIZE, PAGE_SIZE);
	assert_ok(vfa_layout_apply(pc.layout, regions, 1000));
	assert_ok(vfa_layout_apply(pc.layout, regions + 100, 800));
	assert_int_equal(vfa_layout_regions(pc.layout, NULL, 0), 800);
	check_mapped(&pc, regions[99].iova, false);
	check_mapped(&pc, regions[100].iova, true);
	check_mapped(&pc, regions[899].iova, true);
	check_mapped(&pc, regions[900].iova, false);
	free(regions);
}

static void random_layouts_are_what_the_kernel_has(void **state)
{
	struct vm *vm = *state;
	struct layouts_tally tally;
	struct layouts_plan plan = {
		.kernel = raw_ioctl,
		.iova = 0x100000,
		.changes = 300,
	};

	vm_need_assignment(vm);
	plan.container = vm_container(vm);
	vm_device(vm, plan.container, EDU);
	plan.memory = vm_memory(vm, (LAYOUTS_PAGES + 1) * PAGE_SIZE);
	assert_int_equal(getrandom(&plan.seed, sizeof(plan.seed), 0), sizeof(plan.seed));
	layouts_run(&plan, &tally);
	assert_int_equal(tally.disagreements, 0);
	assert_int_equal(tally.failed, 0);
	assert_int_equal(vm_usage_now().pinned, 0);
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE(a_layout_is_applied_changed_and_dropped),
		VM_CASE(a_refused_list_leaves_the_layout),
		VM_CASE(a_refusal_of_the_kernel_undoes_all),
		VM_CASE(too_many_regions_leave_none),
		VM_CASE(dma_goes_where_the_layout_says),
		VM_CASE(dma_goes_on_during_a_change),
		VM_CASE(it_comes_back_with_the_next_device),
		VM_CASE(a_region_is_split_around_the_msi_window),
		VM_CASE(a_thousand_regions_are_applied),
		VM_CASE(random_layouts_are_what_the_kernel_has),
	};

	return vm_run_cases("layout", cases);
}
