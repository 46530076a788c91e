/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "oracle/oracle.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "oracle/model.h"
#include "oracle/random.h"

#define EPOCHS     25   /* each with a window of its own, and a number of mappings */
#define SWEEPS     2    /* of an epoch: everything is compared */
#define MOST_LIVE  2000 /* mappings at a time */
#define HUGE       (2ull << 20)
#define MOST_TOLD  10
#define EDGES      (4 * MODEL_RANGES + 1)
#define CAUSES_MAX 128

struct oracle {
	const struct oracle_plan *plan;
	bool type1;
	uint64_t page;
	struct random random;
	struct model model;
	uint64_t edges[EDGES]; /* first bytes of, and behind, what is allowed or reserved */
	size_t edge_count;
	uint64_t window; /* where most requests go */
	uint64_t window_pages;
	size_t target; /* mappings to grow to, and then to shrink from */
	bool growing;

	uint64_t done; /* requests */
	unsigned int disagreements;
	uint64_t mapped, unmapped, asked; /* asked: refused ones, of the kernel */
	uint64_t chosen, lowest;          /* IOVAs by the library; the lowest there was */
	uint64_t translated, nearest;
	uint64_t refused[CAUSES_MAX];
};

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

void oracle_plan_read(struct oracle_plan *plan, uint64_t seed, uint64_t requests)
{
	plan->seed = from_environment("VFA_ORACLE_SEED", seed);
	plan->requests = from_environment("VFA_ORACLE_REQUESTS", requests);
}

__attribute__((format(printf, 3, 4))) static void
disagree(struct oracle *oracle, const struct model_request *request, const char *format, ...)
{
	char text[256];
	va_list list;

	if (oracle->disagreements++ >= MOST_TOLD)
		return;
	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	printf("# request %" PRIu64 ": vaddr %p iova %#" PRIx64 " size %#" PRIx64 ": %s\n",
	       oracle->done, (void *)request->vaddr, request->iova, request->size, text);
}

/* What a refusal by the library stands for. */
static const struct refusal {
	enum vfa_cause cause;
	int err;
	unsigned int fault;
} refusals[] = {
	{ VFA_CAUSE_EMPTY, -EINVAL, FAULT_EMPTY },
	{ VFA_CAUSE_WRAPPED, -EINVAL, FAULT_WRAPPED },
	{ VFA_CAUSE_MISALIGNED, -EINVAL, FAULT_MISALIGNED },
	{ VFA_CAUSE_OUTSIDE_APERTURE, -EINVAL, FAULT_OUTSIDE },
	{ VFA_CAUSE_RESERVED, -EINVAL, FAULT_RESERVED },
	{ VFA_CAUSE_OVERLAP, -EEXIST, FAULT_OVERLAP },
	{ VFA_CAUSE_PARTIAL_UNMAP, -EINVAL, FAULT_CUT },
	{ VFA_CAUSE_NOT_MAPPED, -ENOENT, FAULT_NOTHING },
};

/* The library refused: for one of the faults that there are, and by its errno. */
static void check_refusal(struct oracle *oracle, const struct model_request *request, int err,
			  unsigned int faults)
{
	const struct vfa_error *error = vfa_error_last();

	if (error->cause < CAUSES_MAX)
		oracle->refused[error->cause]++;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (refusals[i].cause == error->cause && refusals[i].err == err &&
		    refusals[i].fault & faults)
			return;
	disagree(oracle, request, "the library says %d, %s, the model %#x: %s", err,
		 vfa_cause_name(error->cause), faults, error->message);
}

/*
 * Whatever else is wrong, to iommufd no size or IOVA may be all ones, and no
 * memory may lie in the last page.
 */
static bool overflows_iommufd(const struct oracle *oracle, const struct model_request *request)
{
	return !oracle->type1 && (request->iova == UINT64_MAX || request->size == UINT64_MAX ||
				  (uintptr_t)request->vaddr + request->size == 0);
}

