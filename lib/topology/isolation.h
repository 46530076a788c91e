/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* A report on one device, as its parts are put together. */

#ifndef TOPOLOGY_ISOLATION_H
#define TOPOLOGY_ISOLATION_H

#include <stdbool.h>
#include <vfa/isolation.h>

#include "topology/prediction.h"
#include "topology/words.h"

struct vfa_isolation {
	struct vfa_isolation_step *steps;
	size_t step_count;
	struct vfa_isolation_member *members;
	size_t member_count;
	struct vfa_isolation_note *notes;
	size_t note_count;
	bool has_group;
};

/* What a report is made from. */
struct isolation_view {
	const struct vfa_topology *topology;
	const struct vfa_function *functions; /* the topology's, with the changes */
	const int32_t *groups;                /* that follow from them; NULL when not known */
	bool is_changed;
	int32_t index; /* of the device */
};

/** isolation_are_together() - in the kernel's group; with changes, in the predicted one */
bool isolation_are_together(const struct isolation_view *view, int32_t other);

/** isolation_note_words() - the sentence of a note that has all else */
void isolation_note_words(const struct vfa_isolation_note *note, const struct isolation_view *view,
			  char ret[WORDS]);

/** isolation_add_notes() - 0 or -ENOMEM, nothing recorded */
int isolation_add_notes(struct vfa_isolation *isolation, const struct isolation_view *view);

#endif
