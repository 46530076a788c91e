/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "topology/fork.h"
#include "topology/isolation.h"

static void lost_words(const struct vfa_isolation_note *note, const struct isolation_view *view,
		       const char *others, char ret[WORDS])
{
	char words[ACS_WORDS];

	snprintf(ret, WORDS,
		 "%s has %s off, and the group no longer holds: formed now, it would have %s%s too",
		 view->functions[note->function].bdf, acs_words(note->missing, words),
		 view->functions[note->other].bdf, others);
}

static void finer_words(const struct vfa_isolation_note *note, const struct isolation_view *view,
			const char *others, char ret[WORDS])
{
	char lack[WORDS];

	words_lack(&view->functions[note->function], lack);
	snprintf(
		ret, WORDS,
		"%s %.40s, but the kernel has %s%s in another group: it knows better, by a quirk of "
		"the device",
		view->functions[note->function].bdf, lack, view->functions[note->other].bdf,
		others);
}

static void direct_words(const struct vfa_isolation_note *note, const struct isolation_view *view,
			 const char *others, char ret[WORDS])
{
	const struct vfa_function *port = &view->functions[note->function];
	const struct vfa_function *device = &view->functions[view->index],
				  *other = &view->functions[note->other];
	bool is_outward = fork_find(view->functions, device, port).common == port;
	char lack[WORDS];

	words_lack(port, lack);
	snprintf(
		ret, WORDS,
		"the %sgroups are apart, but requests of %.17s%.40s may go straight to %.17s%.40s: "
		"%.17s %.40s",
		view->is_changed ? "" : "kernel's ", is_outward ? device->bdf : other->bdf,
		is_outward ? "" : others, is_outward ? other->bdf : device->bdf,
		is_outward ? others : "", port->bdf, lack);
}

static void translated_words(const struct vfa_isolation_note *note,
			     const struct isolation_view *view, char ret[WORDS])
{
	const struct vfa_function *device = &view->functions[view->index];

	snprintf(
		ret, WORDS,
		"%s has DT on: %srequests of %s with translated addresses may go straight to a peer",
		view->functions[note->function].bdf,
		device->ats.enabled == VFA_YES ? "" : "once ATS is on, ", device->bdf);
}

static void unread_words(const struct vfa_isolation_note *note, const struct isolation_view *view,
			 char ret[WORDS])
{
	const struct vfa_function *function = &view->functions[note->function];

	if (function->config_error == -EACCES)
		snprintf(
			ret, WORDS,
			"without privileges the kernel shows no capabilities, of %s and others: what "
			"merges groups is not known",
			function->bdf);
	else if (!function->config_error)
		snprintf(
			ret, WORDS,
			"the bridge above %s is not in the snapshot: what merges groups is not known",
			function->bdf);
	else if (function->config_error == -ENODEV)
		snprintf(ret, WORDS,
			 "%s reads as all ones: it sleeps or has gone, and what it isolates is not "
			 "known",
			 function->bdf);
	else
		snprintf(ret, WORDS,
			 "the config space of %s could not be read (%s): what merges groups is not "
			 "known",
			 function->bdf, strerror(-function->config_error));
}

void isolation_note_words(const struct vfa_isolation_note *note, const struct isolation_view *view,
			  char ret[WORDS])
{
	char others[32] = "";

	if (note->count > 1)
		snprintf(others, sizeof(others), " and %u more", note->count - 1);
	switch (note->kind) {
	case VFA_ISOLATION_LOST:
		lost_words(note, view, others, ret);
		break;
	case VFA_ISOLATION_FINER:
		finer_words(note, view, others, ret);
		break;
	case VFA_ISOLATION_HOTPLUGGED:
		snprintf(
			ret, WORDS,
			"the kernel has %s%s in another group, since the slot was plugged in after "
			"the machine had started: formed at boot, they would share one",
			view->functions[note->other].bdf, others);
		break;
	case VFA_ISOLATION_COARSER:
		snprintf(
			ret, WORDS,
			"the kernel has %s%s in the group too, and nothing that could be read says "
			"why: it knows a quirk, or bits were set after the group had been formed",
			view->functions[note->other].bdf, others);
		break;
	case VFA_ISOLATION_DIRECT:
		direct_words(note, view, others, ret);
		break;
	case VFA_ISOLATION_TRANSLATED:
		translated_words(note, view, ret);
		break;
	case VFA_ISOLATION_UNREAD:
		unread_words(note, view, ret);
		break;
	case VFA_ISOLATION_DANGEROUS:
		snprintf(ret, WORDS,
			 "%s is not isolated from %s%s of its group: one may reach the other past "
			 "the IOMMU, so let them have one owner",
			 view->functions[note->function].bdf, view->functions[note->other].bdf,
			 others);
		break;
	}
}
