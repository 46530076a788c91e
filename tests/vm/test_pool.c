/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Pieces of pools as devices see them, and pools as the kernel lets them grow. */

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "edu.h"
#include "nvme.h"

#define PAGE_BLOCKS     (PAGE_SIZE / NVME_BLOCK)
#define NAMESPACE_PAGES ((8u << 20) / PAGE_SIZE)

/* A piece of this size is written and another one read by edu, over all its length. */
static void copy_through_edu(struct vm *vm, struct vfa_container *space, const struct edu *edu,
			     size_t size)
{
	struct vfa_pool_options options = VFA_POOL_OPTIONS_INIT;
	struct vfa_map_options reachable = VFA_MAP_OPTIONS_INIT;
	struct vfa_buffer_options memory = VFA_BUFFER_OPTIONS_INIT;
	struct vfa_piece pieces[80];
	struct vfa_pool *pool;

	reachable.iova_max = EDU_DMA_MASK;
	memory.map = &reachable;
	options.buffer = &memory;
	pool = vm_pool(vm, space, size, 80, &options);
	assert_ok(vfa_pool_get_many(pool, pieces, 80));
	edu_fill(pieces[7].vaddr, size, (unsigned int)size);
	edu_take(edu, pieces[7].iova, size);
	edu_give(edu, pieces[78].iova, size);
	edu_check(pieces[78].vaddr, size, (unsigned int)size);
	if (size % 64) /* and not the piece after it */
		assert_int_equal(((char *)pieces[78].vaddr)[size], 0);
	assert_ok(vfa_pool_put_many(pool, pieces, 80));
}

static void edu_copies_pieces_of_any_size(void **state)
{
	static const size_t sizes[] = { 1, 200, 3000, EDU_TRANSFER_MAX };
	struct vfa_container *space;
	struct vm *vm = *state;
	struct edu edu;

	vm_need_assignment(vm);
	space = vm_container(vm);
	edu = edu_open(vm, space, EDU);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		copy_through_edu(vm, space, &edu, sizes[i]);
}

static int compare_pieces(const void *first, const void *second)
{
	const struct vfa_piece *a = first, *b = second;

	return a->iova < b->iova ? -1 : a->iova > b->iova;
}

/* As many pages as the namespace has, from a pool that doubles several times. */
static struct vfa_piece *get_pages(struct vm *vm, struct vfa_container *space)
{
	static struct vfa_piece pieces[NAMESPACE_PAGES];
	struct vfa_pool_options options = VFA_POOL_OPTIONS_INIT;
	struct vfa_pool *pool;

	options.max_count = NAMESPACE_PAGES;
	pool = vm_pool(vm, space, PAGE_SIZE, 100, &options);
	for (size_t i = 0; i < NAMESPACE_PAGES; i++)
		assert_ok(vfa_pool_get(pool, &pieces[i]));
	assert_int_equal(vfa_pool_count_free(pool), 0);
	qsort(pieces, NAMESPACE_PAGES, sizeof(pieces[0]), compare_pieces);
	for (size_t i = 0; i < NAMESPACE_PAGES; i++) {
		assert_int_equal(pieces[i].iova % PAGE_SIZE, 0);
		assert_true(!i || pieces[i].iova > pieces[i - 1].iova);
	}
	return pieces;
}

static void check_page(const struct vfa_piece *piece, uint64_t page)
{
	const uint64_t *words = piece->vaddr;

	for (size_t i = 0; i < PAGE_SIZE / sizeof(*words); i++)
		assert_int_equal(le64toh(words[i]), page * PAGE_SIZE + i * sizeof(*words));
}

/* The whole namespace is read to pages in no order, all of them out at a time. */
static void nvme_fills_thousands_of_pieces(void **state)
{
	struct vfa_container *space;
	struct vfa_piece *pieces;
	struct vm *vm = *state;
	struct nvme nvme;

	vm_need_assignment(vm);
	space = vm_container(vm);
	nvme = nvme_open(vm, space, NVME);
	nvme_create_pair(&nvme, 1, NVME_NO_VECTOR);
	pieces = get_pages(vm, space);
	for (uint64_t page = 0; page < NAMESPACE_PAGES; page += 2) {
		uint64_t first = page * 1001 % NAMESPACE_PAGES;
		uint64_t second = (page + 1) * 1001 % NAMESPACE_PAGES;

		nvme_run(&nvme, 1,
			 nvme_read(1, page * PAGE_BLOCKS, 2 * PAGE_BLOCKS, pieces[first].iova,
				   pieces[second].iova));
	}
	for (uint64_t page = 0; page < NAMESPACE_PAGES; page++)
		check_page(&pieces[page * 1001 % NAMESPACE_PAGES], page);
}

