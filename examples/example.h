/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What all examples share: the backend by its name, and how a failure is shown. */

#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vfa.h>

/* "auto", "type1", "iommufd" or "noiommu"; NULL is "auto". Others give one that no call takes. */
static inline enum vfa_backend example_backend(const char *name)
{
	enum vfa_backend backend;

	if (!name)
		return VFA_BACKEND_AUTO;
	for (backend = VFA_BACKEND_AUTO; backend <= VFA_BACKEND_NOIOMMU; backend++) {
		if (strcmp(name, vfa_backend_name(backend)) == 0)
			return backend;
	}
	return backend;
}

/* Why the last call failed, and what to do about it. */
static inline void example_complain(const char *task)
{
	const struct vfa_error *error = vfa_error_last();

	fprintf(stderr, "%s: %s\n", task, error->message);
	if (*error->hint)
		fprintf(stderr, "hint: %s\n", error->hint);
}

#endif
