/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Memory that the library allocates. See scenario.h. */

#include <string.h>

#include "scenario.h"

#define MIB (1ul << 20)

static void use_buffer(struct run *run, size_t size, const struct vfa_buffer_options *kind)
{
	struct vfa_buffer_options options = *kind;
	struct vfa_buffer *buffer = NULL;

	options.struct_size = sizeof(options);
	if (step(run, vfa_buffer_alloc(run->container, size, &options, &buffer)))
		memset(vfa_buffer_vaddr(buffer), 1, PAGE);
	vfa_buffer_free(buffer);
	step(run, 0);
}

static void use_buffers(struct run *run, size_t size, const struct vfa_buffer_options *kinds,
			size_t count)
{
	struct vfa_device *device = NULL;

	if (!step(run,
		  vfa_container_open(run->machine->host, run->machine->backend, &run->container)))
		return;
	if (step(run, open_plainly(run->container, EDU, &device)))
		for (size_t i = 0; i < count; i++)
			use_buffer(run, size, &kinds[i]);
	vfa_device_close(device);
	step(run, 0);
	vfa_container_close(run->container);
}

static void buffers(struct run *run)
{
	static const struct vfa_buffer_options kinds[] = {
		{ .flags = 0 },
		{ .flags = VFA_BUFFER_ANONYMOUS },
		{ .alignment = 1 << 20 },
		{ .flags = VFA_BUFFER_IDENTITY, .threads = 1 },
		{ .flags = VFA_BUFFER_ON_NODE },
	};

	use_buffers(run, PAGE, kinds, 5);
}

/* There is one page of 64 KiB, and none of 1 GiB. */
static void huge_buffers(struct run *run)
{
	static const struct vfa_buffer_options kinds[] = {
		{ .flags = VFA_BUFFER_STRICT, .page_size = 64 << 10 },
		{ .flags = VFA_BUFFER_ANONYMOUS | VFA_BUFFER_IDENTITY, .page_size = 64 << 10 },
		{ .page_size = 1 << 30 },
	};

	use_buffers(run, PAGE, kinds, 3);
}

static void buffers_of_two_threads(struct run *run)
{
	static const struct vfa_buffer_options kind = { .threads = 2 };

	use_buffers(run, 4 * MIB + PAGE, &kind, 1);
}

/* A get that cannot let the pool grow leaves it as it is. */
static void use_pool(struct run *run)
{
	struct vfa_pool_options options = VFA_POOL_OPTIONS_INIT;
	struct vfa_pool *pool = NULL;
	struct vfa_piece pieces[8];
	size_t count = 0;

	options.max_count = 8;
	options.cache_size = 2;
	if (!step(run, vfa_pool_new(run->container, PAGE, 2, &options, &pool)))
		return;
	for (size_t i = 0; i < 8; i++) {
		size_t before = vfa_pool_count(pool);

		if (step(run, vfa_pool_get(pool, &pieces[count])))
			count++;
		else
			assert_int_equal(vfa_pool_count(pool), before);
		assert_int_equal(vfa_pool_count_free(pool), vfa_pool_count(pool) - count);
	}
	while (count--)
		assert_ok(vfa_pool_put(pool, pieces[count].vaddr));
	vfa_pool_free(pool);
	step(run, 0);
}

static void a_pool(struct run *run)
{
	struct vfa_device *device = NULL;

	if (!step(run,
		  vfa_container_open(run->machine->host, run->machine->backend, &run->container)))
		return;
	if (step(run, open_plainly(run->container, EDU, &device)))
		use_pool(run);
	vfa_device_close(device);
	step(run, 0);
	vfa_container_close(run->container);
}

SCENARIO(buffers)
SCENARIO(huge_buffers)
SCENARIO(buffers_of_two_threads)
SCENARIO(a_pool)
UNANSWERED(buffers)
UNANSWERED(a_pool)
INTERRUPTED(buffers)
INTERRUPTED(huge_buffers)
INTERRUPTED(buffers_of_two_threads)
INTERRUPTED(a_pool)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASES(buffers),
		CASES(huge_buffers),
		CASES(buffers_of_two_threads),
		CASES(a_pool),
		ON_BOTH(each_answer_to_buffers_may_fail),
		ON_BOTH(each_answer_to_a_pool_may_fail),
		ON_BOTH(signals_do_not_disturb_buffers),
		ON_BOTH(signals_do_not_disturb_huge_buffers),
		ON_BOTH(signals_do_not_disturb_buffers_of_two_threads),
		ON_BOTH(signals_do_not_disturb_a_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
