/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Machines of many shapes, captured by tests/vm/capture.sh with the groups that the
 * kernel formed there: the library predicts these groups, and from one machine those
 * of another whose ports have other ACS bits.
 */

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "fixture.h"

#define MAX_CAPTURES  64
#define MAX_FUNCTIONS 256
#define MAX_PORTS     4

struct captured {
	struct vfa_host *host;
	struct vfa_topology *topology;
	size_t count;
	int32_t predicted[MAX_FUNCTIONS];
};

static void open_captured(const char *name, struct captured *ret)
{
	char path[512];

	snprintf(path, sizeof(path), CAPTURES "/%s.vfa", name);
	assert_ok(vfa_host_open_capture(path, NULL, &ret->host));
	assert_ok(vfa_topology_new(ret->host, &ret->topology));
	ret->count = vfa_topology_count_functions(ret->topology);
	assert_in_range(ret->count, 1, MAX_FUNCTIONS);
}

static void close_captured(struct captured *captured)
{
	vfa_topology_free(captured->topology);
	vfa_host_free(captured->host);
}

static const struct vfa_function *function_at(const struct captured *captured, size_t index)
{
	return vfa_topology_get_function(captured->topology, index);
}

static void predict(struct captured *captured, const struct vfa_acs_change *changes, size_t count)
{
	assert_int_equal(vfa_topology_predict(captured->topology, changes, count,
					      captured->predicted, MAX_FUNCTIONS),
			 captured->count);
}

/*
 * Plugged in while the machine ran, in a slot of several functions, of which the header
 * of one alone tells of others: the kernel forms its group before it knows of them.
 */
static bool came_too_early(const char *name, const struct vfa_function *function)
{
	return strcmp(name, "hotplug-functions") == 0 && (function->bus == 2 || function->bus == 3);
}

static bool are_predicted_together(const struct captured *captured, size_t a, size_t b)
{
	return captured->predicted[a] != -1 && captured->predicted[a] == captured->predicted[b];
}

static bool are_together(const struct vfa_function *a, const struct vfa_function *b)
{
	return a->group != -1 && a->group == b->group;
}

/* Against the groups of @real, a machine with the same functions called @name. */
static void assert_predicted(const struct captured *captured, const struct captured *real,
			     const char *name)
{
	assert_int_equal(captured->count, real->count);
	for (size_t i = 0; i < real->count; i++) {
		const struct vfa_function *function = function_at(real, i);

		assert_string_equal(function_at(captured, i)->bdf, function->bdf);
		assert_int_equal(captured->predicted[i] == -1, function->group == -1);
		for (size_t j = 0; j < i; j++) {
			const struct vfa_function *other = function_at(real, j);
			bool together = are_predicted_together(captured, i, j);

			if (came_too_early(name, function) && came_too_early(name, other))
				assert_int_equal(together, function->bus == other->bus);
			else if (together != are_together(function, other))
				fail_msg("%s and %s of %s", function->bdf, other->bdf, name);
		}
	}
}

static void predicted_groups_are_the_kernels(void **state)
{
	struct captured captured;
	const char *name = *state;

	open_captured(name, &captured);
	predict(&captured, NULL, 0);
	assert_predicted(&captured, &captured, name);
	close_captured(&captured);
}

static void nothing_is_predicted_without_privileges(void **state)
{
	struct captured captured;

	open_captured(*state, &captured);
	assert_fails(
		vfa_topology_predict(captured.topology, NULL, 0, captured.predicted, MAX_FUNCTIONS),
		EACCES, ACCESS);
	close_captured(&captured);
}

/* Two machines that differ in the ACS of some ports, which @off lacks. */
struct pair {
	const char *on;
	const char *off;
	const char *ports[MAX_PORTS];
};

