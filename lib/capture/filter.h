/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What a capture keeps of texts that tell more than is asked: each in place; 0 or -ENOMEM. */

#ifndef CAPTURE_FILTER_H
#define CAPTURE_FILTER_H

#include "capture/mask.h"

/* All, with masked names. */
int filter_names(char *text, struct mask_names *names);

/* Of mountinfo: lines of block devices, with masked names, of their options "rw" or "ro". */
int filter_mounts(char *text, struct mask_names *names);

/* Names of swap devices, and the title above them. */
int filter_swaps(char *text, struct mask_names *names);

/* What the kernel was told about IOMMUs, PCI and VFIO. */
int filter_command_line(char *text, struct mask_names *names);

/* The limit on locked memory. */
int filter_limits(char *text, struct mask_names *names);

/* Users, groups, capabilities, and memory that is locked or pinned. */
int filter_status(char *text, struct mask_names *names);

#endif