/* Whether the kernel's errno tells of one of the faults that there are; type1's was EINVAL once. */
static bool kernel_may_say(const struct oracle *oracle, const struct model_request *request,
			   int err, unsigned int faults)
{
	switch (err) {
	case -EOVERFLOW:
		return faults & FAULT_WRAPPED || overflows_iommufd(oracle, request);
	case -EEXIST:
		return faults & FAULT_OVERLAP;
	case -EINVAL:
		return faults & (FAULT_EMPTY | FAULT_MISALIGNED | FAULT_OUTSIDE | FAULT_RESERVED) ||
		       (oracle->type1 && faults & (FAULT_CUT | FAULT_WRAPPED));
	case -ENOENT:
		return faults & (FAULT_CUT | FAULT_NOTHING) && !oracle->type1;
	}
	return false;
}

/* Maps. */

/*
 * iommufd maps up to the last byte of 64 bits, but not the memory it was given, so
 * that the library keeps from there: asking would spoil the pages' pin counts.
 */
static bool would_do_harm(const struct oracle *oracle, const struct model_request *request)
{
	return !oracle->type1 && request->iova + request->size == 0;
}

static void ask_kernel_to_map(struct oracle *oracle, const struct model_request *request,
			      unsigned int faults)
{
	const struct oracle_plan *plan = oracle->plan;
	uint64_t done;
	int err;

	if (would_do_harm(oracle, request))
		return;
	oracle->asked++;
	err = direct_map(plan->kernel, plan->container, request->vaddr, request->size,
			 request->iova);
	if (!err) {
		disagree(oracle, request, "the kernel maps what the library refuses, %s",
			 vfa_cause_name(vfa_error_last()->cause));
		direct_unmap(plan->kernel, plan->container, request->iova, request->size, &done);
	} else if (!kernel_may_say(oracle, request, err, faults)) {
		disagree(oracle, request, "the kernel says %d, the model %#x", err, faults);
	}
}

/* What the library says that a map will come to. */
static struct vfa_verdict foresee(struct oracle *oracle, const struct model_request *request,
				  const struct vfa_map_options *options)
{
	struct vfa_verdict verdict = VFA_VERDICT_INIT;
	int err = vfa_container_check_map(oracle->plan->container, request->vaddr, request->size,
					  options, &verdict);

	if (err)
		disagree(oracle, request, "no verdict: %d, %s", err, vfa_error_last()->message);
	return verdict;
}

/* It came to that, and what was said to be free is so. */
static void check_verdict(struct oracle *oracle, const struct model_request *request,
			  const struct vfa_verdict *verdict, int err)
{
	enum vfa_cause cause = err ? vfa_error_last()->cause : VFA_CAUSE_NONE;

	if (verdict->code != err || verdict->cause != cause)
		disagree(oracle, request, "foreseen: %d, %s; it came to %d, %s", verdict->code,
			 vfa_cause_name(verdict->cause), err, vfa_cause_name(cause));
	if (!err &&
	    (!(verdict->flags & VFA_VERDICT_RANGE) || verdict->range.start != request->iova ||
	     verdict->range.last != request->iova + (request->size - 1)))
		disagree(oracle, request, "foreseen at %#" PRIx64, verdict->range.start);
	if (!(verdict->flags & VFA_VERDICT_NEAREST))
		return;
	if (!model_is_free(&oracle->model, &verdict->nearest) ||
	    verdict->nearest.last - verdict->nearest.start != request->size - 1)
		disagree(oracle, request, "the nearest is said to be %#" PRIx64 "-%#" PRIx64,
			 verdict->nearest.start, verdict->nearest.last);
	oracle->nearest++;
}

static void map_fixed(struct oracle *oracle, const struct model_request *request)
{
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;
	unsigned int faults = model_map_faults(&oracle->model, request);
	struct vfa_mapping *mapping = NULL;
	struct vfa_verdict verdict;
	int err;

	options.flags = VFA_MAP_FIXED;
	options.iova = request->iova;
	verdict = foresee(oracle, request, &options);
	err = vfa_container_map(oracle->plan->container, request->vaddr, request->size, &options,
				&mapping);
	check_verdict(oracle, request, &verdict, err);
	if (err) {
		check_refusal(oracle, request, err, faults);
		ask_kernel_to_map(oracle, request, faults);
		return;
	}
	oracle->mapped++;
	if (faults)
		disagree(oracle, request, "mapped, but the model has %#x against it", faults);
	model_insert(&oracle->model, request, mapping);
}

