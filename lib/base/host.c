/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "base/host.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/api.h"
#include "base/error.h"
#include "base/options.h"

static char *copy_root(const char *given, const char *standard)
{
	return strdup(given ? given : standard);
}

VFA_API int vfa_host_new(const struct vfa_host_options *options, struct vfa_host **ret)
{
	struct vfa_host_options given;
	struct vfa_host *host;
	int err;

	if (!ret)
		return error_null("ret");
	err = options_copy("vfa_host_options", options,
			   OPTIONS_UP_TO(struct vfa_host_options, log_data), &given, sizeof(given));
	if (err)
		return err;
	host = calloc(1, sizeof(*host));
	if (!host)
		return error_memory();

	atomic_init(&host->holders, 1);
	host->sys = &syscalls_real;
	host->log = given.log;
	host->log_data = given.log_data;
	host->log_level = given.log_level ? given.log_level : VFA_LOG_INFO;
	host->sysfs = copy_root(given.sysfs, "/sys");
	host->dev = copy_root(given.dev, "/dev");
	host->proc = copy_root(given.proc, "/proc");
	if (!host->sysfs || !host->dev || !host->proc) {
		vfa_host_free(host);
		return error_memory();
	}
	*ret = host;
	return 0;
}

VFA_API void vfa_host_free(struct vfa_host *host)
{
	if (!host || atomic_fetch_sub(&host->holders, 1) > 1)
		return;
	free(host->sysfs);
	free(host->dev);
	free(host->proc);
	captured_free(host->captured);
	free(host);
}

int host_hold(struct vfa_host *host, struct vfa_host **ret)
{
	if (!host)
		return vfa_host_new(NULL, ret);
	atomic_fetch_add(&host->holders, 1);
	*ret = host;
	return 0;
}

int host_require_live(const struct vfa_host *host, const char *format, ...)
{
	char action[256];
	va_list arguments;

	if (!host->captured)
		return 0;
	va_start(arguments, format);
	vsnprintf(action, sizeof(action), format, arguments);
	va_end(arguments);
	return error_set(EOPNOTSUPP, VFA_CAUSE_CAPTURED,
			 "%s: this is a captured machine, which can only be read\n"
			 "do it on the machine itself",
			 action);
}

void host_log_line(const struct vfa_host *host, enum vfa_log_level level, const char *format, ...)
{
	char line[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	host->log(host->log_data, level, line);
}

VFA_API const char *vfa_backend_name(enum vfa_backend backend)
{
	switch (backend) {
	case VFA_BACKEND_AUTO:
		return "auto";
	case VFA_BACKEND_TYPE1:
		return "type1";
	case VFA_BACKEND_IOMMUFD:
		return "iommufd";
	case VFA_BACKEND_NOIOMMU:
		return "noiommu";
	}
	return "unknown";
}
