/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The machine, as every object holds it. */

#ifndef BASE_HOST_H
#define BASE_HOST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <vfa/host.h>

#include "base/captured.h"
#include "base/syscalls.h"

struct vfa_host {
	const struct syscalls *sys;
	char *sysfs;
	char *dev;
	char *proc;
	struct captured *captured; /* the files of another machine, NULL for real ones */
	vfa_log_fn log;
	void *log_data;
	enum vfa_log_level log_level;
	atomic_uint holders;
};

/** host_hold() - one more holder of a host; of a new one for this machine when NULL */
int host_hold(struct vfa_host *host, struct vfa_host **ret);

/** host_require_live() - 0, or -EOPNOTSUPP, recorded, for a captured machine; @format: what shall
 * be done */
int host_require_live(const struct vfa_host *host, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static inline bool host_logs(const struct vfa_host *host, enum vfa_log_level level)
{
	return host->log && level <= host->log_level;
}

void host_log_line(const struct vfa_host *host, enum vfa_log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** host_log() - a line to the host's log callback, if it has one and wants the level */
#define host_log(host, level, ...)                                                                 \
	do {                                                                                       \
		if (host_logs((host), (level)))                                                    \
			host_log_line((host), (level), __VA_ARGS__);                               \
	} while (0)

#endif