static void check_choice(struct oracle *oracle, const struct model_request *request,
			 const struct model_wish *wish)
{
	struct vfa_iova_range range = { request->iova, request->iova + (request->size - 1) };
	uint64_t lowest;

	if (range.start < wish->min || range.last > wish->max ||
	    range.start & (wish->alignment - 1) || !model_is_free(&oracle->model, &range))
		disagree(oracle, request, "chosen, for %#" PRIx64 "-%#" PRIx64 " by %#" PRIx64,
			 wish->min, wish->max, wish->alignment);
	oracle->chosen++;
	if (model_lowest(&oracle->model, wish, &lowest) && lowest == request->iova)
		oracle->lowest++;
}

static void map_chosen(struct oracle *oracle, char *vaddr, const struct vfa_map_options *options,
		       uint64_t size)
{
	struct model_request request = { .vaddr = vaddr, .size = size };
	struct vfa_mapping *mapping = NULL;
	struct model_wish wish = {
		.size = size,
		.min = options->iova_min ? options->iova_min : oracle->page,
		.max = options->iova_max ? options->iova_max : UINT64_MAX,
		.alignment = options->alignment > oracle->page ? options->alignment : oracle->page,
	};
	struct vfa_verdict verdict = foresee(oracle, &request, options);
	int err = vfa_container_map(oracle->plan->container, vaddr, size, options, &mapping);

	if (!err)
		request.iova = vfa_mapping_iova(mapping);
	check_verdict(oracle, &request, &verdict, err);
	if (!err) {
		check_choice(oracle, &request, &wish);
		model_insert(&oracle->model, &request, mapping);
		oracle->mapped++;
		return;
	}
	oracle->refused[VFA_CAUSE_NO_SPACE]++;
	if (err != -ENOSPC || vfa_error_last()->cause != VFA_CAUSE_NO_SPACE)
		disagree(oracle, &request, "no IOVA chosen: %d, %s", err,
			 vfa_error_last()->message);
	else if (model_lowest(&oracle->model, &wish, &request.iova))
		disagree(oracle, &request, "this is free, but: %s", vfa_error_last()->message);
}

/* Unmaps. */

/*
 * iommufd unmaps what comes before the mapping that is cut, and then refuses: put
 * it back, so that the kernel has again what the library and the model have.
 */
static void restore(struct oracle *oracle, const struct model_request *request)
{
	const struct oracle_plan *plan = oracle->plan;
	struct model *model = &oracle->model;
	uint64_t last = request->iova + (request->size - 1);

	for (size_t i = model_find(model, request->iova);
	     i < model->count && model->mappings[i].range.start <= last; i++) {
		const struct model_mapping *mapping = &model->mappings[i];
		int err = direct_map(plan->kernel, plan->container, mapping->vaddr,
				     mapping->range.last - mapping->range.start + 1,
				     mapping->range.start);

		if (err && err != -EEXIST)
			disagree(oracle, request, "cannot map %#" PRIx64 " again: %d",
				 mapping->range.start, err);
	}
}

static void ask_kernel_to_unmap(struct oracle *oracle, const struct model_request *request,
				unsigned int faults)
{
	const struct oracle_plan *plan = oracle->plan;
	uint64_t done = 0;
	int err;

	/* That means everything. */
	if (!oracle->type1 && !request->iova && request->size == UINT64_MAX)
		return;
	oracle->asked++;
	err = direct_unmap(plan->kernel, plan->container, request->iova, request->size, &done);
	if (!err && (done || !(faults & FAULT_NOTHING)))
		disagree(oracle, request, "the kernel unmaps %#" PRIx64 ", refused as %s", done,
			 vfa_cause_name(vfa_error_last()->cause));
	else if (err && !kernel_may_say(oracle, request, err, faults))
		disagree(oracle, request, "the kernel says %d, the model %#x", err, faults);
	if (faults & FAULT_CUT && !oracle->type1)
		restore(oracle, request);
}