#define THREADS    4
#define PER_THREAD 300

static void *get_and_keep(void *data)
{
	struct vfa_pool *pool = data;
	struct vfa_piece *pieces = calloc(PER_THREAD, sizeof(*pieces));
	size_t wrong = 0;

	for (size_t i = 0; i < PER_THREAD; i++) {
		wrong += vfa_pool_get(pool, &pieces[i]) < 0;
		if (!wrong)
			*(uint64_t *)pieces[i].vaddr = pieces[i].iova;
	}
	for (size_t i = 0; !wrong && i < PER_THREAD; i++) {
		wrong += *(uint64_t *)pieces[i].vaddr != pieces[i].iova;
		wrong += vfa_pool_put(pool, pieces[i].vaddr) < 0;
	}
	free(pieces);
	return wrong ? pool : NULL;
}

static void threads_let_a_pool_grow_together(void **state)
{
	struct vfa_pool_options options = VFA_POOL_OPTIONS_INIT;
	struct vfa_container *space;
	pthread_t threads[THREADS];
	struct vfa_pool *pool;
	struct vm *vm = *state;

	vm_need_assignment(vm);
	space = vm_container(vm);
	vm_device(vm, space, EDU);
	options.max_count = 4096;
	pool = vm_pool(vm, space, PAGE_SIZE, 16, &options);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, get_and_keep, pool), 0);
	for (size_t i = 0; i < THREADS; i++) {
		void *wrong;

		pthread_join(threads[i], &wrong);
		assert_null(wrong);
	}
	assert_true(vfa_pool_count(pool) >= PER_THREAD);
	assert_int_equal(vfa_pool_count_free(pool), vfa_pool_count(pool));
}

/* Without privileges, and with memory to lock for three slabs of 8, 8 and 16 pages. */
static int grow_to_the_limit(void *data)
{
	enum vfa_backend *backend = data;
	struct rlimit limit = { 32 * PAGE_SIZE, 32 * PAGE_SIZE };
	struct vfa_pool_options options = VFA_POOL_OPTIONS_INIT;
	struct vfa_container *space = NULL;
	struct vfa_device *device = NULL;
	struct vfa_pool *pool = NULL;
	struct vfa_piece piece, pieces[32];
	int err;

	options.max_count = 64;
	if (vfa_container_open(NULL, *backend, &space) < 0 ||
	    vfa_device_open(space, EDU, NULL, &device) < 0)
		_exit(1);
	if (setrlimit(RLIMIT_MEMLOCK, &limit) || vm_become_nobody())
		_exit(1);
	if (vfa_pool_new(space, PAGE_SIZE, 8, &options, &pool) < 0 ||
	    vfa_pool_get_many(pool, pieces, 32) < 0)
		_exit(2);
	if (vfa_pool_get(pool, &piece) != -ENOMEM || vfa_pool_count(pool) != 32)
		_exit(3);
	if (vfa_pool_put_many(pool, pieces, 32) < 0 || vfa_pool_get_many(pool, pieces, 32) < 0)
		_exit(4);
	err = vfa_pool_get(pool, &piece);
	vfa_pool_free(pool);
	vfa_device_close(device);
	vfa_container_close(space);
	return err;
}

static void a_pool_grows_to_the_limit_on_locked_memory(void **state)
{
	struct vm_report report;
	struct vm *vm = *state;

	vm_need_assignment(vm);
	vm_in_child(grow_to_the_limit, &vm->backend, &report);
	assert_child_refused(&report, ENOMEM, VFA_CAUSE_MEMLOCK);
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE(edu_copies_pieces_of_any_size),
		VM_CASE(nvme_fills_thousands_of_pieces),
		VM_CASE(threads_let_a_pool_grow_together),
		VM_CASE(a_pool_grows_to_the_limit_on_locked_memory),
	};

	return vm_run_cases("pool", cases);
}
