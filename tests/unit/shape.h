/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Machines as tables: functions, how they are connected, and what they answer at. */

#ifndef SHAPE_H
#define SHAPE_H

#include "fake/config.h"
#include "fixture.h"

/* The types of PCI Express, and of functions without it. */
#define SHAPE_CONVENTIONAL (-1)

#define ACS_NONE (-1) /* no capability */
#define ACS_ALL  0x5f /* all but egress control are implemented */
#define ACS_ON   0x1d /* what the kernel turns on: SV, RR, CR, UF */

enum shape_flag {
	SHAPE_MULTIFUNCTION = 1 << 0, /* its header says so */
	SHAPE_BRIDGE = 1 << 1,        /* a conventional one: other types tell */
};

struct shape {
	const char *bdf;
	const char *parents; /* as in struct tree_device */
	int type;            /* PCI_EXP_TYPE_ENDPOINT or so */
	int acs;             /* bits that are on, of ACS_ALL; ACS_NONE */
	int group;
	uint64_t start; /* a BAR of 64 KiB; of a bridge its window of 1 MiB; 0 for none */
	unsigned int flags;
};

/* Groups are made as they come. */
void shape_add(const struct tree *tree, const struct shape *functions, size_t count);

/* The bits that are on become others. */
void shape_set_acs(const struct tree *tree, const struct shape *function, int acs);

/* Config space as an unprivileged user sees it. */
void shape_hide(const struct tree *tree, const struct shape *functions, size_t count);

#define SHAPE_ADD(machine, functions)                                                              \
	shape_add(&(machine)->tree, functions, sizeof(functions) / sizeof((functions)[0]))

#endif
