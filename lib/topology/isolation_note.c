/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Where the bits tell another story than the groups. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/api.h"
#include "topology/acs.h"
#include "topology/culprit.h"
#include "topology/fork.h"
#include "topology/isolation.h"
#include "topology/words.h"

static const struct vfa_function *device_of(const struct isolation_view *view)
{
	return &view->functions[view->index];
}

static int32_t index_of(const struct isolation_view *view, const struct vfa_function *function)
{
	return function - view->functions;
}

static struct vfa_isolation_note *find_note(struct vfa_isolation *isolation,
					    const struct vfa_isolation_note *wanted)
{
	for (size_t i = 0; i < isolation->note_count; i++) {
		struct vfa_isolation_note *note = &isolation->notes[i];

		if (note->kind == wanted->kind && note->function == wanted->function)
			return note;
	}
	return NULL;
}

/* A function that several others are concerned by is told of once. */
static int add_note(struct vfa_isolation *isolation, struct vfa_isolation_note note)
{
	struct vfa_isolation_note *known = find_note(isolation, &note), *notes;

	if (known) {
		known->count++;
		return 0;
	}
	notes = realloc(isolation->notes, (isolation->note_count + 1) * sizeof(*notes));
	if (!notes)
		return -ENOMEM;
	note.count = 1;
	isolation->notes = notes;
	isolation->notes[isolation->note_count++] = note;
	return 0;
}

static int add_unread(struct vfa_isolation *isolation, const struct isolation_view *view,
		      const struct vfa_function *function)
{
	return add_note(isolation, (struct vfa_isolation_note){
					   .kind = VFA_ISOLATION_UNREAD,
					   .function = index_of(view, function),
					   .other = -1,
				   });
}

/* The function itself, or a bridge above it, that reads as all ones. */
static const struct vfa_function *find_silent(const struct isolation_view *view,
					      const struct vfa_function *function)
{
	while (!function->config_error && function->parent >= 0)
		function = &view->functions[function->parent];
	return function->config_error ? function : NULL;
}

static bool has_lost_bits(const struct vfa_function *function)
{
	return function && function->acs.present == VFA_YES && acs_missing(function);
}

/* Linux has it for one of several only since it has a group. */
static bool was_plugged_in(const struct isolation_view *view, const struct vfa_function *function)
{
	return function->is_multifunction &&
	       !view->topology->links[index_of(view, function)].has_neighbours;
}

static int add_finer(struct vfa_isolation *isolation, const struct isolation_view *view,
		     const struct vfa_function *other)
{
	struct vfa_isolation_note note = { .kind = VFA_ISOLATION_FINER };
	const struct vfa_function *function;
	struct culprit culprit;

	culprit_find(view->functions, device_of(view), other, &culprit);
	function = culprit.function ? culprit.function : device_of(view);
	if (has_lost_bits(culprit.function) || has_lost_bits(culprit.beside)) {
		note.kind = VFA_ISOLATION_LOST;
		function = has_lost_bits(culprit.function) ? culprit.function : culprit.beside;
		note.missing = acs_missing(function);
	} else if (culprit.kind == CULPRIT_SLOT && (was_plugged_in(view, culprit.function) ||
						    was_plugged_in(view, culprit.beside))) {
		note.kind = VFA_ISOLATION_HOTPLUGGED;
	}
	note.function = index_of(view, function);
	note.other = index_of(view, other);
	return add_note(isolation, note);
}

static int add_coarser(struct vfa_isolation *isolation, const struct isolation_view *view,
		       const struct vfa_function *other)
{
	const struct vfa_function *silent = find_silent(view, other);

	if (!silent)
		silent = find_silent(view, device_of(view));
	if (silent)
		return add_unread(isolation, view, silent);
	return add_note(isolation, (struct vfa_isolation_note){
					   .kind = VFA_ISOLATION_COARSER,
					   .function = view->index,
					   .other = index_of(view, other),
				   });
}

/* The kernel's groups beside those that the bits tell. */
static int compare_groups(struct vfa_isolation *isolation, const struct isolation_view *view)
{
	int err = 0;

	for (size_t i = 0; i < view->topology->count && !err; i++) {
		const struct vfa_function *other = &view->functions[i];
		bool kernel = isolation_are_together(view, i);
		bool predicted = view->groups[i] == view->groups[view->index];

		if (other->group < 0 || kernel == predicted)
			continue;
		err = predicted ? add_finer(isolation, view, other)
				: add_coarser(isolation, view, other);
	}
	return err;
}

static bool is_downstream_port(const struct vfa_function *function)
{
	return function && function->type == VFA_FUNCTION_DOWNSTREAM_PORT;
}

