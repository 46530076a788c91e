/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * A machine in a file: all that the library reads of one to tell about it.
 *
 * A capture is taken of a host and written as text, which a person can read before giving
 * it away. A host made from it answers as the machine did: its devices, groups and
 * topology. Nothing can be opened there. vfa_capture(3) tells what is in a capture, and
 * what is not: serial numbers, MAC addresses and the like are left out.
 */

#ifndef VFA_CAPTURE_H
#define VFA_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vfa/host.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vfa_capture;

/**
 * vfa_capture_progress_fn - hears how far a capture is
 * @data: progress_data of the options
 * @done: steps that are done
 * @total: steps in all
 */
typedef void (*vfa_capture_progress_fn)(void *data, size_t done, size_t total);

/**
 * struct vfa_capture_options - how to take a capture
 * @struct_size: set by VFA_CAPTURE_OPTIONS_INIT
 * @progress: called before each step, in the thread that takes it; NULL for none
 * @progress_data: handed to @progress
 */
struct vfa_capture_options {
	uint32_t struct_size;
	vfa_capture_progress_fn progress;
	void *progress_data;
};

/* The fields by position, because C++11 cannot name them. */
#define VFA_CAPTURE_OPTIONS_INIT                                                                   \
	{                                                                                          \
		sizeof(struct vfa_capture_options), 0, 0                                           \
	}

/**
 * struct vfa_unread - something that could not be read
 * @path: what, as the capture names it
 * @error: why, as a negative errno; -EACCES also for a config space of which this user may
 *	see the beginning only
 */
struct vfa_unread {
	const char *path;
	int error;
};

/**
 * vfa_capture_new() - take a capture of a machine
 * @host: the machine, or NULL for this one
 * @options: how, NULL for the defaults
 * @ret: the capture, to be freed with vfa_capture_free()
 *
 * Reads sysfs, procfs and the state of device nodes; opens no device. What cannot be read
 * is kept as such. Without privileges a capture has of config space what the kernel shows
 * everybody, its first 64 bytes.
 *
 * Return: 0, or
 *	-EINVAL: @ret is NULL, or struct_size is not one this library knows
 *	-EFBIG: it would take more than 256 MiB of memory (VFA_CAUSE_BAD_CAPTURE)
 *	-ENOMEM: no memory
 */
int vfa_capture_new(struct vfa_host *host, const struct vfa_capture_options *options,
		    struct vfa_capture **ret);

/**
 * vfa_capture_free() - free a capture
 * @capture: the capture, or NULL
 */
void vfa_capture_free(struct vfa_capture *capture);

/** vfa_capture_count_unread() - how much could not be read */
size_t vfa_capture_count_unread(const struct vfa_capture *capture);

/**
 * vfa_capture_get_unread() - one thing that could not be read
 *
 * Return: it, which lives as long as @capture; NULL past the end.
 */
const struct vfa_unread *vfa_capture_get_unread(const struct vfa_capture *capture, size_t index);

/**
 * vfa_capture_write() - write a capture as text
 * @capture: the capture
 * @fd: a file, pipe or socket; stays open
 *
 * A pipe without a reader raises SIGPIPE, as write(2) does.
 *
 * Return: 0, or
 *	-EINVAL: @capture is NULL
 *	-ENOMEM: no memory
 *	any errno of write(2), such as -ENOSPC; a part may have been written
 */
int vfa_capture_write(const struct vfa_capture *capture, int fd);

/**
 * vfa_host_open_capture() - a host from a capture
 * @path: the file
 * @options: who hears the log; the roots are the capture's and must be NULL here. NULL for
 *	no log
 * @ret: the host, to be freed with vfa_host_free(); the file is closed by then
 *
 * The file need not be trusted: memory is bounded by 256 MiB, whatever is in there. It is
 * read once, to its end, and may be a pipe.
 *
 * Return: 0, or
 *	-EINVAL: @path or @ret is NULL, @options has a root or a struct_size that this
 *		library does not know (VFA_CAUSE_BAD_ARGUMENT), or the file is no capture,
 *		damaged, cut, or of another version (VFA_CAUSE_BAD_CAPTURE)
 *	-EFBIG: the machine takes more memory than that (VFA_CAUSE_BAD_CAPTURE)
 *	-ENOMEM: no memory
 *	any other errno of open(2) and read(2)
 */
int vfa_host_open_capture(const char *path, const struct vfa_host_options *options,
			  struct vfa_host **ret);

/**
 * vfa_host_is_captured() - whether a host was made from a capture
 * @host: the host, or NULL for this machine
 *
 * Opening a container or a node of such a host fails with -EOPNOTSUPP and
 * VFA_CAUSE_CAPTURED.
 */
bool vfa_host_is_captured(const struct vfa_host *host);

#ifdef __cplusplus
}
#endif

#endif