/* The handle, where the request is one mapping and no more. */
static struct vfa_mapping *handle_of(const struct oracle *oracle,
				     const struct model_request *request)
{
	const struct model *model = &oracle->model;
	size_t i = model_find(model, request->iova);

	if (i == model->count || model->mappings[i].range.start != request->iova ||
	    model->mappings[i].range.last != request->iova + (request->size - 1))
		return NULL;
	return model->mappings[i].handle;
}

static void unmap(struct oracle *oracle, const struct model_request *request)
{
	unsigned int faults = model_unmap_faults(&oracle->model, request);
	struct vfa_mapping *handle = handle_of(oracle, request);
	int err;

	if (handle && random_once_in(&oracle->random, 2))
		err = vfa_mapping_unmap(handle);
	else
		err = vfa_container_unmap(oracle->plan->container, request->iova, request->size);
	if (err) {
		check_refusal(oracle, request, err, faults);
		ask_kernel_to_unmap(oracle, request, faults);
		return;
	}
	oracle->unmapped++;
	/* A range need not be aligned to cover whole mappings. */
	if (faults & ~FAULT_MISALIGNED)
		disagree(oracle, request, "unmapped, but the model has %#x against it", faults);
	model_remove(&oracle->model, request);
}

static void unmap_all(struct oracle *oracle)
{
	struct model_request request = { .size = 0 };
	int err = vfa_container_unmap_all(oracle->plan->container);

	if (err)
		disagree(oracle, &request, "unmap_all: %d, %s", err, vfa_error_last()->message);
	oracle->model.count = 0;
}

/* Everything is compared. */

static bool kernel_has(struct oracle *oracle, uint64_t iova)
{
	const struct oracle_plan *plan = oracle->plan;
	struct model_request request = { plan->memory, iova, oracle->page };
	int err = direct_map(plan->kernel, plan->container, plan->memory, oracle->page, iova);
	uint64_t done = 0;

	if (err && err != -EEXIST)
		disagree(oracle, &request, "a page cannot be mapped: %d", err);
	if (!err)
		err = direct_unmap(plan->kernel, plan->container, iova, oracle->page, &done);
	else
		return true;
	if (err || done != oracle->page)
		disagree(oracle, &request, "a page cannot be unmapped: %d, %#" PRIx64, err, done);
	return false;
}

static void compare_page(struct oracle *oracle, uint64_t iova, bool mapped)
{
	struct model_request request = { .iova = iova, .size = oracle->page };

	if (kernel_has(oracle, iova) != mapped)
		disagree(oracle, &request, "the kernel has %s here",
			 mapped ? "nothing" : "a mapping");
}

/* Before a mapping, down to the one before, where that is allowed. */
static void compare_gap(struct oracle *oracle, size_t i)
{
	const struct model *model = &oracle->model;
	uint64_t start = i ? model->mappings[i - 1].range.last + 1 : 0;
	uint64_t end = model->mappings[i].range.start;
	struct vfa_iova_range first = { start, start + (oracle->page - 1) };
	struct vfa_iova_range last = { end - oracle->page, end - 1 };

	if (start == end)
		return;
	if (model_is_free(model, &first))
		compare_page(oracle, first.start, false);
	if (last.start != first.start && model_is_free(model, &last))
		compare_page(oracle, last.start, false);
}

static void compare_all(struct oracle *oracle)
{
	const struct model *model = &oracle->model;

	for (size_t i = 0; i < model->count; i++) {
		const struct vfa_iova_range *range = &model->mappings[i].range;

		compare_gap(oracle, i);
		compare_page(oracle, range->start, true);
		compare_page(oracle, range->last - (oracle->page - 1), true);
	}
}

/* What is asked. */

static uint64_t near_mapping(struct oracle *oracle)
{
	const struct model *model = &oracle->model;
	const struct model_mapping *mapping;
	uint64_t iova;

	if (!model->count)
		return oracle->window;
	mapping = &model->mappings[random_below(&oracle->random, model->count)];
	iova = random_once_in(&oracle->random, 2) ? mapping->range.start : mapping->range.last + 1;
	return iova + oracle->page * random_around(&oracle->random, 3);
}