static int add_direct(struct vfa_isolation *isolation, const struct isolation_view *view,
		      const struct vfa_function *port, const struct vfa_function *other)
{
	if (!(acs_missing(port) & VFA_ACS_RR))
		return 0;
	return add_note(isolation, (struct vfa_isolation_note){
					   .kind = VFA_ISOLATION_DIRECT,
					   .function = index_of(view, port),
					   .other = index_of(view, other),
				   });
}

/* Linux looks for ACS on the way up only, and not at the ports beside it. */
static int find_direct(struct vfa_isolation *isolation, const struct isolation_view *view)
{
	int err = 0;

	if (device_of(view)->is_bridge)
		return 0;
	for (size_t i = 0; i < view->topology->count && !err; i++) {
		const struct vfa_function *other = &view->functions[i];
		struct fork fork;

		if (other->is_bridge || other->group < 0 || isolation_are_together(view, i))
			continue;
		fork = fork_find(view->functions, device_of(view), other);
		if (!fork.common || !is_downstream_port(fork.left) ||
		    !is_downstream_port(fork.right))
			continue;
		err = add_direct(isolation, view, fork.left, other);
		if (!err)
			err = add_direct(isolation, view, fork.right, other);
	}
	return err;
}

/* Translation Blocking lets no such request through. */
static int find_translated(struct vfa_isolation *isolation, const struct isolation_view *view)
{
	const struct vfa_function *port = device_of(view);
	int err = 0;

	if (port->ats.present != VFA_YES)
		return 0;
	while (!err && port->parent >= 0) {
		port = &view->functions[port->parent];
		if (port->acs.control & VFA_ACS_TB)
			break;
		if (port->acs.control & VFA_ACS_DT)
			err = add_note(isolation, (struct vfa_isolation_note){
							  .kind = VFA_ISOLATION_TRANSLATED,
							  .function = index_of(view, port),
							  .other = -1,
						  });
	}
	return err;
}

/* One that reads as all ones does not say that it is a bridge. */
static bool is_device(const struct isolation_view *view, int32_t index)
{
	if (view->functions[index].is_bridge)
		return false;
	for (size_t i = 0; i < view->topology->count; i++) {
		if (view->functions[i].parent == index)
			return false;
	}
	return true;
}

/* Of one that is a bridge, the devices of its group. */
static int find_dangers(struct vfa_isolation *isolation, const struct isolation_view *view)
{
	int32_t first = is_device(view, view->index) ? view->index : -1;
	int err = 0;

	for (size_t i = 0; i < view->topology->count && !err; i++) {
		if ((int32_t)i == view->index || !isolation_are_together(view, i) ||
		    !is_device(view, i))
			continue;
		if (first >= 0)
			err = add_note(isolation, (struct vfa_isolation_note){
							  .kind = VFA_ISOLATION_DANGEROUS,
							  .function = first,
							  .other = i,
						  });
		else
			first = i;
	}
	return err;
}

static int find_notes(struct vfa_isolation *isolation, const struct isolation_view *view)
{
	const struct vfa_function *obstacle = prediction_obstacle(view->topology);
	const struct vfa_function *silent = find_silent(view, device_of(view));
	int err = 0;

	if (obstacle)
		return add_unread(isolation, view, obstacle);
	if (silent)
		err = add_unread(isolation, view, silent);
	if (!err && !view->is_changed && device_of(view)->group >= 0)
		err = compare_groups(isolation, view);
	if (!err && device_of(view)->group >= 0)
		err = find_direct(isolation, view);
	return err ? err : find_translated(isolation, view);
}

int isolation_add_notes(struct vfa_isolation *isolation, const struct isolation_view *view)
{
	int err = find_notes(isolation, view);
	char text[WORDS];

	if (!err)
		err = find_dangers(isolation, view);
	for (size_t i = 0; i < isolation->note_count && !err; i++) {
		isolation_note_words(&isolation->notes[i], view, text);
		isolation->notes[i].text = strdup(text);
		err = isolation->notes[i].text ? 0 : -ENOMEM;
	}
	return err;
}

VFA_API const char *vfa_isolation_note_name(enum vfa_isolation_note_kind kind)
{
	static const char *const names[] = {
		[VFA_ISOLATION_LOST] = "lost",
		[VFA_ISOLATION_FINER] = "finer",
		[VFA_ISOLATION_HOTPLUGGED] = "hotplugged",
		[VFA_ISOLATION_COARSER] = "coarser",
		[VFA_ISOLATION_DIRECT] = "direct",
		[VFA_ISOLATION_TRANSLATED] = "translated",
		[VFA_ISOLATION_UNREAD] = "unread",
		[VFA_ISOLATION_DANGEROUS] = "dangerous",
	};
	size_t index = (size_t)kind;

	return index < sizeof(names) / sizeof(names[0]) && names[index] ? names[index] : "unknown";
}
