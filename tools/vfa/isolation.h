/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* A report on isolation, for people and for programs. */

#ifndef VFA_TOOL_ISOLATION_H
#define VFA_TOOL_ISOLATION_H

#include <vfa/isolation.h>

#include "function.h"
#include "whatif.h"

/* What is asked, and what there is to answer from. */
struct question {
	const struct request *request;
	const struct vfa_topology *topology;
	struct chosen_columns columns; /* of the path, in JSON */
	struct whatif whatif;
	int32_t *now; /* predicted groups, and those with the changes; NULL without changes */
	int32_t *then;
	size_t count;
};

/* The device, or a bridge above it. */
struct step_item {
	struct function_item base; /* the columns of a function take it for one */
	const struct vfa_isolation_step *step;
};

/* Another function of the group. */
struct member_item {
	const struct vfa_topology *topology;
	const struct vfa_function *device;
	const struct vfa_isolation_member *member;
	bool is_dangerous; /* the group has several devices, of which it is one */
};

struct note_item {
	const struct vfa_topology *topology;
	const struct vfa_isolation_note *note;
};

/* A function whose group would be another. */
struct changed_item {
	const struct vfa_topology *topology;
	const int32_t *groups; /* that would be */
	size_t index;
};

extern const struct column step_columns[];
extern const struct column member_columns[];
extern const struct column merged_columns[]; /* of a member, with its device */
extern const struct column note_columns[];
extern const struct column changed_columns[];

/* Takes a row, of which it keeps nothing. */
typedef void add_row_function(void *to, const void *item);

/* The path comes from the root bus down. */
void each_step(const struct question *question, const struct vfa_isolation *isolation,
	       add_row_function *add, void *to);
void each_member(const struct question *question, const struct vfa_isolation *isolation,
		 add_row_function *add, void *to);
void each_note(const struct question *question, const struct vfa_isolation *isolation,
	       add_row_function *add, void *to);
void each_changed(const struct question *question, add_row_function *add, void *to);

/* Members of all groups, beside the first function of each; an exit status. */
int each_merged(const struct question *question, add_row_function *add, void *to);

/**
 * isolation_print_people() - the report on a device, and what would follow from changes
 * @now: NULL when no device is asked about
 * @then: the report with the changes, NULL without
 *
 * Return: an exit status.
 */
int isolation_print_people(const struct question *question, const struct vfa_isolation *now,
			   const struct vfa_isolation *then);
int isolation_print_json(const struct question *question, const struct vfa_isolation *now,
			 const struct vfa_isolation *then);

/** isolation_print_merged() - all groups of several functions; an exit status */
int isolation_print_merged(const struct question *question);
int isolation_print_merged_json(const struct question *question);

#endif
