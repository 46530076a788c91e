/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* From a machine to the tree of its capture. */

#ifndef CAPTURE_COLLECT_H
#define CAPTURE_COLLECT_H

#include <vfa/capture.h>

#include "base/captured.h"
#include "base/host.h"

/* What could not be read, or not to its end. */
struct unread_list {
	struct vfa_unread *items; /* their paths are to be freed */
	size_t count;
};

void unread_free(struct unread_list *unread);

/**
 * collect() - read what the plan says
 * @options: who hears how far it is
 * @ret: the tree, sorted
 * @unread: is filled; to be freed in any case
 *
 * Return: 0, -ENOMEM or -EFBIG; nothing is recorded.
 */
int collect(const struct vfa_host *host, const struct vfa_capture_options *options,
	    struct captured **ret, struct unread_list *unread);

#endif
