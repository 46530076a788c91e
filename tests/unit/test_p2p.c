/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <linux/pci_regs.h>

#include "shape.h"

#define ENDPOINT   PCI_EXP_TYPE_ENDPOINT
#define ROOT_PORT  PCI_EXP_TYPE_ROOT_PORT
#define UPSTREAM   PCI_EXP_TYPE_UPSTREAM
#define DOWNSTREAM PCI_EXP_TYPE_DOWNSTREAM

#define TOP "0000:00:10.0"
#define UP  TOP "/0000:02:00.0"

/* A switch with three devices: 04:00.0 and its .1, 05:00.0 and, with ATS, 06:00.0. */
#define A     "0000:04:00.0"
#define A1    "0000:04:00.1"
#define B     "0000:05:00.0"
#define C     "0000:06:00.0"
#define UNDER "0000:02:00.0"
#define AT_A  "0000:03:00.0"
#define AT_B  "0000:03:01.0"
#define AT_C  "0000:03:02.0"

enum { ROOT, SWITCH, DOWN_A, DOWN_B, DOWN_C, IS_A, IS_A1, IS_B, IS_C };

static const struct shape machine_shape[] = {
	[ROOT] = { TOP, NULL, ROOT_PORT, ACS_ON, 10, 0, 0 },
	[SWITCH] = { UNDER, TOP, UPSTREAM, ACS_NONE, 11, 0, 0 },
	[DOWN_A] = { AT_A, UP, DOWNSTREAM, ACS_ON, 12, 0, 0 },
	[DOWN_B] = { AT_B, UP, DOWNSTREAM, ACS_ON, 13, 0, 0 },
	[DOWN_C] = { AT_C, UP, DOWNSTREAM, ACS_ON, 14, 0, 0 },
	[IS_A] = { A, UP "/" AT_A, ENDPOINT, ACS_NONE, 15, 0, SHAPE_MULTIFUNCTION },
	[IS_A1] = { A1, UP "/" AT_A, ENDPOINT, ACS_NONE, 15, 0, 0 },
	[IS_B] = { B, UP "/" AT_B, ENDPOINT, ACS_NONE, 16, 0, 0 },
	[IS_C] = { C, UP "/" AT_C, ENDPOINT, ACS_NONE, 17, 0, 0 },
	/* A conventional bus, and a domain of its own. */
	{ "0000:00:11.0", NULL, PCI_EXP_TYPE_PCI_BRIDGE, ACS_NONE, 20, 0, 0 },
	{ "0000:07:01.0", "0000:00:11.0", SHAPE_CONVENTIONAL, ACS_NONE, 20, 0, 0 },
	{ "0000:07:02.0", "0000:00:11.0", SHAPE_CONVENTIONAL, ACS_NONE, 20, 0, 0 },
	{ "0001:00:01.0", NULL, ENDPOINT, ACS_NONE, 21, 0, 0 },
	{ "0000:00:12.0", NULL, ENDPOINT, ACS_NONE, -1, 0, 0 },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* In place of the fixture's devices, whose config space is not there to be read. */
static void be_machine(struct machine *machine, const struct shape *functions)
{
	tree_remove(&machine->tree, "sys/bus/pci/devices");
	tree_mkdir(&machine->tree, "sys/bus/pci/devices");
	shape_add(&machine->tree, functions, COUNT(machine_shape));
}

/* What there is to ask, until close_question(). */
struct question {
	struct vfa_topology *topology;
	struct vfa_p2p *p2p;
};

static struct question ask(struct machine *machine, const char *requester, const char *target)
{
	struct question question = { NULL, NULL };

	assert_ok(vfa_topology_new(machine->host, &question.topology));
	assert_ok(vfa_p2p_new(question.topology, requester, target, &question.p2p));
	return question;
}

static void close_question(struct question question)
{
	vfa_p2p_free(question.p2p);
	vfa_topology_free(question.topology);
}

static void path_is(struct question question, enum vfa_p2p_place place, const char *meeting,
		    const char *summary)
{
	const struct vfa_p2p_path *path = vfa_p2p_get_path(question.p2p);

	assert_int_equal(path->place, place);
	if (meeting)
		assert_int_equal(path->meeting,
				 vfa_topology_find_function(question.topology, meeting));
	else
		assert_int_equal(path->meeting, -1);
	assert_string_equal(path->summary, summary);
}

static void way_is(struct question question, enum vfa_p2p_kind kind, enum vfa_answer is_open,
		   const char *reason, const char *needs, const char *costs)
{
	const struct vfa_p2p_way *way = vfa_p2p_get_way(question.p2p, kind);

	assert_int_equal(way->kind, kind);
	assert_int_equal(way->is_open, is_open);
	assert_string_equal(way->reason, reason);
	assert_string_equal(way->needs, needs);
	assert_string_equal(way->costs, costs);
}

static void advice_is(struct question question, enum vfa_p2p_advice_kind kind,
		      enum vfa_answer is_isolated, const char *summary)
{
	const struct vfa_p2p_advice *advice = vfa_p2p_get_advice(question.p2p);

	assert_int_equal(advice->kind, kind);
	assert_int_equal(advice->is_isolated, is_isolated);
	assert_string_equal(advice->summary, summary);
}

static struct question ask_shape(void **state, const char *requester, const char *target)
{
	be_machine(*state, machine_shape);
	return ask(*state, requester, target);
}

/* What the kernel's groups would be is what it forms of ports without redirection. */
static void redirection_closes_the_way_in_a_switch(void **state)
{
	struct question question = ask_shape(state, B, C);
	const struct vfa_p2p_way *way = vfa_p2p_get_way(question.p2p, VFA_P2P_DIRECT);

	path_is(question, VFA_P2P_SWITCH, UNDER, B " and " C " are below the switch " UNDER);
	way_is(question, VFA_P2P_DIRECT, VFA_NO, "P2P Request Redirect of " AT_B " sends them up",
	       "clear RR, CR of " AT_B ", clear RR, CR of " AT_C "; Linux does so before it forms "
	       "groups, with pci=disable_acs_redir=" AT_B ";" AT_C " on its command line",
	       "Linux would form one group of groups 13, 16, and one of groups 14, 17; the two would be in "
	       "different groups, and not isolated all the same; no PASIDs would be turned on "
	       "there and below");
	assert_int_equal(way->change_count, 2);
	assert_string_equal(way->changes[0].bdf, AT_B);
	assert_int_equal(way->changes[0].clear, VFA_ACS_RR | VFA_ACS_CR);
	assert_int_equal(way->changes[0].set, 0);
	way_is(question, VFA_P2P_TRANSLATED, VFA_NO,
	       B " has no ATS: it cannot ask for translated addresses", "", "");
	way_is(question, VFA_P2P_IOMMU, VFA_UNKNOWN,
	       "no register tells whether the root complex sends requests down again; Linux has a "
	       "list of host bridges that do",
	       "map the BARs of " C " for " B ": on type1 as they are mapped in the process, on "
	       "iommufd from a dma-buf, since Linux 6.19",
	       "the groups stay as they are; each request goes up to the root complex "
	       "and down again");
	close_question(question);
}

static void merger_is(struct question question, size_t index, const char *bdf, const char *first)
{
	const struct vfa_p2p_way *way = vfa_p2p_get_way(question.p2p, VFA_P2P_DIRECT);

	assert_true(index < way->merger_count);
	assert_int_equal(way->mergers[index].function,
			 vfa_topology_find_function(question.topology, bdf));
	assert_int_equal(way->mergers[index].group,
			 vfa_topology_find_function(question.topology, first));
}

#define THROUGH_IOMMU                                                                              \
	"give " B " to VFIO, when nothing uses it: vfa bind --group " B "\n"                       \
	"give " C " to VFIO, when nothing uses it: vfa bind --group " C "\n"                       \
	"open both, and map a BAR of " C " in the container of " B ": vfa_peer_map(), on "         \
	"iommufd since Linux 6.19\n"                                                               \
	"try it before relying on it: no register tells whether the root complex sends "           \
	"requests down again"

static void the_iommu_keeps_isolation_and_the_direct_way_costs_it(void **state)
{
	struct question question = ask_shape(state, B, C);
	const struct vfa_p2p_advice *advice = vfa_p2p_get_advice(question.p2p);
	const struct vfa_p2p_way *way = vfa_p2p_get_way(question.p2p, VFA_P2P_DIRECT);

	advice_is(question, VFA_P2P_GO_THROUGH_IOMMU, VFA_YES,
		  B " reaches of " C " what is mapped for it, and no more");
	assert_string_equal(advice->steps, THROUGH_IOMMU);
	assert_string_equal(
		advice->direct,
		"clear RR, CR of " AT_B ", clear RR, CR of " AT_C
		"; Linux does so before it forms groups, with pci=disable_acs_redir=" AT_B ";" AT_C
		" on its command line; " C " would no longer be isolated from " B
		"; it would make one group of " AT_B ", " B "; it would make one group of " AT_C
		", " C);
	assert_int_equal(advice->window_count, 0);
	assert_int_equal(way->merger_count, 4);
	merger_is(question, 0, AT_B, AT_B);
	merger_is(question, 1, B, AT_B);
	merger_is(question, 2, AT_C, AT_C);
	merger_is(question, 3, C, AT_C);
	assert_int_equal(vfa_p2p_get_way(question.p2p, VFA_P2P_IOMMU)->merger_count, 0);
	close_question(question);
}

/* There is danger one way only: what decides is the port that requests come in by. */
static void an_open_way_is_dangerous(void **state)
{
	struct machine *machine = *state;
	struct shape here[COUNT(machine_shape)];
	struct question question;
	const struct vfa_p2p_advice *advice;

	memcpy(here, machine_shape, sizeof(here));
	here[IS_B].start = 0xfe000000;
	here[IS_C].start = 0xfe800000;
	be_machine(machine, here);
	shape_set_acs(&machine->tree, &here[DOWN_B], ACS_ON & ~VFA_ACS_RR);
	question = ask(machine, B, C);
	advice = vfa_p2p_get_advice(question.p2p);
	advice_is(question, VFA_P2P_GO_WITH_DANGER, VFA_NO,
		  "what " B " sends to the addresses of " C
		  " never reaches the IOMMU: P2P Request Redirect of " AT_B " is off");
	assert_string_equal(advice->steps,
			    "let both have one owner, who trusts them both\n" THROUGH_IOMMU "\n"
			    "leave IOVAs to the container, which keeps out of what " C " takes: "
			    "0xfe800000-0xfe80ffff; see vfa iova " B "\n"
			    "to have them apart, turn RR of " AT_B
			    " on before Linux forms groups: without "
			    "pci=disable_acs_redir=, or with pci=config_acs=111x1@" AT_B
			    " on its command line");
	assert_string_equal(advice->direct, "");
	assert_int_equal(advice->window_count, 1);
	assert_string_equal(advice->windows[0].bdf, C);
	assert_int_equal(advice->windows[0].kind, VFA_WINDOW_BAR);
	assert_int_equal(advice->windows[0].range.start, 0xfe800000);
	assert_int_equal(advice->windows[0].range.last, 0xfe80ffff);
	close_question(question);
	question = ask(machine, C, B);
	assert_int_equal(vfa_p2p_get_advice(question.p2p)->kind, VFA_P2P_GO_THROUGH_IOMMU);
	assert_int_equal(vfa_p2p_get_advice(question.p2p)->is_isolated, VFA_YES);
	close_question(question);
}

/* Without Source Validation one may send in the name of the other. */
static void one_group_is_dangerous_whatever_the_ways(void **state)
{
	static const struct shape group[] = {
		{ "0000:00:13.0", NULL, ROOT_PORT, ACS_ON & ~VFA_ACS_SV, 30, 0, 0 },
		{ "0000:08:00.0", "0000:00:13.0", UPSTREAM, ACS_NONE, 30, 0, 0 },
		{ "0000:09:00.0", "0000:00:13.0/0000:08:00.0", DOWNSTREAM, ACS_ON, 30, 0, 0 },
		{ "0000:0a:00.0", "0000:00:13.0/0000:08:00.0/0000:09:00.0", ENDPOINT, ACS_NONE, 30,
		  0, 0 },
		{ "0000:09:01.0", "0000:00:13.0/0000:08:00.0", DOWNSTREAM, ACS_ON, 30, 0, 0 },
		{ "0000:0b:00.0", "0000:00:13.0/0000:08:00.0/0000:09:01.0", ENDPOINT, ACS_NONE, 30,
		  0, 0 },
	};
	struct machine *machine = *state;
	struct question question;

	be_machine(machine, machine_shape);
	SHAPE_ADD(machine, group);
	question = ask(machine, "0000:0a:00.0", "0000:0b:00.0");
	assert_int_equal(vfa_p2p_get_way(question.p2p, VFA_P2P_DIRECT)->is_open, VFA_NO);
	advice_is(question, VFA_P2P_GO_WITH_DANGER, VFA_NO,
		  "Linux has 0000:0a:00.0 and 0000:0b:00.0 in group 30, and does not isolate them "
		  "from each other: 0000:00:13.0 has SV off: 0000:0a:00.0 may send requests in the "
		  "name of 0000:0b:00.0");
	close_question(question);
}

static void bits_that_were_cleared_open_it(void **state)
{
	struct machine *machine = *state;
	struct question question;

	be_machine(machine, machine_shape);
	shape_set_acs(&machine->tree, &machine_shape[DOWN_B], ACS_ON & ~VFA_ACS_RR);
	question = ask(machine, B, C);
	way_is(question, VFA_P2P_DIRECT, VFA_YES, "P2P Request Redirect of " AT_B " is off",
	       "bus addresses of " C ", used as they are",
	       C " is not isolated from " B ", although Linux has them in groups 17 and 16");
	close_question(question);
	/* From there to here nothing has changed. */
	question = ask(machine, C, B);
	assert_int_equal(vfa_p2p_get_way(question.p2p, VFA_P2P_DIRECT)->is_open, VFA_NO);
	close_question(question);
}

static void a_switch_without_acs_is_open(void **state)
{
	struct machine *machine = *state;
	struct question question;
	struct shape here[COUNT(machine_shape)];

	memcpy(here, machine_shape, sizeof(here));
	here[DOWN_B].acs = ACS_NONE;
	here[IS_B].group = here[DOWN_B].group;
	be_machine(machine, here);
	question = ask(machine, B, C);
	way_is(question, VFA_P2P_DIRECT, VFA_YES,
	       AT_B " has no ACS: the switch sends them where their addresses are",
	       "bus addresses of " C ", used as they are",
	       C " is not isolated from " B ", although Linux has them in groups 17 and 13");
	assert_non_null(strstr(vfa_p2p_get_way(question.p2p, VFA_P2P_IOMMU)->needs,
			       ", at IOVAs outside the dangerous windows"));
	close_question(question);
}

/* Its group is not the port's, though the port has no ACS. */
static void what_only_the_kernel_knows_is_unknown(void **state)
{
	struct machine *machine = *state;
	struct question question;

	be_machine(machine, machine_shape);
	shape_set_acs(&machine->tree, &machine_shape[DOWN_B], ACS_NONE);
	question = ask(machine, B, C);
	way_is(question, VFA_P2P_DIRECT, VFA_UNKNOWN,
	       AT_B " has no ACS, and no register tells whether it sends them up; Linux takes it "
		    "that it does",
	       "", "");
	close_question(question);
}

static void egress_control_decides_by_a_vector(void **state)
{
	struct machine *machine = *state;
	struct question question;

	be_machine(machine, machine_shape);
	shape_set_acs(&machine->tree, &machine_shape[DOWN_B], ACS_ON | VFA_ACS_EC);
	question = ask(machine, B, C);
	way_is(question, VFA_P2P_DIRECT, VFA_UNKNOWN,
	       "P2P Egress Control of " AT_B " is on: its vector decides", "", "");
	close_question(question);
}

static void add_ats(struct machine *machine, bool enabled)
{
	struct config config;

	config_init(&config, 0x1b36, 0x0010);
	config_add_express(&config, ENDPOINT);
	config_add_ats(&config, enabled);
	tree_write_config(&machine->tree, C, &config, 0);
}

static void translated_requests_need_a_bit(void **state)
{
	struct machine *machine = *state;
	struct question question;
	const struct vfa_p2p_way *way;

	be_machine(machine, machine_shape);
	add_ats(machine, false);
	shape_set_acs(&machine->tree, &machine_shape[DOWN_C], ACS_ON | VFA_ACS_TB);
	question = ask(machine, C, B);
	way_is(question, VFA_P2P_TRANSLATED, VFA_NO, "ACS stops translated requests on their way",
	       "set DT of " AT_C ", clear TB of " AT_C "; in pci=config_acs= name the bits that "
	       "are on too, for one marked x is as firmware left it; map the BARs of " B
	       " in the IOMMU for " C ", and have ATS on, which the kernel turns on with the "
	       "IOMMU's consent",
	       "the IOMMU does not look at translated requests: " C " has to be trusted; the "
	       "groups would stay as they are");
	way = vfa_p2p_get_way(question.p2p, VFA_P2P_TRANSLATED);
	assert_int_equal(way->change_count, 2);
	assert_int_equal(way->changes[0].set, VFA_ACS_DT);
	assert_int_equal(way->changes[1].clear, VFA_ACS_TB);
	close_question(question);
}

static void translated_requests_pass_with_it(void **state)
{
	struct machine *machine = *state;
	struct question question;

	be_machine(machine, machine_shape);
	shape_set_acs(&machine->tree, &machine_shape[DOWN_C], ACS_ON | VFA_ACS_DT);
	add_ats(machine, true);
	question = ask(machine, C, B);
	way_is(question, VFA_P2P_TRANSLATED, VFA_YES,
	       "nothing stops translated requests; ATS of " C " is on",
	       "map the BARs of " B " in the IOMMU for " C,
	       "the IOMMU does not look at translated requests: " C " has to be trusted");
	advice_is(question, VFA_P2P_GO_THROUGH_IOMMU, VFA_UNKNOWN,
		  B " is isolated from " C " as long as that one sends translated addresses as it "
		    "got them from the IOMMU");
	close_question(question);
	add_ats(machine, false);
	question = ask(machine, C, B);
	assert_int_equal(vfa_p2p_get_way(question.p2p, VFA_P2P_TRANSLATED)->is_open, VFA_NO);
	close_question(question);
	question = ask(machine, C, "0000:00:12.0");
	way_is(question, VFA_P2P_TRANSLATED, VFA_UNKNOWN,
	       "the IOMMU lets them pass, but no register tells whether the root complex sends them "
	       "down again",
	       "", "");
	close_question(question);
}

static void functions_of_a_device_may_talk_inside(void **state)
{
	struct machine *machine = *state;
	struct question question = ask_shape(state, A, A1);

	path_is(question, VFA_P2P_SAME_DEVICE, AT_A, A " and " A1 " are in one device");
	way_is(question, VFA_P2P_DIRECT, VFA_UNKNOWN,
	       A " has no ACS, and no register tells whether they can stay in the device; Linux "
		 "takes it that they can",
	       "", "");
	close_question(question);
	shape_set_acs(&machine->tree, &machine_shape[IS_A], 0);
	question = ask(machine, A, A1);
	way_is(question, VFA_P2P_DIRECT, VFA_YES, "P2P Request Redirect of " A " is off",
	       "bus addresses of " A1 ", used as they are", A1 " is not isolated from " A);
	close_question(question);
	shape_set_acs(&machine->tree, &machine_shape[IS_A], ACS_ON);
	question = ask(machine, A, A1);
	assert_int_equal(vfa_p2p_get_way(question.p2p, VFA_P2P_DIRECT)->is_open, VFA_NO);
	assert_int_equal(vfa_p2p_get_way(question.p2p, VFA_P2P_DIRECT)->change_count, 1);
	close_question(question);
}

static void a_conventional_bus_is_open(void **state)
{
	struct question question = ask_shape(state, "0000:07:01.0", "0000:07:02.0");

	path_is(question, VFA_P2P_BUS, "0000:00:11.0",
		"0000:07:01.0 and 0000:07:02.0 share a conventional bus below 0000:00:11.0");
	way_is(question, VFA_P2P_DIRECT, VFA_YES,
	       "on a conventional bus the one that is addressed answers",
	       "bus addresses of 0000:07:02.0, used as they are",
	       "0000:07:02.0 is not isolated from 0000:07:01.0");
	way_is(question, VFA_P2P_TRANSLATED, VFA_NO,
	       "a conventional bus has no translated requests", "", "");
	close_question(question);
}

static void the_root_complex_has_the_iommu_first(void **state)
{
	struct question question = ask_shape(state, B, "0000:07:01.0");

	path_is(question, VFA_P2P_ROOT, NULL, B " and 0000:07:01.0 meet in the root complex only");
	way_is(question, VFA_P2P_DIRECT, VFA_NO, "in the root complex they meet the IOMMU first",
	       "", "");
	close_question(question);
}

/* They are functions of one device, too. */
static void root_ports_of_one_slot_may_go_past_it(void **state)
{
	static const struct shape slot[] = {
		{ "0000:00:13.0", NULL, ROOT_PORT, ACS_NONE, 30, 0, SHAPE_MULTIFUNCTION },
		{ "0000:08:00.0", "0000:00:13.0", ENDPOINT, ACS_NONE, 30, 0, 0 },
		{ "0000:00:13.1", NULL, ROOT_PORT, ACS_NONE, 30, 0, 0 },
		{ "0000:09:00.0", "0000:00:13.1", ENDPOINT, ACS_NONE, 30, 0, 0 },
	};
	struct question question;

	SHAPE_ADD((struct machine *)*state, slot);
	question = ask(*state, "0000:08:00.0", "0000:09:00.0");
	path_is(question, VFA_P2P_ROOT, NULL,
		"0000:08:00.0 and 0000:09:00.0 meet in the root complex only");
	way_is(question, VFA_P2P_DIRECT, VFA_UNKNOWN,
	       "0000:00:13.0 has no ACS, and no register tells whether they can stay in the device; "
	       "Linux takes it that they can",
	       "", "");
	close_question(question);
}

static void domains_do_not_meet(void **state)
{
	struct question question = ask_shape(state, "0001:00:01.0", B);

	path_is(question, VFA_P2P_DOMAINS, NULL, "0001:00:01.0 and " B " are in two PCI domains");
	way_is(question, VFA_P2P_DIRECT, VFA_NO, "no bridge leads from one domain to the other", "",
	       "");
	close_question(question);
}

static void a_function_is_its_own_judge(void **state)
{
	struct question question = ask_shape(state, B, B);

	path_is(question, VFA_P2P_SAME_FUNCTION, AT_B, B " is both");
	way_is(question, VFA_P2P_DIRECT, VFA_UNKNOWN,
	       "no register tells what " B " makes of its own addresses", "", "");
	advice_is(question, VFA_P2P_GO_INSIDE, VFA_NO, B " would send to itself");
	assert_string_equal(vfa_p2p_get_advice(question.p2p)->steps,
			    "copy inside " B ", as its own documentation tells");
	close_question(question);
}

static void without_an_iommu_nothing_translates(void **state)
{
	struct question question = ask_shape(state, "0000:00:12.0", B);

	way_is(question, VFA_P2P_DIRECT, VFA_UNKNOWN,
	       "no register tells whether the root complex sends requests down again", "", "");
	way_is(question, VFA_P2P_IOMMU, VFA_NO,
	       "0000:00:12.0 is in no IOMMU group: nothing translates its requests", "", "");
	advice_is(question, VFA_P2P_GO_NOWHERE, VFA_NO,
		  "nothing translates or stops what 0000:00:12.0 sends, to memory and to other "
		  "devices");
	assert_string_equal(vfa_p2p_get_advice(question.p2p)->steps,
			    "turn the IOMMU on; see what lacks: vfa doctor");
	close_question(question);
}

static void hidden_registers_tell_nothing(void **state)
{
	struct machine *machine = *state;
	struct question question;

	be_machine(machine, machine_shape);
	shape_hide(&machine->tree, machine_shape, COUNT(machine_shape));
	question = ask(machine, B, C);
	path_is(question, VFA_P2P_BRIDGE, UNDER,
		B " and " C " are below " UNDER ", whose config space could not be read");
	way_is(question, VFA_P2P_DIRECT, VFA_UNKNOWN,
	       "the config space of " UNDER " could not be read", "", "");
	way_is(question, VFA_P2P_TRANSLATED, VFA_UNKNOWN, "whether " B " has ATS could not be read",
	       "", "");
	advice_is(question, VFA_P2P_GO_THROUGH_IOMMU, VFA_UNKNOWN,
		  "whether " C " is isolated from " B " is not known: the config space of " UNDER
		  " could not be read");
	close_question(question);
	question = ask(machine, A, A1);
	way_is(question, VFA_P2P_DIRECT, VFA_UNKNOWN, "the ACS bits of " A " could not be read", "",
	       "");
	advice_is(question, VFA_P2P_GO_WITH_DANGER, VFA_NO,
		  "Linux has " A " and " A1
		  " in group 15, and does not isolate them from each other");
	close_question(question);
}

/* One function that cannot be read hides what groups would be, but not the way. */
static void costs_may_be_unknown(void **state)
{
	struct machine *machine = *state;
	struct question question;
	const struct vfa_p2p_way *way;

	be_machine(machine, machine_shape);
	shape_hide(&machine->tree, &machine_shape[IS_A], 1);
	question = ask(machine, B, C);
	way = vfa_p2p_get_way(question.p2p, VFA_P2P_DIRECT);
	assert_int_equal(way->is_open, VFA_NO);
	assert_non_null(strstr(way->costs, "which groups would be one cannot be told: " A ": "));
	assert_int_equal(way->merger_count, 0);
	close_question(question);
}

static void bad_questions_are_refused(void **state)
{
	struct machine *machine = *state;
	struct vfa_topology *topology = NULL;
	struct vfa_p2p *p2p = NULL;

	be_machine(machine, machine_shape);
	assert_ok(vfa_topology_new(machine->host, &topology));
	assert_fails(vfa_p2p_new(NULL, A, B, &p2p), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_p2p_new(topology, A, B, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_p2p_new(topology, NULL, B, &p2p), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_p2p_new(topology, A, "b", &p2p), EINVAL, BAD_BDF);
	assert_fails(vfa_p2p_new(topology, A, "0000:77:00.0", &p2p), ENODEV, NO_DEVICE);
	assert_fails(vfa_p2p_new(topology, A, AT_B, &p2p), EINVAL, BAD_ARGUMENT);
	check_message(AT_B " is a bridge: it passes on what others send",
		      "name the functions behind it");
	assert_null(p2p);
	vfa_p2p_free(NULL);
	vfa_topology_free(topology);
}

static void places_and_kinds_have_names(void **state)
{
	struct question question = ask_shape(state, A, B);

	assert_string_equal(vfa_p2p_place_name(VFA_P2P_SAME_FUNCTION), "same function");
	assert_string_equal(vfa_p2p_place_name(VFA_P2P_SAME_DEVICE), "same device");
	assert_string_equal(vfa_p2p_place_name(VFA_P2P_BUS), "conventional bus");
	assert_string_equal(vfa_p2p_place_name(VFA_P2P_SWITCH), "switch");
	assert_string_equal(vfa_p2p_place_name(VFA_P2P_BRIDGE), "bridge");
	assert_string_equal(vfa_p2p_place_name(VFA_P2P_ROOT), "root complex");
	assert_string_equal(vfa_p2p_place_name(VFA_P2P_DOMAINS), "two domains");
	assert_string_equal(vfa_p2p_place_name(0), "unknown");
	assert_string_equal(vfa_p2p_kind_name(VFA_P2P_DIRECT), "direct");
	assert_string_equal(vfa_p2p_kind_name(VFA_P2P_TRANSLATED), "translated");
	assert_string_equal(vfa_p2p_kind_name(VFA_P2P_IOMMU), "IOMMU");
	assert_string_equal(vfa_p2p_kind_name(0), "unknown");
	assert_string_equal(vfa_p2p_advice_name(VFA_P2P_GO_THROUGH_IOMMU), "through the IOMMU");
	assert_string_equal(vfa_p2p_advice_name(VFA_P2P_GO_WITH_DANGER), "dangerous");
	assert_string_equal(vfa_p2p_advice_name(VFA_P2P_GO_INSIDE), "inside");
	assert_string_equal(vfa_p2p_advice_name(VFA_P2P_GO_NOWHERE), "nowhere");
	assert_string_equal(vfa_p2p_advice_name(0), "unknown");
	assert_null(vfa_p2p_get_way(question.p2p, 0));
	assert_null(vfa_p2p_get_way(question.p2p, VFA_P2P_IOMMU + 1));
	close_question(question);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(redirection_closes_the_way_in_a_switch),
		CASE(the_iommu_keeps_isolation_and_the_direct_way_costs_it),
		CASE(an_open_way_is_dangerous),
		CASE(one_group_is_dangerous_whatever_the_ways),
		CASE(bits_that_were_cleared_open_it),
		CASE(a_switch_without_acs_is_open),
		CASE(what_only_the_kernel_knows_is_unknown),
		CASE(egress_control_decides_by_a_vector),
		CASE(translated_requests_need_a_bit),
		CASE(translated_requests_pass_with_it),
		CASE(functions_of_a_device_may_talk_inside),
		CASE(a_conventional_bus_is_open),
		CASE(the_root_complex_has_the_iommu_first),
		CASE(root_ports_of_one_slot_may_go_past_it),
		CASE(domains_do_not_meet),
		CASE(a_function_is_its_own_judge),
		CASE(without_an_iommu_nothing_translates),
		CASE(hidden_registers_tell_nothing),
		CASE(costs_may_be_unknown),
		CASE(bad_questions_are_refused),
		CASE(places_and_kinds_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
