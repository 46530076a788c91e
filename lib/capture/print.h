/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* From the tree of a capture to its text. */

#ifndef CAPTURE_PRINT_H
#define CAPTURE_PRINT_H

#include "base/captured.h"
#include "base/syscalls.h"

/** capture_print() - write a sorted tree to an fd; 0 or -errno, not recorded */
int capture_print(const struct captured *tree, const struct syscalls *sys, int fd);

#endif
