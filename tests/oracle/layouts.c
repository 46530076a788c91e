/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "oracle/layouts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "oracle/random.h"

#define PAGE       4096ull
#define MOST_STEPS 5000 /* of one change */
#define MOST_TOLD  10
#define MOST_LARGE 4 /* pages of a region */

/* By ascending IOVA. */
struct listing {
	struct vfa_layout_region regions[LAYOUTS_PAGES];
	size_t count;
};

struct layouts {
	const struct layouts_plan *plan;
	struct vfa_layout *layout;
	struct random random;
	struct layouts_tally tally;
};

static void disagree(struct layouts *layouts, const char *what, uint64_t number)
{
	if (layouts->tally.disagreements++ < MOST_TOLD)
		printf("# call %u of seed %#llx: %s %#llx\n", layouts->tally.calls,
		       (unsigned long long)layouts->plan->seed, what, (unsigned long long)number);
}

/* Of the old one, each region stays with even odds, where it is not overlapped. */
static const struct vfa_layout_region *starts_at(const struct listing *list, uint64_t iova)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->regions[i].iova == iova)
			return &list->regions[i];
	return NULL;
}

static void invent(struct layouts *layouts, const struct listing *old, struct listing *ret)
{
	struct random *random = &layouts->random;

	ret->count = 0;
	for (uint64_t page = 0; page < LAYOUTS_PAGES;) {
		const struct vfa_layout_region *same =
			starts_at(old, layouts->plan->iova + page * PAGE);
		struct vfa_layout_region region = {
			.iova = layouts->plan->iova + page * PAGE,
			.size = PAGE * (1 + random_below(random, MOST_LARGE)),
			.access =
				random_once_in(random, 4) ? VFA_ACCESS_READ : VFA_ACCESS_READ_WRITE,
		};

		if (same && random_once_in(random, 2))
			region = *same;
		else if (!random_once_in(random, 3) || page + region.size / PAGE > LAYOUTS_PAGES)
			region.size = 0;
		else
			region.vaddr =
				layouts->plan->memory +
				PAGE * random_below(random, LAYOUTS_PAGES - region.size / PAGE + 1);
		if (region.size)
			ret->regions[ret->count++] = region;
		page += region.size ? region.size / PAGE : 1;
	}
}

static void shuffle(struct layouts *layouts, struct listing *list)
{
	for (size_t i = list->count; i > 1; i--) {
		size_t other = random_below(&layouts->random, i);
		struct vfa_layout_region region = list->regions[i - 1];

		list->regions[i - 1] = list->regions[other];
		list->regions[other] = region;
	}
}

/* The kernel refuses a page where it has one already. */
static bool kernel_has(struct layouts *layouts, uint64_t iova)
{
	const struct layouts_plan *plan = layouts->plan;
	int err = direct_map(plan->kernel, plan->container, plan->memory + PAGE * LAYOUTS_PAGES,
			     PAGE, iova);
	uint64_t done;

	if (!err)
		err = direct_unmap(plan->kernel, plan->container, iova, PAGE, &done);
	else if (err != -EEXIST)
		disagree(layouts, "the kernel has an errno of its own for", iova);
	return err;
}

static void check_page(struct layouts *layouts, uint64_t iova, const void *vaddr)
{
	void *found = NULL;

	if (kernel_has(layouts, iova) != (vaddr != NULL))
		disagree(layouts, vaddr ? "the kernel lacks" : "the kernel has", iova);
	vfa_container_find_vaddr(layouts->plan->container, iova, PAGE, &found);
	if (found != vaddr)
		disagree(layouts, "the library has something else at", iova);
}

static void check_pages(struct layouts *layouts, const struct listing *expected)
{
	uint64_t first = layouts->plan->iova;
	size_t at = 0;

	for (uint64_t iova = first; iova < first + LAYOUTS_PAGES * PAGE; iova += PAGE) {
		const struct vfa_layout_region *region = &expected->regions[at];

		if (at < expected->count && iova >= region->iova + region->size)
			region = &expected->regions[++at];
		if (at < expected->count && iova >= region->iova)
			check_page(layouts, iova, (char *)region->vaddr + (iova - region->iova));
		else
			check_page(layouts, iova, NULL);
	}
}

static void check(struct layouts *layouts, const struct listing *expected)
{
	struct listing listed = { .count = 0 };
	int count = vfa_layout_regions(layouts->layout, listed.regions, LAYOUTS_PAGES);

	if (count != (int)expected->count ||
	    memcmp(listed.regions, expected->regions, count * sizeof(listed.regions[0])) != 0)
		disagree(layouts, "the layout is neither the old nor the new one, regions:", count);
	check_pages(layouts, expected);
}

static int apply(struct layouts *layouts, const struct listing *list)
{
	struct listing shuffled = *list;

	shuffle(layouts, &shuffled);
	layouts->tally.calls++;
	return vfa_layout_apply(layouts->layout, shuffled.regions, shuffled.count);
}

static void must(struct layouts *layouts, int err)
{
	if (err)
		disagree(layouts, vfa_error_last()->message, -err);
}

/* From old to new with the nth step failing. Return: whether it came to that. */
static bool change(struct layouts *layouts, const struct listing *old, const struct listing *new,
		   unsigned int n)
{
	const struct layouts_plan *plan = layouts->plan;
	bool met;
	int err;

	if (plan->arm)
		plan->arm(plan->data, n);
	err = apply(layouts, new);
	met = plan->arm && plan->disarm(plan->data);
	check(layouts, err ? old : new);
	layouts->tally.failed += err != 0;
	if (err && !met)
		disagree(layouts, vfa_error_last()->message, -err);
	if (err && vfa_error_last()->cause == VFA_CAUSE_NOT_RESTORED)
		disagree(layouts, vfa_error_last()->message, -err);
	if (!err && met)
		must(layouts, apply(layouts, old));
	return met;
}

void layouts_run(const struct layouts_plan *plan, struct layouts_tally *ret)
{
	struct layouts layouts = { .plan = plan, .random.state = plan->seed };
	struct listing old = { .count = 0 }, new;

	must(&layouts, vfa_layout_new(plan->container, &layouts.layout));
	for (unsigned int i = 0; i < plan->changes && !layouts.tally.disagreements; i++) {
		unsigned int n = 1;

		invent(&layouts, &old, &new);
		while (change(&layouts, &old, &new, n) && !layouts.tally.disagreements)
			if (++n == MOST_STEPS)
				disagree(&layouts, "there is no end of steps:", n);
		old = new;
	}
	vfa_layout_free(layouts.layout);
	check_pages(&layouts, &(struct listing){ .count = 0 });
	*ret = layouts.tally;
}
