/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "fail.h"
#include "isolation.h"

/* From the root bus down. */
void each_step(const struct question *question, const struct vfa_isolation *isolation,
	       add_row_function *add, void *to)
{
	for (size_t i = vfa_isolation_count_steps(isolation); i-- > 0;) {
		const struct vfa_isolation_step *step = vfa_isolation_get_step(isolation, i);
		struct step_item item = {
			.base = { question->request, question->topology,
				  vfa_topology_get_function(question->topology, step->function) },
			.step = step,
		};

		add(to, &item);
	}
}

static bool has_devices(const struct vfa_isolation *isolation)
{
	const struct vfa_isolation_note *note;

	for (size_t i = 0; (note = vfa_isolation_get_note(isolation, i)); i++) {
		if (note->kind == VFA_ISOLATION_DANGEROUS)
			return true;
	}
	return false;
}

static bool is_bridge(const struct question *question, int32_t index)
{
	return vfa_topology_get_function(question->topology, index)->is_bridge;
}

void each_member(const struct question *question, const struct vfa_isolation *isolation,
		 add_row_function *add, void *to)
{
	const struct vfa_isolation_step *device = vfa_isolation_get_step(isolation, 0);
	struct member_item item = {
		.topology = question->topology,
		.device = vfa_topology_get_function(question->topology, device->function),
	};

	for (size_t i = 0; i < vfa_isolation_count_members(isolation); i++) {
		item.member = vfa_isolation_get_member(isolation, i);
		item.is_dangerous =
			has_devices(isolation) && !is_bridge(question, item.member->function);
		add(to, &item);
	}
}

void each_note(const struct question *question, const struct vfa_isolation *isolation,
	       add_row_function *add, void *to)
{
	struct note_item item = { .topology = question->topology };

	for (size_t i = 0; i < vfa_isolation_count_notes(isolation); i++) {
		item.note = vfa_isolation_get_note(isolation, i);
		add(to, &item);
	}
}

/* Others share its group, or some that do now do not. */
static bool is_changed(const struct question *question, size_t index)
{
	for (size_t i = 0; i < question->count; i++) {
		if ((question->now[i] == question->now[index]) !=
		    (question->then[i] == question->then[index]))
			return true;
	}
	return false;
}

void each_changed(const struct question *question, add_row_function *add, void *to)
{
	struct changed_item item = { .topology = question->topology, .groups = question->then };

	for (item.index = 0; item.index < question->count; item.index++) {
		if (question->now[item.index] >= 0 && is_changed(question, item.index))
			add(to, &item);
	}
}

/* The first function of a group stands for it. */
static bool is_first(const struct question *question, size_t index)
{
	int32_t group = vfa_topology_get_function(question->topology, index)->group;

	for (size_t i = 0; i < index; i++) {
		if (vfa_topology_get_function(question->topology, i)->group == group)
			return false;
	}
	return group >= 0;
}

/* One report says for all what could not be read. */
static void tell_unread(const struct vfa_isolation *isolation, bool *is_told)
{
	const struct vfa_isolation_note *unread;

	for (size_t i = 0; (unread = vfa_isolation_get_note(isolation, i)); i++) {
		if (unread->kind == VFA_ISOLATION_UNREAD && !*is_told) {
			note("%s", unread->text);
			*is_told = true;
		}
	}
}

static void tell_nothing(bool has_groups)
{
	if (has_groups)
		note("no group has more than one function");
	else
		note("there are no IOMMU groups: this machine has no IOMMU, or it is off");
}

int each_merged(const struct question *question, add_row_function *add, void *to)
{
	bool is_told = false, has_groups = false;
	size_t members = 0;

	for (size_t i = 0; i < vfa_topology_count_functions(question->topology); i++) {
		const char *bdf = vfa_topology_get_function(question->topology, i)->bdf;
		struct vfa_isolation *isolation;

		if (!is_first(question, i))
			continue;
		if (vfa_isolation_new(question->topology, bdf, NULL, 0, &isolation))
			return fail();
		has_groups = true;
		members += vfa_isolation_count_members(isolation);
		each_member(question, isolation, add, to);
		tell_unread(isolation, &is_told);
		vfa_isolation_free(isolation);
	}
	if (!members)
		tell_nothing(has_groups);
	return STATUS_FINE;
}