static uint64_t any_iova(struct oracle *oracle)
{
	struct random *random = &oracle->random;
	uint64_t iova;

	switch (random_below(random, 10)) {
	case 0:
		iova = random_magnitude(random) & -oracle->page;
		break;
	case 1:
		iova = oracle->edges[random_below(random, oracle->edge_count)] +
		       oracle->page * random_around(random, 3);
		break;
	case 2:
	case 3:
	case 4:
		iova = near_mapping(oracle);
		break;
	default:
		iova = oracle->window + oracle->page * random_below(random, oracle->window_pages);
	}
	return random_once_in(random, 50) ? iova + random_around(random, oracle->page) : iova;
}

/* From @iova to the next mapping. */
static uint64_t gap_at(const struct oracle *oracle, uint64_t iova)
{
	size_t i = model_find(&oracle->model, iova);

	if (i == oracle->model.count || oracle->model.mappings[i].range.start <= iova)
		return oracle->page;
	return oracle->model.mappings[i].range.start - iova;
}

static uint64_t odd_size(struct oracle *oracle, uint64_t iova)
{
	struct random *random = &oracle->random;

	switch (random_below(random, 5)) {
	case 0:
		return 0;
	case 1:
		return random_below(random, 4 * oracle->page);
	case 2:
		return random_magnitude(random) & -oracle->page;
	case 3:
		return -iova +
		       oracle->page * random_around(random, 2); /* about the end of 64 bits */
	default:
		return UINT64_MAX - random_below(random, 2 * oracle->page);
	}
}

static uint64_t any_size(struct oracle *oracle, uint64_t iova)
{
	struct random *random = &oracle->random;

	if (random_once_in(random, 200))
		return HUGE;
	if (random_once_in(random, 25))
		return odd_size(oracle, iova);
	if (random_once_in(random, 8))
		return gap_at(oracle, iova) + oracle->page * random_below(random, 2);
	if (random_once_in(random, 20))
		return oracle->page * (1 + random_below(random, 64));
	return oracle->page * (1 + random_below(random, 4));
}

/* Anywhere in the memory, as long as the size fits there; now and then misaligned or wrapped. */
static char *any_memory(struct oracle *oracle, uint64_t size)
{
	const struct oracle_plan *plan = oracle->plan;
	uint64_t pages = size < plan->memory_size ? (plan->memory_size - size) / oracle->page : 0;
	char *vaddr = plan->memory;

	if (random_once_in(&oracle->random, 200))
		return (char *)(uintptr_t)(-oracle->page);
	if (!(size & (HUGE - 1)))
		return vaddr;
	vaddr += oracle->page * random_below(&oracle->random, pages + 1);
	return random_once_in(&oracle->random, 100) ? vaddr + 8 : vaddr;
}

/* There is so much memory: more may only be asked for where it is refused for other reasons. */
static void ask_map_fixed(struct oracle *oracle)
{
	struct model_request request;

	request.iova = any_iova(oracle);
	request.size = any_size(oracle, request.iova);
	if (!(request.size & (HUGE - 1)) && random_once_in(&oracle->random, 2))
		request.iova &= -HUGE;
	request.vaddr = any_memory(oracle, request.size);
	if (!model_map_faults(&oracle->model, &request) &&
	    request.size > oracle->plan->memory_size - HUGE) {
		request.size = oracle->page;
		request.vaddr = oracle->plan->memory;
	}
	/* A page that ends with the processor's addresses: no memory can be there. */
	if (!model_map_faults(&oracle->model, &request) &&
	    (uintptr_t)request.vaddr == -oracle->page)
		request.vaddr = oracle->plan->memory;
	map_fixed(oracle, &request);
}

/* In the window most times, in a part of it that may be full. */
static void ask_map_chosen(struct oracle *oracle)
{
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;
	struct random *random = &oracle->random;
	uint64_t size = oracle->page * (1 + random_below(random, 8));

	if (!random_once_in(random, 8)) {
		options.iova_min = any_iova(oracle);
		options.iova_max = options.iova_min + random_below(random, 256 * oracle->page);
		if (options.iova_max < options.iova_min)
			options.iova_max = UINT64_MAX;
	}
	if (random_once_in(random, 2))
		options.alignment = 1ull
				    << random_below(random, random_once_in(random, 8) ? 64 : 20);
	map_chosen(oracle, oracle->plan->memory + oracle->page, &options, size);
}

