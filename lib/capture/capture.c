/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <vfa/capture.h>

#include <errno.h>
#include <stdlib.h>

#include "base/api.h"
#include "base/error.h"
#include "base/host.h"
#include "base/options.h"
#include "capture/collect.h"
#include "capture/print.h"

struct vfa_capture {
	const struct syscalls *sys;
	struct captured *tree;
	struct unread_list unread;
};

static int refuse(int err)
{
	if (err == -EFBIG)
		return error_set(EFBIG, VFA_CAUSE_BAD_CAPTURE,
				 "a capture of this machine takes more than %u MiB",
				 CAPTURED_MEMORY >> 20);
	return err == -ENOMEM ? error_memory() : error_kernel(err, "take a capture");
}

static int take(const struct vfa_host *host, const struct vfa_capture_options *options,
		struct vfa_capture **ret)
{
	struct vfa_capture *capture = calloc(1, sizeof(*capture));
	int err;

	if (!capture)
		return error_memory();
	capture->sys = host->sys;
	err = collect(host, options, &capture->tree, &capture->unread);
	if (err) {
		vfa_capture_free(capture);
		return refuse(err);
	}
	*ret = capture;
	return 0;
}

VFA_API int vfa_capture_new(struct vfa_host *host, const struct vfa_capture_options *options,
			    struct vfa_capture **ret)
{
	struct vfa_capture_options given;
	int err;

	if (!ret)
		return error_null("ret");
	err = options_copy("vfa_capture_options", options,
			   OPTIONS_UP_TO(struct vfa_capture_options, progress_data), &given,
			   sizeof(given));
	if (!err)
		err = host_hold(host, &host);
	if (err)
		return err;
	err = take(host, &given, ret);
	vfa_host_free(host);
	return err;
}

VFA_API void vfa_capture_free(struct vfa_capture *capture)
{
	if (!capture)
		return;
	captured_free(capture->tree);
	unread_free(&capture->unread);
	free(capture);
}

VFA_API size_t vfa_capture_count_unread(const struct vfa_capture *capture)
{
	return capture->unread.count;
}

VFA_API const struct vfa_unread *vfa_capture_get_unread(const struct vfa_capture *capture,
							size_t index)
{
	return index < capture->unread.count ? &capture->unread.items[index] : NULL;
}

VFA_API int vfa_capture_write(const struct vfa_capture *capture, int fd)
{
	int err;

	if (!capture)
		return error_null("capture");
	err = capture_print(capture->tree, capture->sys, fd);
	if (err == -ENOMEM)
		return error_memory();
	return err ? error_kernel(err, "write a capture to fd %d", fd) : 0;
}
