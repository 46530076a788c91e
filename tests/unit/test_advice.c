/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * What vfa_p2p_get_advice() says of real machines, captured by tests/vm/capture.sh: two
 * functions for each kind of place where paths meet.
 */

#include <stdio.h>

#include "fixture.h"

/* Where two functions of a capture meet, and what follows, there and back. */
struct pair {
	const char *capture;
	const char *a, *b;
	enum vfa_p2p_place place;
	struct {
		enum vfa_p2p_advice_kind kind;
		enum vfa_answer is_isolated;
		size_t windows;
	} there, back;
};

#define APART(answer)                                                                              \
	{                                                                                          \
		VFA_P2P_GO_THROUGH_IOMMU, answer, 0                                                \
	}
#define DANGER(windows)                                                                            \
	{                                                                                          \
		VFA_P2P_GO_WITH_DANGER, VFA_NO, windows                                            \
	}

/* Functions have a BAR each, but for e1000e with two and a ROM, and those with MSI-X by SR-IOV. */
static const struct pair pairs[] = {
	{ "intel", "00:04.0", "00:05.0", VFA_P2P_ROOT, APART(VFA_YES), APART(VFA_YES) },
	{ "intel", "00:06.0", "00:06.1", VFA_P2P_SAME_DEVICE, DANGER(1), DANGER(1) },
	{ "intel", "01:00.0", "01:00.1", VFA_P2P_SAME_DEVICE, DANGER(1), DANGER(1) },
	{ "nobody", "01:00.0", "01:00.1", VFA_P2P_SAME_DEVICE, DANGER(1), DANGER(1) },
	{ "ports-no-acs", "04:00.0", "04:00.1", VFA_P2P_SAME_DEVICE, DANGER(1), DANGER(1) },
	{ "ports", "02:00.0", "02:00.1", VFA_P2P_SAME_DEVICE, DANGER(1), DANGER(1) },
	{ "ports-no-acs", "01:00.0", "02:00.0", VFA_P2P_ROOT, APART(VFA_YES), APART(VFA_YES) },
	{ "bridges", "01:01.0", "01:02.0", VFA_P2P_BUS, DANGER(1), DANGER(1) },
	{ "bridges", "02:01.0", "02:02.0", VFA_P2P_BUS, DANGER(1), DANGER(1) },
	{ "bridges-nested", "05:01.0", "06:01.0", VFA_P2P_BUS, DANGER(1), DANGER(1) },
	{ "switch-no-acs", "03:00.0", "05:00.0", VFA_P2P_SWITCH, DANGER(1), DANGER(3) },
	/* In two groups, and not isolated. */
	{ "switch", "03:00.0", "05:00.0", VFA_P2P_SWITCH, DANGER(1), DANGER(3) },
	{ "port-functions", "01:00.0", "02:00.0", VFA_P2P_ROOT, APART(VFA_YES), APART(VFA_YES) },
	{ "port-functions-no-acs", "02:00.0", "03:00.0", VFA_P2P_ROOT, DANGER(1), DANGER(1) },
	/* Virtual functions, which Linux knows to be apart. */
	{ "virtual", "01:00.1", "01:00.2", VFA_P2P_SAME_DEVICE, APART(VFA_UNKNOWN),
	  APART(VFA_UNKNOWN) },
	/* Of one of two ports beside each other the bits are on. */
	{ "root-slots",
	  "01:00.0",
	  "02:00.0",
	  VFA_P2P_ROOT,
	  APART(VFA_YES),
	  { VFA_P2P_GO_WITH_DANGER, VFA_UNKNOWN, 1 } },
	/* Apart since the second was plugged in later, not since they are isolated. */
	{ "hotplug-functions",
	  "02:00.0",
	  "02:00.1",
	  VFA_P2P_SAME_DEVICE,
	  { VFA_P2P_GO_WITH_DANGER, VFA_UNKNOWN, 1 },
	  { VFA_P2P_GO_WITH_DANGER, VFA_UNKNOWN, 1 } },
	{ "bypass",
	  "01:00.0",
	  "41:00.0",
	  VFA_P2P_ROOT,
	  APART(VFA_YES),
	  { VFA_P2P_GO_NOWHERE, VFA_NO, 0 } },
	{ "none",
	  "01:00.0",
	  "01:00.1",
	  VFA_P2P_SAME_DEVICE,
	  { VFA_P2P_GO_NOWHERE, VFA_NO, 0 },
	  { VFA_P2P_GO_NOWHERE, VFA_NO, 0 } },
	{ "intel",
	  "00:04.0",
	  "00:04.0",
	  VFA_P2P_SAME_FUNCTION,
	  { VFA_P2P_GO_INSIDE, VFA_NO, 0 },
	  { VFA_P2P_GO_INSIDE, VFA_NO, 0 } },
};

