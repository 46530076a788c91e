/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What a person is told, for every cause there is. */

#include <stdio.h>

#include "messages/messages.h"

/* Which causes have been told by a test of this program. */
static bool told[256];

/* Without the temporary directory that the machine lives in. */
static void shorten(const struct machine *machine, const char *text, char *ret, size_t size)
{
	size_t used = 0, root = strlen(machine->tree.root);

	while (*text && used < size - 1) {
		if (!strncmp(text, machine->tree.root, root))
			text += root;
		else
			ret[used++] = *text++;
	}
	ret[used] = '\0';
}

static void check_words(const struct machine *machine, const char *file, int line, const char *what,
			const char *is, const char *wanted)
{
	char text[4096];

	shorten(machine, is, text, sizeof(text));
	if (!strcmp(text, wanted))
		return;
	print_error("%s of %s is\n\t%s\nnot\n\t%s\n", what, vfa_cause_name(vfa_error_last()->cause),
		    text, wanted);
	_fail(file, line);
}

void check_says(struct machine *machine, const char *file, int line, int result,
		enum vfa_cause cause, const char *message, const char *hint)
{
	const struct vfa_error *error = vfa_error_last();

	assert_true(result < 0);
	assert_int_equal(error->code, result);
	if (error->cause != cause)
		fail_msg("cause is %s, not %s: %s", vfa_cause_name(error->cause),
			 vfa_cause_name(cause), error->message);
	check_words(machine, file, line, "message", error->message, message);
	check_words(machine, file, line, "hint", error->hint, hint);
	told[cause] = true;
}

int try_open(struct machine *machine, const char *bdf, const char *token)
{
	struct vfa_device_options options = VFA_DEVICE_OPTIONS_INIT;
	struct vfa_container *container = open_container(machine);
	struct vfa_device *device = NULL;
	int err;

	options.vf_token = token;
	err = vfa_device_open(container, bdf, &options, &device);
	assert_null(device);
	vfa_container_close(container);
	return err;
}

int try_map_at(struct space space, uint64_t iova, uint64_t size)
{
	struct vfa_map_options options = at(iova);

	return vfa_container_map(space.container, space.memory, size, &options, NULL);
}

static void every_cause_has_been_told(void **state)
{
	(void)state;
	for (int cause = VFA_CAUSE_NONE + 1; strcmp(vfa_cause_name(cause), "unknown"); cause++)
		if (!told[cause])
			fail_msg("no test tells of %s", vfa_cause_name(cause));
}

static int run(const char *name, const struct CMUnitTest *tests, size_t count)
{
	return _cmocka_run_group_tests(name, tests, count, NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest all[] = { cmocka_unit_test(every_cause_has_been_told) };
	int failed = run("join", join_messages, join_messages_count);

	failed += run("map", map_messages, map_messages_count);
	failed += run("file", file_messages, file_messages_count);
	failed += run("device", device_messages, device_messages_count);
	failed += run("pool", pool_messages, pool_messages_count);
	failed += run("capture", capture_messages, capture_messages_count);
	failed += run("driver", driver_messages, driver_messages_count);
	failed += run("region", region_messages, region_messages_count);
	failed += run("irq", irq_messages, irq_messages_count);
	failed += run("monitor", monitor_messages, monitor_messages_count);
	failed += run("peer", peer_messages, peer_messages_count);
	failed += run("reset", reset_messages, reset_messages_count);
	failed += run("pasid", pasid_messages, pasid_messages_count);
	failed += run("share", share_messages, share_messages_count);
	failed += run("vmm", vmm_messages, vmm_messages_count);
	return failed + run("all", all, 1);
}
