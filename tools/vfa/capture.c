/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* vfa capture: a machine in a file. */

#include <vfa/capture.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "fail.h"

/* So many of the things that could not be read are told one by one. */
#define MOST_TOLD 8

struct progress {
	time_t start;
	bool is_shown;
};

static time_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

/* Most machines take less than a second. */
static void show_progress(void *data, size_t done, size_t total)
{
	struct progress *progress = data;

	if (now() - progress->start < 2 && !progress->is_shown)
		return;
	fprintf(stderr, "\rcapture: %zu %%", done * 100 / total);
	progress->is_shown = true;
}

static int take(struct vfa_host *host, struct vfa_capture **ret)
{
	struct vfa_capture_options options = VFA_CAPTURE_OPTIONS_INIT;
	struct progress progress = { .start = now() };
	int err;

	if (isatty(STDERR_FILENO)) {
		options.progress = show_progress;
		options.progress_data = &progress;
	}
	err = vfa_capture_new(host, &options, ret);
	if (progress.is_shown)
		fputs("\r              \r", stderr);
	return err ? fail() : STATUS_FINE;
}

static bool is_config(const struct vfa_unread *unread)
{
	const char *name = strrchr(unread->path, '/');

	return name && !strcmp(name, "/config");
}

static void tell_unread(const struct vfa_capture *capture)
{
	size_t configs = 0, others = 0;

	for (size_t i = 0; i < vfa_capture_count_unread(capture); i++) {
		const struct vfa_unread *unread = vfa_capture_get_unread(capture, i);

		if (is_config(unread))
			configs++;
		else if (others++ < MOST_TOLD)
			note("not captured: %s: %s", unread->path, strerror(-unread->error));
	}
	if (others > MOST_TOLD)
		note("not captured: %zu more", others - MOST_TOLD);
	if (configs) {
		note("only the beginning of config space could be read of %zu functions", configs);
		hint("capture as root for the rest, which isolation and coherency depend on");
	}
}

static int write_file(const struct vfa_capture *capture, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int status = STATUS_FINE, err;

	if (fd < 0)
		return fail_because("%s: %s", path, strerror(errno));
	err = vfa_capture_write(capture, fd);
	if (err)
		status = fail_because("%s: %s", path, strerror(-err));
	if (close(fd) && !status)
		status = fail_because("%s: %s", path, strerror(errno));
	return status;
}

static int write_capture(const struct vfa_capture *capture, const char *path)
{
	if (strcmp(path, "-"))
		return write_file(capture, path);
	return vfa_capture_write(capture, STDOUT_FILENO) ? fail() : STATUS_FINE;
}

static int run(const struct request *request)
{
	struct vfa_capture *capture;
	int status = take(request->host, &capture);

	if (status)
		return status;
	status = write_capture(capture, request->arguments[0]);
	if (!status)
		tell_unread(capture);
	vfa_capture_free(capture);
	return status;
}

const struct command command_capture = {
	.name = "capture",
	.arguments = "FILE",
	.min = 1,
	.max = 1,
	.summary = "Write what vfa reads of this machine to a file",
	.details = "FILE is a text that --host takes on any machine; - is standard output. It has "
		   "no serial\nnumbers, MAC addresses or host name; look at it before you give it "
		   "away.",
	.run = run,
};
