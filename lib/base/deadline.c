/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "base/deadline.h"

#include <errno.h>
#include <time.h>

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

struct deadline deadline_in(int timeout_ms)
{
	return (struct deadline){
		.timeout_ms = timeout_ms,
		.end_ms = timeout_ms > 0 ? now_ms() + timeout_ms : 0,
	};
}

static int left_ms(const struct deadline *deadline)
{
	int64_t left;

	if (deadline->timeout_ms <= 0)
		return deadline->timeout_ms;
	left = deadline->end_ms - now_ms();
	return left > 0 ? (int)left : 0;
}

int deadline_poll(const struct syscalls *sys, const struct deadline *deadline, struct pollfd *fds,
		  nfds_t count)
{
	int ready;

	do
		ready = sys_poll(sys, fds, count, left_ms(deadline));
	while (ready == -EINTR);
	return ready;
}
