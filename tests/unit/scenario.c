/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "scenario.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "allocations.h"
#include "container.h"
#include "device.h"
#include "mapping.h"

#define MIB      (1ul << 20)
#define FDS_SEEN 128 /* that scenarios may reach */

/* Where the next mappings would go: all that can be seen of what is free. */
static const struct iova_wish wishes[SNAPSHOT_WISHES] = {
	{ .size = PAGE, .min = PAGE, .max = UINT64_MAX, .alignment = PAGE },
	{ .size = 16 * PAGE, .max = UINT64_MAX, .alignment = PAGE },
	{ .size = PAGE, .min = 0x10000, .max = UINT64_MAX, .alignment = PAGE },
	{ .size = 3 * PAGE, .min = 0x20000, .max = UINT64_MAX, .alignment = PAGE },
	{ .size = 2 * MIB, .max = UINT64_MAX, .alignment = 2 * MIB },
};

/* One system call tells of all: this is asked after each step of each run. */
static size_t count_open_fds(void)
{
	struct pollfd fds[FDS_SEEN];
	size_t count = 0;

	for (int fd = 0; fd < FDS_SEEN; fd++)
		fds[fd] = (struct pollfd){ .fd = fd };
	assert_true(poll(fds, FDS_SEEN, 0) >= 0);
	for (int fd = 0; fd < FDS_SEEN; fd++)
		count += !(fds[fd].revents & POLLNVAL);
	return count - fake_count_own_fds();
}

static void snapshot_container(struct vfa_container *container, struct snapshot *ret)
{
	const struct vfa_device *device = container->devices;

	for (; device; device = device->next)
		ret->devices++;
	ret->count = container->space.count;
	ret->mapped_bytes = container->mapped_bytes;
	/* Without a device nothing is free: the limits that may still be there are nobody's. */
	for (size_t i = 0; container->devices && i < SNAPSHOT_WISHES; i++)
		iova_space_find(&container->space, &wishes[i], &ret->free[i]);
}

static void take_snapshot(const struct run *run, struct snapshot *ret)
{
	struct fake_mapping mapping;

	memset(ret, 0, sizeof(*ret));
	ret->fds = count_open_fds();
	ret->objects = fake_count_objects();
	ret->vectors = fake_count_vectors();
	for (size_t i = 0; fake_get_mapping(i, &mapping); i++) {
		assert_true(i < SNAPSHOT_MAPPINGS);
		ret->kernel[i][0] = mapping.iova;
		ret->kernel[i][1] = mapping.size;
		ret->kernel[i][2] = mapping.vaddr;
	}
	if (run->container)
		snapshot_container(run->container, ret);
}

static bool kernel_has(const struct vfa_iova_range *range)
{
	struct fake_mapping mapping;

	for (size_t i = 0; fake_get_mapping(i, &mapping); i++)
		if (mapping.iova == range->start && mapping.size == range->last - range->start + 1)
			return true;
	return false;
}

/* Without a device type1 has nothing, and the list waits for the next one. */
static void check_list(const struct vfa_container *container)
{
	const struct iova_space *space = &container->space;
	const struct iova_span *span;

	if (!container->backend || !container->backend->ops->holds_mappings(container->backend)) {
		assert_int_equal(fake_count_mappings(), 0);
		return;
	}
	assert_int_equal(fake_count_mappings(), space->count);
	for (span = iova_space_first(space, &range_everything); span;
	     span = iova_space_next(space, span))
		assert_true(kernel_has(&span->range));
}

/* What is in the list is found, by its IOVA and by its address. */
static void check_index(struct vfa_container *container)
{
	const struct iova_space *space = &container->space;
	const struct iova_span *span = iova_space_first(space, &range_everything);

	for (; span; span = iova_space_next(space, span)) {
		const struct vfa_mapping *mapping = mapping_of((struct iova_span *)span);
		uint64_t iova = 0, size = mapping_size(mapping);
		void *vaddr = NULL;

		if (!mapping->vaddr)
			continue;
		assert_ok(vfa_container_find_vaddr(container, span->range.start, size, &vaddr));
		assert_ptr_equal(vaddr, mapping->vaddr);
		assert_ok(vfa_container_find_iova(container, mapping->vaddr, 1, &iova));
		assert_ok(vfa_container_find_vaddr(container, iova, 1, &vaddr));
		assert_ptr_equal(vaddr, mapping->vaddr);
	}
}

