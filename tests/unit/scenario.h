/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Each system call, and each allocation, of whole scenarios fails once. A call
 * of the library then fails with a reason, and all is as it was before, or it
 * succeeds; its list of mappings is the kernel's, and nothing is left at the end.
 */

#ifndef SCENARIO_H
#define SCENARIO_H

#include <stdbool.h>

#include "fixture.h"

#define SNAPSHOT_WISHES   5
#define SNAPSHOT_MAPPINGS 32

/* All that a call which fails has to leave as it was; no padding. */
struct snapshot {
	size_t fds;
	size_t objects;
	size_t vectors;
	size_t devices;
	size_t count; /* of the library's mappings */
	uint64_t mapped_bytes;
	uint64_t free[SNAPSHOT_WISHES];
	uint64_t kernel[SNAPSHOT_MAPPINGS][3]; /* its mappings: IOVA, size, address */
};

/* One run of a scenario. */
struct run {
	struct machine *machine;
	struct vfa_container *container;
	char *memory;
	unsigned int failures;  /* calls of the library that failed */
	struct snapshot before; /* the next call */
};

typedef void (*scenario)(struct run *run);

/* A call came back, which has changed nothing when it failed: whether it succeeded. */
bool step(struct run *run, int result);
/* A call came back, which may have done a part of its work when it failed. */
bool step_partly(struct run *run, int result);

/* What a device may reach is looked for in a scenario of its own: it takes many calls. */
extern const struct vfa_device_options without_windows;
int open_plainly(struct vfa_container *container, const char *bdf, struct vfa_device **ret);

/* By an errno that is unknown there, and then by all that the kernel can give. */
void fail_each_call_by_any_errno(void **state, scenario play_it);
/* Of maps, unmaps and options, which are done then. */
void fail_each_answer(void **state, scenario play_it);
void fail_each_allocation(void **state, scenario play_it);
/* A signal at any point is no failure at all. */
void interrupt_each_call(void **state, scenario play_it);

#define SCENARIO(name)                                                                             \
	static void each_call_of_##name##_may_fail(void **state)                                   \
	{                                                                                          \
		fail_each_call_by_any_errno(state, name);                                          \
	}                                                                                          \
	static void each_allocation_of_##name##_may_fail(void **state)                             \
	{                                                                                          \
		fail_each_allocation(state, name);                                                 \
	}

#define UNANSWERED(name)                                                                           \
	static void each_answer_to_##name##_may_fail(void **state)                                 \
	{                                                                                          \
		fail_each_answer(state, name);                                                     \
	}

#define INTERRUPTED(name)                                                                          \
	static void signals_do_not_disturb_##name(void **state)                                    \
	{                                                                                          \
		interrupt_each_call(state, name);                                                  \
	}

#define CASES(name)                                                                                \
	ON_BOTH(each_call_of_##name##_may_fail), ON_BOTH(each_allocation_of_##name##_may_fail)

#endif