static size_t list_changes(const struct pair *pair, bool on, struct vfa_acs_change *ret)
{
	size_t count = 0;

	for (; count < MAX_PORTS && pair->ports[count]; count++) {
		ret[count].bdf = pair->ports[count];
		ret[count].set = on ? VFA_ACS_ISOLATION : 0;
		ret[count].clear = on ? 0 : VFA_ACS_ISOLATION;
	}
	return count;
}

static bool is_predicted(const struct captured *captured, const int32_t *groups)
{
	return memcmp(captured->predicted, groups, captured->count * sizeof(*groups)) == 0;
}

static void expect_of_the_other(struct captured *captured, const struct captured *other,
				const struct pair *pair, bool on)
{
	struct vfa_acs_change changes[MAX_PORTS] = { 0 };
	int32_t unchanged[MAX_FUNCTIONS];

	predict(captured, NULL, 0);
	memcpy(unchanged, captured->predicted, sizeof(unchanged));
	predict(captured, changes, list_changes(pair, on, changes));
	assert_false(is_predicted(captured, unchanged));
	assert_predicted(captured, other, on ? pair->on : pair->off);
}

static void other_bits_make_the_groups_of_the_other_machine(void **state)
{
	const struct pair *pair = *state;
	struct captured on, off;

	open_captured(pair->on, &on);
	open_captured(pair->off, &off);
	expect_of_the_other(&on, &off, pair, false);
	expect_of_the_other(&off, &on, pair, true);
	close_captured(&on);
	close_captured(&off);
}

static struct pair pairs[] = {
	{ "port-functions", "port-functions-no-acs", { "00:04.1", "00:04.2", "00:04.5" } },
	{ "ports", "ports-no-acs", { "00:04.0", "00:05.0", "00:07.0" } },
	{ "ports", "ports-no-redirect", { "00:05.0" } },
	{ "switch", "switch-no-acs", { "00:04.0" } },
	{ "switches", "switches-no-acs", { "00:05.0" } },
	{ "virtual", "virtual-no-acs", { "00:05.0" } },
};

#define PAIRS (sizeof(pairs) / sizeof(pairs[0]))

#define MAX_TESTS (MAX_CAPTURES + PAIRS)

static struct CMUnitTest tests[MAX_TESTS];
static char titles[MAX_TESTS][320];
static char names[MAX_CAPTURES][256];

static void add_test(size_t index, const char *title, const char *name, void (*run)(void **),
		     void *state)
{
	snprintf(titles[index], sizeof(titles[index]), "%s (%s)", title, name);
	tests[index] = (struct CMUnitTest){
		.name = titles[index],
		.test_func = run,
		.initial_state = state,
	};
}

static size_t add_captures(void)
{
	DIR *dir = opendir(CAPTURES);
	struct dirent *entry;
	size_t count = 0;

	while (dir && (entry = readdir(dir))) {
		char *end = strstr(entry->d_name, ".vfa");

		if (!end || end[strlen(".vfa")])
			continue;
		if (count == MAX_CAPTURES)
			abort();
		*end = '\0';
		snprintf(names[count], sizeof(names[count]), "%s", entry->d_name);
		if (strcmp(names[count], "nobody") == 0)
			add_test(count, "nothing_is_predicted_without_privileges", names[count],
				 nothing_is_predicted_without_privileges, names[count]);
		else
			add_test(count, "predicted_groups_are_the_kernels", names[count],
				 predicted_groups_are_the_kernels, names[count]);
		count++;
	}
	if (dir)
		closedir(dir);
	return count;
}

int main(void)
{
	size_t count = add_captures();

	if (!count) {
		fprintf(stderr, "no captures in " CAPTURES "\n");
		return EXIT_FAILURE;
	}
	for (size_t i = 0; i < PAIRS; i++)
		add_test(count++, "other_bits_make_the_groups_of_the_other_machine", pairs[i].off,
			 other_bits_make_the_groups_of_the_other_machine, &pairs[i]);
	return _cmocka_run_group_tests("topologies", tests, count, NULL, NULL);
}