static void check_error(struct run *run, int result)
{
	const struct vfa_error *error = vfa_error_last();

	run->failures++;
	assert_int_equal(error->code, result);
	assert_int_not_equal(error->cause, VFA_CAUSE_NONE);
	assert_true(error->message[0]);
}

bool step_partly(struct run *run, int result)
{
	if (result < 0)
		check_error(run, result);
	if (run->container) {
		check_list(run->container);
		check_index(run->container);
	}
	take_snapshot(run, &run->before);
	return result >= 0;
}

bool step(struct run *run, int result)
{
	struct snapshot before = run->before;

	step_partly(run, result);
	if (result < 0)
		assert_memory_equal(&run->before, &before, sizeof(before));
	return result >= 0;
}

const struct vfa_device_options without_windows = {
	.struct_size = sizeof(without_windows),
	.flags = VFA_DEVICE_NO_WINDOWS,
};

int open_plainly(struct vfa_container *container, const char *bdf, struct vfa_device **ret)
{
	return vfa_device_open(container, bdf, &without_windows, ret);
}

static void check_nothing_left(const struct machine *machine)
{
	assert_int_equal(fake_count_vectors(), 0);
	assert_int_equal(fake_count_mappings(), 0);
	assert_int_equal(fake_count_objects(), 0);
	assert_int_equal(count_fds(), machine->fds);
}

/* Memory that is shared, in bytes of address space: all that is mapped for DMA here. */
static size_t count_shared(void)
{
	FILE *file = fopen("/proc/self/maps", "re");
	unsigned long start, end;
	char line[512], kind;
	size_t size = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%lx-%lx %*3c%c", &start, &end, &kind) == 3 && kind == 's')
			size += end - start;
	fclose(file);
	return size;
}

static unsigned int play(struct machine *machine, scenario play_it)
{
	struct run run = { .machine = machine };
	size_t shared = count_shared();

	take_snapshot(&run, &run.before);
	fake_set_huge_pages(64 << 10, 1);
	run.memory = memory_new(PAGE);
	play_it(&run);
	memory_free(run.memory, PAGE);
	assert_int_equal(count_shared(), shared);
	machine->log[0] = '\0';
	return run.failures;
}

/* Undisturbed, the scenario is one that succeeds. */
static void check_undisturbed(struct machine *machine, scenario play_it)
{
	fake_fail_call(0, 0);
	assert_int_equal(play(machine, play_it), 0);
	check_nothing_left(machine);
}

static void fail_call(struct machine *machine, scenario play_it, unsigned int n, int err)
{
	fake_fail_call(n, err);
	play(machine, play_it);
	check_nothing_left(machine);
}

void fail_each_call_by_any_errno(void **state, scenario play_it)
{
	unsigned int n = 0;

	check_undisturbed(*state, play_it);
	for (fail_call(*state, play_it, ++n, EDOM); fake_has_failed();
	     fail_call(*state, play_it, ++n, EDOM)) {
		const int *errors = fake_failed_errors();

		assert_non_null(errors);
		/* What one errno leaves behind has to do where all is slow. */
		for (; *errors && !is_slow(); errors++)
			fail_call(*state, play_it, n, *errors);
	}
	fake_fail_call(0, 0);
	assert_true(n > 5);
}

void fail_each_answer(void **state, scenario play_it)
{
	struct machine *machine = *state;
	unsigned int n = 0;

	do {
		fake_fail_answer(++n);
		play(machine, play_it);
		check_nothing_left(machine);
	} while (fake_has_failed());
	fake_fail_answer(0);
	assert_true(n > 1);
}

void fail_each_allocation(void **state, scenario play_it)
{
	struct machine *machine = *state;
	unsigned int n = 0;
	bool came;

	check_undisturbed(machine, play_it);
	do {
		allocations_fail_at(++n);
		play(machine, play_it);
		came = allocations_stop();
		check_nothing_left(machine);
	} while (came);
	assert_true(n > 1);
}

void interrupt_each_call(void **state, scenario play_it)
{
	struct machine *machine = *state;
	unsigned int n = 0;

	do {
		fake_fail_call(++n, EINTR);
		assert_int_equal(play(machine, play_it), 0);
		check_nothing_left(machine);
	} while (fake_has_failed());
	fake_fail_call(0, 0);
}
