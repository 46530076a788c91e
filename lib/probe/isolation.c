/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <vfa/isolation.h>

#include "probe/probe.h"

/* The note of a kind; an empty string for none. */
static const char *find_note(const struct vfa_isolation *isolation,
			     enum vfa_isolation_note_kind kind)
{
	for (size_t i = 0; i < vfa_isolation_count_notes(isolation); i++) {
		const struct vfa_isolation_note *note = vfa_isolation_get_note(isolation, i);

		if (note->kind == kind)
			return note->text;
	}
	return "";
}

/* A bridge in the group does no harm. */
static void tell_members(struct vfa_probe *probe, const char *bdf,
			 const struct vfa_isolation *isolation)
{
	const char *danger = find_note(isolation, VFA_ISOLATION_DANGEROUS);

	if (*danger)
		probe_add(probe, "isolation", VFA_PROBE_OK, "%s", danger);
	else if (vfa_isolation_count_members(isolation))
		probe_add(probe, "isolation", VFA_PROBE_OK,
			  "the group of %s has bridges in it, but no two devices", bdf);
	else
		probe_add(probe, "isolation", VFA_PROBE_OK, "%s is alone in its group", bdf);
}

static void tell(struct vfa_probe *probe, const char *bdf, const struct vfa_isolation *isolation)
{
	switch (vfa_isolation_is_supported(isolation)) {
	case VFA_YES:
		tell_members(probe, bdf, isolation);
		return;
	case VFA_NO:
		probe_add(probe, "isolation", VFA_PROBE_WARNING,
			  "%s\nsee the path to it:\n  vfa isolation %s",
			  find_note(isolation, VFA_ISOLATION_LOST), bdf);
		return;
	case VFA_UNKNOWN:
		break;
	}
	probe_add(probe, "isolation", VFA_PROBE_UNKNOWN,
		  "config space on the way to %s cannot be read", bdf);
}

void probe_isolation(struct vfa_probe *probe, const struct vfa_host *host, const char *bdf)
{
	struct vfa_isolation *isolation;
	struct vfa_topology *topology;
	int err = vfa_topology_new((struct vfa_host *)host, &topology);

	if (!err) {
		err = vfa_isolation_new(topology, bdf, NULL, 0, &isolation);
		if (!err) {
			tell(probe, bdf, isolation);
			vfa_isolation_free(isolation);
		}
		vfa_topology_free(topology);
	}
	if (err)
		probe_add_error(probe, "isolation", VFA_PROBE_UNKNOWN);
}