static bool has(const char *text, const char *words)
{
	return strstr(text, words);
}

/* A danger is never told without what to do about it, nor is safety with one. */
static void check_steps(const struct vfa_p2p_advice *advice)
{
	bool is_dangerous = advice->kind == VFA_P2P_GO_WITH_DANGER;

	assert_true(advice->summary[0]);
	assert_true(advice->steps[0]);
	assert_int_equal(has(advice->steps, "one owner"), is_dangerous);
	assert_int_equal(has(advice->steps, "to have them apart"), is_dangerous);
	assert_int_equal(has(advice->steps, "leave IOVAs to the container"),
			 advice->window_count > 0);
	assert_int_equal(has(advice->steps, "vfa_peer_map()"),
			 is_dangerous || advice->kind == VFA_P2P_GO_THROUGH_IOMMU);
	assert_false(advice->is_isolated == VFA_YES && advice->window_count);
}

static void check_windows(const struct vfa_topology *topology, const struct vfa_p2p *p2p)
{
	const struct vfa_p2p_advice *advice = vfa_p2p_get_advice(p2p);
	const struct vfa_function *target =
		vfa_topology_get_function(topology, vfa_p2p_get_path(p2p)->target);

	for (size_t i = 0; i < advice->window_count; i++) {
		assert_string_equal(advice->windows[i].bdf, target->bdf);
		assert_int_equal(advice->windows[i].kind, VFA_WINDOW_BAR);
	}
}

static void check(const struct pair *pair, const struct vfa_topology *topology, bool is_back)
{
	const struct vfa_p2p_advice *advice;
	struct vfa_p2p *p2p = NULL;

	assert_ok(vfa_p2p_new(topology, is_back ? pair->b : pair->a, is_back ? pair->a : pair->b,
			      &p2p));
	assert_int_equal(vfa_p2p_get_path(p2p)->place, pair->place);
	advice = vfa_p2p_get_advice(p2p);
	assert_int_equal(advice->kind, is_back ? pair->back.kind : pair->there.kind);
	assert_int_equal(advice->is_isolated,
			 is_back ? pair->back.is_isolated : pair->there.is_isolated);
	assert_int_equal(advice->window_count, is_back ? pair->back.windows : pair->there.windows);
	check_steps(advice);
	check_windows(topology, p2p);
	vfa_p2p_free(p2p);
}

static void advice_of_a_pair(void **state)
{
	const struct pair *pair = *state;
	struct vfa_topology *topology;
	struct vfa_host *host;
	char path[512];

	snprintf(path, sizeof(path), CAPTURES "/%s.vfa", pair->capture);
	assert_ok(vfa_host_open_capture(path, NULL, &host));
	assert_ok(vfa_topology_new(host, &topology));
	check(pair, topology, false);
	check(pair, topology, true);
	vfa_topology_free(topology);
	vfa_host_free(host);
}

#define PAIRS (sizeof(pairs) / sizeof(pairs[0]))

int main(void)
{
	static struct CMUnitTest tests[PAIRS];
	static char titles[PAIRS][128];

	for (size_t i = 0; i < PAIRS; i++) {
		snprintf(titles[i], sizeof(titles[i]), "advice of %s and %s of %s", pairs[i].a,
			 pairs[i].b, pairs[i].capture);
		tests[i] = (struct CMUnitTest){
			.name = titles[i],
			.test_func = advice_of_a_pair,
			.initial_state = (void *)&pairs[i],
		};
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