/* A run of mappings, or a little more or less at both ends. */
static void ask_unmap(struct oracle *oracle)
{
	const struct model *model = &oracle->model;
	struct model_request request = { .size = 0 };
	struct random *random = &oracle->random;
	uint64_t last;
	size_t i, j;

	if (!model->count || random_once_in(random, 10)) {
		request.iova = any_iova(oracle);
		request.size = any_size(oracle, request.iova);
		unmap(oracle, &request);
		return;
	}
	i = j = random_below(random, model->count);
	if (random_once_in(random, 8))
		j += random_below(random, 4);
	if (j >= model->count)
		j = model->count - 1;
	request.iova = model->mappings[i].range.start;
	last = model->mappings[j].range.last;
	if (random_once_in(random, 4))
		request.iova += oracle->page * random_around(random, 2);
	if (random_once_in(random, 4))
		last += oracle->page * random_around(random, 2);
	if (random_once_in(random, 50))
		last += random_around(random, oracle->page);
	request.size = last - request.iova + 1;
	unmap(oracle, &request);
}

static void ask(struct oracle *oracle)
{
	struct random *random = &oracle->random;
	size_t count = oracle->model.count;

	if (count >= oracle->target)
		oracle->growing = false;
	else if (count < oracle->target / 4)
		oracle->growing = true;
	if (random_once_in(random, 100000))
		unmap_all(oracle);
	else if (random_below(random, 8) < (oracle->growing ? 2 : 5))
		ask_unmap(oracle);
	else if (random_once_in(random, 5))
		ask_map_chosen(oracle);
	else
		ask_map_fixed(oracle);
}

/* Translations. */

static void ask_vaddr(struct oracle *oracle)
{
	struct model_request request = { .iova = near_mapping(oracle) };
	char *expected = NULL;
	void *vaddr = NULL;
	int err, expected_err;

	request.iova += random_below(&oracle->random, oracle->page);
	request.size = 1 + random_below(&oracle->random, 4 * oracle->page);
	if (request.iova + (request.size - 1) < request.iova)
		return;
	expected_err = model_vaddr(&oracle->model, request.iova, request.size, &expected);
	err = vfa_container_find_vaddr(oracle->plan->container, request.iova, request.size, &vaddr);
	request.vaddr = vaddr;
	if (err != expected_err || vaddr != expected)
		disagree(oracle, &request, "find_vaddr: %d where %d, %p, was expected", err,
			 expected_err, (void *)expected);
}

static bool is_all_mapped(const struct oracle *oracle, const struct model_request *request)
{
	uint64_t end = (uintptr_t)request->vaddr + request->size;
	uint64_t at = (uintptr_t)request->vaddr & -oracle->page;

	for (; at < end; at += oracle->page)
		if (!model_maps(&oracle->model, (const char *)(uintptr_t)at))
			return false;
	return true;
}

/* The memory may have many IOVAs: any that leads back is right. */
static void ask_iova(struct oracle *oracle)
{
	const struct oracle_plan *plan = oracle->plan;
	struct model_request request;
	char *back = NULL;
	int err;

	request.size = 1 + random_below(&oracle->random, 4 * oracle->page);
	request.vaddr =
		plan->memory + random_below(&oracle->random, plan->memory_size - request.size);
	request.iova = 0;
	err = vfa_container_find_iova(plan->container, request.vaddr, request.size, &request.iova);
	if ((err && err != -ENOENT && err != -ERANGE) ||
	    is_all_mapped(oracle, &request) != (err != -ENOENT))
		disagree(oracle, &request, "find_iova: %d", err);
	if (!err && (model_vaddr(&oracle->model, request.iova, request.size, &back) ||
		     back != request.vaddr))
		disagree(oracle, &request, "find_iova: this is %p", (void *)back);
}

