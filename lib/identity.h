/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Addresses that are free both in this process and as IOVA. */

#ifndef LIB_IDENTITY_H
#define LIB_IDENTITY_H

#include "container.h"
#include "memory.h"

/**
 * identity_place() - place memory where its address can be its IOVA too
 * @options: as placement_options() gives them
 *
 * The IOVA is free at that time; nothing keeps it so.
 *
 * Return: 0 or -errno, recorded.
 */
int identity_place(struct vfa_container *container, const struct memory_wish *wish,
		   const struct vfa_map_options *options, struct memory *memory);

#endif
