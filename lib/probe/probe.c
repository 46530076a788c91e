/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "probe/probe.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/api.h"
#include "base/error.h"

struct vfa_probe {
	struct vfa_check *checks;
	size_t count;
	bool has_failed; /* for want of memory */
};

/* The reason and the hint are one piece of memory, which the check takes over. */
static void take(struct vfa_probe *probe, const char *name, enum vfa_probe_result result,
		 char *text)
{
	struct vfa_check *checks = NULL;
	char *hint = text ? strchr(text, '\n') : NULL;

	if (text)
		checks = realloc(probe->checks, (probe->count + 1) * sizeof(*checks));
	if (!checks) {
		probe->has_failed = true;
		free(text);
		return;
	}
	if (hint)
		*hint++ = '\0';
	probe->checks = checks;
	checks[probe->count++] = (struct vfa_check){ name, result, text, hint ? hint : "" };
}

void probe_add(struct vfa_probe *probe, const char *name, enum vfa_probe_result result,
	       const char *format, ...)
{
	va_list arguments;
	size_t size;
	char *text;

	va_start(arguments, format);
	size = vsnprintf(NULL, 0, format, arguments) + 1;
	va_end(arguments);
	text = malloc(size);
	if (text) {
		va_start(arguments, format);
		vsnprintf(text, size, format, arguments);
		va_end(arguments);
	}
	take(probe, name, result, text);
}

void probe_add_error(struct vfa_probe *probe, const char *name, enum vfa_probe_result result)
{
	const struct vfa_error *error = vfa_error_last();

	probe_add(probe, name, result, "%s%s%s", error->message, *error->hint ? "\n" : "",
		  error->hint);
}

static void look_at_host(struct vfa_probe *probe, const struct vfa_host *host)
{
	if (probe_iommu(probe, host))
		probe_interrupts(probe, host);
	probe_vfio(probe, host);
	probe_nodes(probe, host, NULL);
	probe_memory(probe, host);
}

static int look_at_device(struct vfa_probe *probe, const struct vfa_host *host, const char *bdf)
{
	struct pci_function function;
	char full[BDF_SIZE];
	int err = bdf_parse(bdf, full);

	if (err)
		return err;
	pci_read(host, full, &function);
	if (!function.exists)
		return pci_require(host, full, &function);
	probe_device(probe, host, &function);
	return 0;
}

/* Checks fail without the probe failing: the thread's record of failures is not theirs. */
static int look(struct vfa_probe *probe, const struct vfa_host *host, const char *bdf)
{
	struct error_record record;
	int err = 0;

	error_save(&record);
	if (bdf)
		err = look_at_device(probe, host, bdf);
	else
		look_at_host(probe, host);
	if (err)
		return err;
	if (probe->has_failed)
		return error_memory();
	error_restore(&record);
	return 0;
}

VFA_API int vfa_probe_new(struct vfa_host *host, const char *bdf, struct vfa_probe **ret)
{
	struct vfa_probe *probe;
	int err;

	if (!ret)
		return error_null("ret");
	err = host_hold(host, &host);
	if (err)
		return err;
	probe = calloc(1, sizeof(*probe));
	err = probe ? look(probe, host, bdf) : error_memory();
	if (err)
		vfa_probe_free(probe);
	else
		*ret = probe;
	vfa_host_free(host);
	return err;
}

VFA_API void vfa_probe_free(struct vfa_probe *probe)
{
	if (!probe)
		return;
	for (size_t i = 0; i < probe->count; i++)
		free((char *)probe->checks[i].reason);
	free(probe->checks);
	free(probe);
}

VFA_API enum vfa_probe_result vfa_probe_worst(const struct vfa_probe *probe)
{
	enum vfa_probe_result worst = VFA_PROBE_OK;

	for (size_t i = 0; i < probe->count; i++) {
		if (probe->checks[i].result > worst)
			worst = probe->checks[i].result;
	}
	return worst;
}

VFA_API size_t vfa_probe_count_checks(const struct vfa_probe *probe)
{
	return probe->count;
}

VFA_API const struct vfa_check *vfa_probe_get_check(const struct vfa_probe *probe, size_t index)
{
	return index < probe->count ? &probe->checks[index] : NULL;
}

VFA_API const char *vfa_probe_result_name(enum vfa_probe_result result)
{
	switch (result) {
	case VFA_PROBE_OK:
		return "ok";
	case VFA_PROBE_UNKNOWN:
		break;
	case VFA_PROBE_WARNING:
		return "warning";
	case VFA_PROBE_FAILURE:
		return "failure";
	}
	return "unknown";
}