static void translate(struct oracle *oracle)
{
	if (random_once_in(&oracle->random, 2))
		ask_vaddr(oracle);
	else
		ask_iova(oracle);
	oracle->translated++;
}

static void add_edges(struct oracle *oracle, const struct vfa_iova_range *range)
{
	oracle->edges[oracle->edge_count++] = range->start;
	oracle->edges[oracle->edge_count++] = range->last + 1;
}

static void find_edges(struct oracle *oracle)
{
	const struct model *model = &oracle->model;

	oracle->edges[oracle->edge_count++] = 0;
	for (size_t i = 0; i < model->allowed_count; i++)
		add_edges(oracle, &model->allowed[i]);
	for (size_t i = 0; i < model->reserved_count; i++)
		add_edges(oracle, &model->reserved[i].range);
}

static uint64_t any_allowed(struct oracle *oracle)
{
	const struct model *model = &oracle->model;
	const struct vfa_iova_range *range =
		&model->allowed[random_below(&oracle->random, model->allowed_count)];

	return range->start + random_magnitude(&oracle->random) % (range->last - range->start);
}

/* One window in four lies across the end of what is allowed, or begins there. */
static void begin_epoch(struct oracle *oracle)
{
	struct random *random = &oracle->random;
	const struct model *model = &oracle->model;

	oracle->window_pages = 1ull << (9 + random_below(random, 6));
	oracle->window = any_allowed(oracle);
	if (random_once_in(random, 4))
		oracle->window = model->allowed[random_below(random, model->allowed_count)].last -
				 oracle->page * random_below(random, oracle->window_pages);
	oracle->window &= -oracle->page;
	oracle->target = 4 + random_magnitude(random) % MOST_LIVE;
	oracle->growing = true;
}

static void run_epoch(struct oracle *oracle, uint64_t end)
{
	uint64_t start = oracle->done, sweep = (end - start) / SWEEPS + 1;

	begin_epoch(oracle);
	while (oracle->done < end && oracle->disagreements < MOST_TOLD) {
		ask(oracle);
		if (random_once_in(&oracle->random, 4))
			translate(oracle);
		oracle->done++;
		if ((oracle->done - start) % sweep == 0)
			compare_all(oracle);
	}
	compare_all(oracle);
	printf("# %" PRIu64 " requests, window %#" PRIx64 ", %zu mappings\n", oracle->done,
	       oracle->window, oracle->model.count);
	unmap_all(oracle);
}

static void tell(const struct oracle *oracle)
{
	printf("# %" PRIu64 " mapped, %" PRIu64 " unmapped, %" PRIu64
	       " refused ones asked of the kernel\n",
	       oracle->mapped, oracle->unmapped, oracle->asked);
	printf("# %" PRIu64 " translations, %" PRIu64 " nearest ranges named\n", oracle->translated,
	       oracle->nearest);
	printf("# %" PRIu64 " IOVAs chosen, %" PRIu64 " of them the lowest\n", oracle->chosen,
	       oracle->lowest);
	for (int cause = 0; cause < CAUSES_MAX; cause++)
		if (oracle->refused[cause])
			printf("# %" PRIu64 " refused as %s\n", oracle->refused[cause],
			       vfa_cause_name(cause));
	printf("# %u disagreements\n", oracle->disagreements);
}

unsigned int oracle_run(const struct oracle_plan *plan)
{
	static struct oracle oracle;

	oracle = (struct oracle){ .plan = plan, .random.state = plan->seed };
	oracle.type1 = vfa_container_backend(plan->container) == VFA_BACKEND_TYPE1;
	model_read_limits(&oracle.model, plan->container);
	oracle.page = oracle.model.alignment;
	find_edges(&oracle);
	printf("# VFA_ORACLE_SEED=%#" PRIx64 " VFA_ORACLE_REQUESTS=%" PRIu64 "\n", plan->seed,
	       plan->requests);
	for (uint64_t epoch = 1; epoch <= EPOCHS && oracle.disagreements < MOST_TOLD; epoch++)
		run_epoch(&oracle, plan->requests * epoch / EPOCHS);
	tell(&oracle);
	return oracle.disagreements;
}
