/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Predicted groups of random trees, held against a model: the same rules, but said of
 * pairs of functions that belong together, without an order in which they are found. The
 * trees are such as no machine has.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "oracle/random.h"
#include "topology/culprit.h"
#include "topology/grouping.h"

#define TREES 20000
#define MOST  40
#define BUSES 256

struct tree {
	struct vfa_function functions[MOST];
	char names[MOST][20];
	size_t count;
};

static const enum vfa_function_type types[] = {
	VFA_FUNCTION_UNKNOWN,         VFA_FUNCTION_CONVENTIONAL,   VFA_FUNCTION_ENDPOINT,
	VFA_FUNCTION_LEGACY_ENDPOINT, VFA_FUNCTION_ROOT_PORT,      VFA_FUNCTION_UPSTREAM_PORT,
	VFA_FUNCTION_DOWNSTREAM_PORT, VFA_FUNCTION_PCI_BRIDGE,     VFA_FUNCTION_EXPRESS_BRIDGE,
	VFA_FUNCTION_ROOT_ENDPOINT,   VFA_FUNCTION_ROOT_COLLECTOR,
};

#define TYPES (sizeof(types) / sizeof(types[0]))

static bool is_taken(const struct tree *tree, const struct vfa_function *wanted)
{
	for (size_t i = 0; i < tree->count; i++) {
		const struct vfa_function *function = &tree->functions[i];

		if (function->bus == wanted->bus && function->slot == wanted->slot &&
		    function->number == wanted->number)
			return true;
	}
	return false;
}

static void choose_bits(struct random *random, struct vfa_function *ret)
{
	ret->acs.present = random_once_in(random, 3) ? VFA_NO : VFA_YES;
	if (ret->acs.present == VFA_NO)
		return;
	ret->acs.capability = random_once_in(random, 2) ? 0x7f : random_below(random, 0x80);
	ret->acs.control = random_once_in(random, 3) ? random_below(random, 0x80) : 0x7f;
}

/* A virtual function is an endpoint that is beside nobody. */
static void choose_kind(struct random *random, struct vfa_function *ret)
{
	if (ret->number && random_once_in(random, 6)) {
		ret->type = VFA_FUNCTION_ENDPOINT;
		return;
	}
	ret->is_multifunction = ret->number || random_once_in(random, 2);
	ret->type = types[random_below(random, TYPES)];
	ret->vendor = random_once_in(random, 3) ? 0x8086 : 0x1b36;
	ret->is_bridge = !random_once_in(random, 3);
}

/* Bridges have buses in any order: 0 is the root bus, and none is used twice. */
static void add_function(struct random *random, struct tree *tree, const uint8_t *buses)
{
	struct vfa_function function = { .parent = -1, .physical = -1 };
	size_t parent = random_below(random, tree->count + 1);

	if (parent < tree->count && tree->functions[parent].is_bridge) {
		function.parent = parent;
		function.bus = tree->functions[parent].secondary_bus;
	}
	function.slot = random_below(random, 3);
	function.number = random_below(random, 3);
	if (is_taken(tree, &function))
		return;
	choose_kind(random, &function);
	choose_bits(random, &function);
	function.secondary_bus = buses[tree->count];
	tree->functions[tree->count++] = function;
}

static int compare(const void *a, const void *b)
{
	const struct vfa_function *left = a, *right = b;
	int one = left->bus << 8 | left->slot << 3 | left->number;
	int other = right->bus << 8 | right->slot << 3 | right->number;

	return (one > other) - (one < other);
}

/* By address, as in a snapshot: the parent of each is found by its bus again. */
static void sort(struct tree *tree)
{
	qsort(tree->functions, tree->count, sizeof(tree->functions[0]), compare);
	for (size_t i = 0; i < tree->count; i++) {
		struct vfa_function *function = &tree->functions[i];

		snprintf(tree->names[i], sizeof(tree->names[i]), "0000:%02x:%02x.%x", function->bus,
			 function->slot, function->number);
		function->bdf = tree->names[i];
		for (size_t j = 0; function->parent >= 0 && j < tree->count; j++) {
			if (tree->functions[j].is_bridge &&
			    tree->functions[j].secondary_bus == function->bus)
				function->parent = j;
		}
	}
}

