/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* A container goes over a socket. See scenario.h. */

#include <sys/socket.h>
#include <unistd.h>

#include "scenario.h"

/* With what a failure leaves on its way: of that, the sockets are the owners. */
static void pass_on(struct run *run, const int ends[2])
{
	struct vfa_device *devices[2] = { NULL };
	struct vfa_container *sent = run->container;
	int count;

	step(run, vfa_share_send(ends[0], sent));
	/* A message that is lost takes its devices along. */
	count = vfa_share_receive(ends[1], run->machine->host, &run->container, devices, 2);
	if (!step_partly(run, count))
		return;
	vfa_container_close(sent);
	if (step(run, 0)) {
		struct vfa_map_options options = at(0x10000);

		step(run, vfa_container_map(run->container, run->memory, PAGE, &options, NULL));
	}
	vfa_device_close(devices[0]);
	vfa_device_close(devices[1]);
}

static void a_container_that_is_sent(struct run *run)
{
	struct vfa_device *first = NULL, *second = NULL;
	int ends[2];

	if (!step(run,
		  vfa_container_open(run->machine->host, run->machine->backend, &run->container)))
		return;
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
	step_partly(run, 0);
	if (step(run, open_plainly(run->container, EDU, &first)) &&
	    step(run, open_plainly(run->container, NVME, &second)))
		pass_on(run, ends);
	close(ends[0]);
	close(ends[1]);
	fake_drop_messages();
	vfa_device_close(first);
	vfa_device_close(second);
	vfa_container_close(run->container);
}

SCENARIO(a_container_that_is_sent)
INTERRUPTED(a_container_that_is_sent)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASES(a_container_that_is_sent),
		ON_BOTH(signals_do_not_disturb_a_container_that_is_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
