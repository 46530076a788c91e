/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* A PCI function as a row, and what can be told of it. */

#ifndef VFA_TOOL_FUNCTION_H
#define VFA_TOOL_FUNCTION_H

#include <vfa/topology.h>

#include "columns.h"

struct function_item {
	const struct request *request;
	const struct vfa_topology *topology;
	const struct vfa_function *function;
};

/* All columns of a function, of list and info. */
extern const struct column function_columns[];

/** config_reason() - why config space could not be read; the string stays */
const char *config_reason(int err);

/** function_acs_set() - each bit that it has, on (+) or off (-), or "absent" */
void function_acs_set(const struct vfa_function *function, const struct vfa_acs *acs,
		      struct cell *cell);

/* Columns of other commands too. */
void function_get_driver(const void *data, struct cell *cell);
void function_get_group(const void *data, struct cell *cell);
void function_get_ids(const void *data, struct cell *cell);
void function_get_node(const void *data, struct cell *cell);
void function_get_use(const void *data, struct cell *cell);

/* Columns from config space, by their names in lower case. */
void get_acs(const void *data, struct cell *cell);
void get_ats(const void *data, struct cell *cell);
void get_capabilities(const void *data, struct cell *cell);
void get_config(const void *data, struct cell *cell);
void get_interrupts(const void *data, struct cell *cell);
void get_no_snoop(const void *data, struct cell *cell);
void get_pasid(const void *data, struct cell *cell);
void get_pri(const void *data, struct cell *cell);
void get_regions(const void *data, struct cell *cell);
void get_type(const void *data, struct cell *cell);

#endif