static void make_tree(struct random *random, bool is_covered, struct tree *ret)
{
	size_t wanted = 1 + random_below(random, MOST);
	uint8_t buses[BUSES - 1];

	for (size_t i = 0; i < sizeof(buses); i++)
		buses[i] = i + 1;
	for (size_t i = 0; i < sizeof(buses); i++) {
		size_t other = random_below(random, sizeof(buses));
		uint8_t bus = buses[i];

		buses[i] = buses[other];
		buses[other] = bus;
	}
	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < wanted; i++)
		add_function(random, ret, buses);
	for (size_t i = 0; i < ret->count; i++)
		ret->functions[i].group = !is_covered && random_once_in(random, 5) ? -1 : 0;
	sort(ret);
}

/* The model. */

static bool isolates(const struct vfa_function *function)
{
	uint16_t wanted = VFA_ACS_SV | VFA_ACS_RR | VFA_ACS_CR | VFA_ACS_UF;
	bool is_on = function->acs.present == VFA_YES &&
		     !(wanted & function->acs.capability & ~function->acs.control);

	switch (function->type) {
	case VFA_FUNCTION_CONVENTIONAL:
	case VFA_FUNCTION_PCI_BRIDGE:
	case VFA_FUNCTION_EXPRESS_BRIDGE:
	case VFA_FUNCTION_ROOT_COLLECTOR:
		return false;
	case VFA_FUNCTION_ROOT_PORT:
	case VFA_FUNCTION_DOWNSTREAM_PORT:
		return is_on;
	case VFA_FUNCTION_ROOT_ENDPOINT:
		return function->vendor == 0x8086 || !function->is_multifunction || is_on;
	case VFA_FUNCTION_ENDPOINT:
	case VFA_FUNCTION_LEGACY_ENDPOINT:
	case VFA_FUNCTION_UPSTREAM_PORT:
		return !function->is_multifunction || is_on;
	default:
		return true;
	}
}

static bool path_isolates(const struct tree *tree, int index)
{
	while (index >= 0 && isolates(&tree->functions[index]))
		index = tree->functions[index].parent;
	return index < 0;
}

static bool is_alias(const struct vfa_function *bridge)
{
	return bridge->type == VFA_FUNCTION_CONVENTIONAL ||
	       bridge->type == VFA_FUNCTION_PCI_BRIDGE ||
	       bridge->type == VFA_FUNCTION_EXPRESS_BRIDGE;
}

struct model {
	int together[MOST]; /* the lowest known index of the group */
};

static void unite(struct model *model, const struct tree *tree, int a, int b)
{
	int from = model->together[a], to = model->together[b];

	for (size_t i = 0; i < tree->count; i++) {
		if (model->together[i] == from)
			model->together[i] = to;
	}
}

/* The alias that has a group, else the highest; @ret is true when it has one. */
static int find_alias(const struct tree *tree, int index, bool *ret)
{
	int alias = index;

	*ret = false;
	for (int at = tree->functions[index].parent; at >= 0; at = tree->functions[at].parent) {
		if (!is_alias(&tree->functions[at]))
			continue;
		alias = at;
		*ret = tree->functions[at].group >= 0;
		if (*ret)
			break;
	}
	return alias;
}

static bool share_slot(const struct vfa_function *a, const struct vfa_function *b)
{
	return a->bus == b->bus && a->slot == b->slot;
}

static void unite_slot(struct model *model, const struct tree *tree, int index, int top)
{
	const struct vfa_function *function = &tree->functions[top];

	if (!function->is_multifunction || isolates(function))
		return;
	for (size_t i = 0; i < tree->count; i++) {
		const struct vfa_function *other = &tree->functions[i];

		if (share_slot(function, other) && !isolates(other) && other->group >= 0)
			unite(model, tree, index, i);
	}
}

