/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Waiting no longer than was asked for, however often the wait is interrupted. */

#ifndef BASE_DEADLINE_H
#define BASE_DEADLINE_H

#include <stdint.h>

#include "base/syscalls.h"

struct deadline {
	int timeout_ms;
	int64_t end_ms;
};

/** deadline_in() - from now on; 0 is over at once, a negative timeout never */
struct deadline deadline_in(int timeout_ms);

/** deadline_poll() - poll(2) until the deadline; 0 when it is over, or -errno */
int deadline_poll(const struct syscalls *sys, const struct deadline *deadline, struct pollfd *fds,
		  nfds_t count);

#endif
