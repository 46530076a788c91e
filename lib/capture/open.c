/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* A host from a capture. */

#include <vfa/capture.h>

#include <errno.h>
#include <fcntl.h>

#include "base/api.h"
#include "base/error.h"
#include "base/host.h"
#include "capture/parse.h"

struct file_source {
	struct capture_source source;
	const struct syscalls *sys;
	int fd;
};

static ssize_t read_file(struct capture_source *source, void *buffer, size_t size)
{
	struct file_source *file = (struct file_source *)source;

	return sys_read(file->sys, file->fd, buffer, size);
}

static int read_capture(struct vfa_host *host, const char *path)
{
	struct file_source file = { { path, read_file }, host->sys, -1 };
	int err;

	file.fd = sys_open(host->sys, path, O_RDONLY);
	if (file.fd < 0)
		return error_kernel(file.fd, "open %s", path);
	err = capture_parse(&file.source, &host->captured);
	sys_close(host->sys, file.fd);
	return err;
}

static int refuse_roots(void)
{
	return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
			 "a captured machine has roots of its own\n"
			 "leave sysfs, dev and proc of the options NULL");
}

VFA_API int vfa_host_open_capture(const char *path, const struct vfa_host_options *options,
				  struct vfa_host **ret)
{
	struct vfa_host *host;
	int err;

	if (!path || !ret)
		return error_null(path ? "ret" : "path");
	err = vfa_host_new(options, &host);
	if (err)
		return err;
	if (options && (options->sysfs || options->dev || options->proc))
		err = refuse_roots();
	else
		err = read_capture(host, path);
	if (err)
		vfa_host_free(host);
	else
		*ret = host;
	return err;
}

VFA_API bool vfa_host_is_captured(const struct vfa_host *host)
{
	return host && host->captured;
}