static void place(struct model *model, const struct tree *tree, int index)
{
	bool is_found;
	int top = find_alias(tree, index, &is_found), parent;

	while (!is_found && (parent = tree->functions[top].parent) >= 0 &&
	       !path_isolates(tree, parent)) {
		top = parent;
		is_found = tree->functions[top].group >= 0;
	}
	if (is_found)
		unite(model, tree, index, top);
	else
		unite_slot(model, tree, index, top);
}

static void form(const struct tree *tree, struct model *ret)
{
	for (size_t i = 0; i < tree->count; i++)
		ret->together[i] = i;
	for (size_t i = 0; i < tree->count; i++) {
		if (tree->functions[i].group >= 0)
			place(ret, tree, i);
	}
}

static void check_tree(const struct tree *tree, unsigned int seed)
{
	int32_t groups[MOST];
	struct model model;

	assert_int_equal(grouping_form(tree->functions, tree->count, groups), 0);
	form(tree, &model);
	for (size_t i = 0; i < tree->count; i++) {
		assert_int_equal(groups[i] < 0, tree->functions[i].group < 0);
		assert_true(groups[i] < 0 || groups[groups[i]] == groups[i]);
		assert_true(groups[i] <= (int32_t)i);
		for (size_t j = 0; j < i; j++) {
			bool expected = model.together[i] == model.together[j];

			if (groups[i] >= 0 && groups[j] >= 0 &&
			    expected != (groups[i] == groups[j]))
				fail_msg("seed %u: %s and %s are predicted %s", seed,
					 tree->functions[i].bdf, tree->functions[j].bdf,
					 expected ? "apart" : "together");
		}
	}
}

static void random_trees_have_the_groups_of_the_model(void **state)
{
	struct tree tree;

	(void)state;
	for (unsigned int seed = 1; seed <= TREES; seed++) {
		struct random random = { seed };

		make_tree(&random, seed % 2, &tree);
		check_tree(&tree, seed);
	}
}

/* Where all have groups there is a culprit for each two that share one, and for no others. */
static void who_shares_a_group_has_a_culprit(void **state)
{
	struct culprit culprit;
	struct tree tree;
	int32_t groups[MOST];

	(void)state;
	for (unsigned int seed = 1; seed <= TREES; seed++) {
		struct random random = { seed };

		make_tree(&random, true, &tree);
		assert_int_equal(grouping_form(tree.functions, tree.count, groups), 0);
		for (size_t i = 0; i < tree.count; i++) {
			for (size_t j = 0; j < tree.count; j++) {
				if (i == j)
					continue;
				culprit_find(tree.functions, &tree.functions[i], &tree.functions[j],
					     &culprit);
				if ((groups[i] == groups[j]) != !!culprit.kind)
					fail_msg("seed %u: %s and %s", seed, tree.functions[i].bdf,
						 tree.functions[j].bdf);
				assert_int_equal(!culprit.kind, !culprit.function);
			}
		}
	}
}

/* A chain as deep as a made-up machine may have, with no group but at its end. */
static void deep_trees_take_no_time(void **state)
{
	const size_t count = 4096;
	struct vfa_function *functions = calloc(count, sizeof(*functions));
	int32_t *groups = calloc(count, sizeof(*groups));

	(void)state;
	for (size_t i = 0; i < count; i++) {
		functions[i].parent = i < count / 2 ? (int32_t)i - 1 : (int32_t)count / 2 - 1;
		functions[i].group = i < count / 2 ? -1 : 0;
		functions[i].type = VFA_FUNCTION_CONVENTIONAL;
		functions[i].is_bridge = true;
		functions[i].bus = i >> 8;
		functions[i].slot = i >> 3 & 0x1f;
		functions[i].number = i & 7;
		functions[i].is_multifunction = true;
	}
	assert_int_equal(grouping_form(functions, count, groups), 0);
	assert_int_equal(groups[0], -1);
	assert_int_equal(groups[count - 1], count - 1);
	free(functions);
	free(groups);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_trees_have_the_groups_of_the_model),
		cmocka_unit_test(who_shares_a_group_has_a_culprit),
		cmocka_unit_test(deep_trees_take_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
