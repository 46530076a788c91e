/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* One lock for all of the fake kernel; a thread that holds it is inside. */

#ifndef FAKE_LOCK_H
#define FAKE_LOCK_H

void fake_lock(void);
void fake_unlock(void);

/* Whether a call that needs no lock is to fail: 0, or the errno, which is in errno too. */
int fake_fail_alone_in(const char *function);
/* The same of a call that no signal interrupts. */
int fake_fail_uninterrupted_in(const char *function);

#define fake_fail_alone()         fake_fail_alone_in(__func__)
#define fake_fail_uninterrupted() fake_fail_uninterrupted_in(__func__)

#endif
