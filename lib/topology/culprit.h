/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What puts two functions into one group. */

#ifndef TOPOLOGY_CULPRIT_H
#define TOPOLOGY_CULPRIT_H

#include <vfa/topology.h>

#include "topology/words.h"

enum culprit_kind {
	CULPRIT_NONE,   /* nothing that could be read */
	CULPRIT_PORT,   /* a port above both, or one of them, does not isolate */
	CULPRIT_BRIDGE, /* one that puts its own address on requests of both */
	CULPRIT_SLOT,   /* they are, or are below, functions of one slot that do not isolate */
};

/**
 * struct culprit - one that is enough to keep two functions together
 * @function: the port, the bridge, or the function that the first is or is below; NULL for
 *	CULPRIT_NONE
 * @beside: of CULPRIT_SLOT, the function that the second is or is below
 */
struct culprit {
	enum culprit_kind kind;
	const struct vfa_function *function;
	const struct vfa_function *beside;
};

/** culprit_find() - by the bits in @functions, of two that a prediction has in one group */
void culprit_find(const struct vfa_function *functions, const struct vfa_function *one,
		  const struct vfa_function *other, struct culprit *ret);

/** culprit_words() - why it keeps them together, empty for CULPRIT_NONE */
void culprit_words(const struct culprit *culprit, const struct vfa_function *one,
		   const struct vfa_function *other, char ret[WORDS]);

#endif
