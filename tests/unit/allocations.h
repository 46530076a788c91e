/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Allocations that fail, but for those of the fake kernel. */

#ifndef ALLOCATIONS_H
#define ALLOCATIONS_H

#include <stdbool.h>

/** allocations_fail_at() - the @number-th one of this thread fails, once; 0 for none */
void allocations_fail_at(unsigned int number);

/** allocations_stop() - none fails any more; whether one did */
bool allocations_stop(void);

#endif
