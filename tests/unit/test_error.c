/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <pthread.h>
#include <string.h>

#include "base/error.h"
#include "fixture.h"

static void *look(void *data)
{
	const struct vfa_error *error = vfa_error_last();

	*(int *)data = !error->code && error->cause == VFA_CAUSE_NONE && error->message &&
		       !error->message[0] && error->hint && !error->hint[0];
	return NULL;
}

static int look_in_new_thread(void)
{
	pthread_t thread;
	int empty = 0;

	assert_int_equal(pthread_create(&thread, NULL, look, &empty), 0);
	pthread_join(thread, NULL);
	return empty;
}

static void a_thread_starts_without_failure(void **state)
{
	(void)state;
	assert_true(look_in_new_thread());
}

static void a_failure_stays_in_its_thread(void **state)
{
	(void)state;
	error_set(EBUSY, VFA_CAUSE_GROUP_BUSY, "busy");
	assert_true(look_in_new_thread());
	assert_int_equal(vfa_error_last()->cause, VFA_CAUSE_GROUP_BUSY);
}

static void the_first_newline_splits_message_and_hint(void **state)
{
	(void)state;
	assert_int_equal(error_set(EINVAL, VFA_CAUSE_EMPTY, "map %d\nfirst\nsecond", 3), -EINVAL);
	check_message("map 3", "first\nsecond");
	assert_int_equal(error_set(-ENODEV, VFA_CAUSE_NO_DEVICE, "gone"), -ENODEV);
	check_message("gone", "");
	assert_int_equal(vfa_error_last()->code, -ENODEV);
}

static void the_kernels_errno_is_spelt_out(void **state)
{
	(void)state;
	assert_int_equal(error_kernel(-EXDEV, "ask"), -EXDEV);
	assert_int_equal(vfa_error_last()->cause, VFA_CAUSE_KERNEL);
	check_message("ask: Invalid cross-device link", NULL);
	assert_int_equal(error_kernel(-524, "ask"), -524);
	check_message("ask: errno 524", NULL);
}

static void a_success_leaves_the_record_alone(void **state)
{
	struct vfa_host *host;

	(void)state;
	error_set(EBUSY, VFA_CAUSE_GROUP_BUSY, "busy");
	assert_ok(vfa_host_new(NULL, &host));
	vfa_host_free(host);
	assert_int_equal(vfa_error_last()->cause, VFA_CAUSE_GROUP_BUSY);
	check_message("busy", NULL);
}

static void a_long_message_is_cut(void **state)
{
	char text[5000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT, "%s\nhint", text);
	assert_true(strlen(vfa_error_last()->message) > 100);
	assert_true(strlen(vfa_error_last()->message) < sizeof(text) - 1);
	assert_string_equal(vfa_error_last()->hint, "");
	error_kernel(EIO, "%s", text);
	assert_int_equal(vfa_error_last()->code, -EIO);
}

static void every_cause_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int cause = VFA_CAUSE_NONE; strcmp(vfa_cause_name(cause), "unknown"); cause++) {
		for (int other = VFA_CAUSE_NONE; other < cause; other++)
			assert_string_not_equal(vfa_cause_name(cause), vfa_cause_name(other));
	}
	assert_string_equal(vfa_cause_name(VFA_CAUSE_OUTSIDE_APERTURE), "outside-aperture");
	assert_string_equal(vfa_cause_name(VFA_CAUSE_NOT_CONTIGUOUS), "not-contiguous");
}

static void an_unknown_cause_is_named_unknown(void **state)
{
	(void)state;
	assert_string_equal(vfa_cause_name((enum vfa_cause)10000), "unknown");
	assert_string_equal(vfa_cause_name((enum vfa_cause) - 1), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thread_starts_without_failure),
		cmocka_unit_test(a_failure_stays_in_its_thread),
		cmocka_unit_test(the_first_newline_splits_message_and_hint),
		cmocka_unit_test(the_kernels_errno_is_spelt_out),
		cmocka_unit_test(a_success_leaves_the_record_alone),
		cmocka_unit_test(a_long_message_is_cut),
		cmocka_unit_test(every_cause_has_a_name_of_its_own),
		cmocka_unit_test(an_unknown_cause_is_named_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
