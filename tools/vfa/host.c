/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "host.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <vfa/capture.h>

#include "fail.h"

static int open_directory(const char *path, struct vfa_host **ret)
{
	struct vfa_host_options options = VFA_HOST_OPTIONS_INIT;
	char sysfs[PATH_MAX], dev[PATH_MAX], proc[PATH_MAX];

	snprintf(sysfs, sizeof(sysfs), "%s/sys", path);
	snprintf(dev, sizeof(dev), "%s/dev", path);
	snprintf(proc, sizeof(proc), "%s/proc", path);
	options.sysfs = sysfs;
	options.dev = dev;
	options.proc = proc;
	return vfa_host_new(&options, ret) ? fail() : STATUS_FINE;
}

int host_open(const char *path, struct vfa_host **ret)
{
	struct stat status;

	if (!path)
		return vfa_host_new(NULL, ret) ? fail() : STATUS_FINE;
	if (stat(path, &status))
		return fail_because("--host %s: %s", path, strerror(errno));
	if (S_ISDIR(status.st_mode))
		return open_directory(path, ret);
	return vfa_host_open_capture(path, NULL, ret) ? fail() : STATUS_FINE;
}
