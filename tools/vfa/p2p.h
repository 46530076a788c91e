/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The ways between two functions, for people and for programs. */

#ifndef VFA_TOOL_P2P_H
#define VFA_TOOL_P2P_H

#include <vfa/p2p.h>

#include "columns.h"
#include "path.h"

/* Both directions. */
struct answer {
	const struct request *request;
	struct vfa_topology *topology;
	struct vfa_p2p *there;
	struct vfa_p2p *back;
};

/* A row: a way from one to the other; without @way the advice of that direction. */
struct item {
	const struct answer *answer;
	const struct vfa_p2p *p2p;
	const struct vfa_p2p_path *path;
	const struct vfa_p2p_advice *advice;
	const struct vfa_p2p_way *way;
};

extern const struct column way_columns[];
extern const struct column advice_columns[]; /* of an item without a way */
extern const struct column answer_columns[]; /* of a struct answer */

/** p2p_colour() - how good an advice is */
enum colour p2p_colour(const struct vfa_p2p_advice *advice);

const char *p2p_address(const struct answer *answer, int32_t index);

/* Takes an item, of which it keeps nothing. */
typedef void add_item_function(void *to, const struct item *item);

/** p2p_each_direction() - there and back, without a way */
void p2p_each_direction(const struct answer *answer, add_item_function *add, void *to);

/** p2p_each_way() - the ways of one direction */
void p2p_each_way(const struct item *direction, add_item_function *add, void *to);

/** p2p_each_on_path() - both functions, and the bridges above them */
void p2p_each_on_path(const struct answer *answer, path_add_fn add, void *to);

/** p2p_print_people() - an exit status */
int p2p_print_people(const struct answer *answer);

/** p2p_print_json() - the ways with these columns; an exit status */
int p2p_print_json(const struct answer *answer, const struct chosen_columns *chosen);

#endif
