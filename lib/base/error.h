/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The record of the calling thread's last failure. */

#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <vfa/error.h>

/**
 * error_set() - record a failure
 * @err: a positive or negative errno
 * @cause: what was in the way
 * @format: the sentence; what follows its first newline is the hint
 *
 * Return: -errno, so that a refusal is one statement:
 *
 *	return error_set(EINVAL, VFA_CAUSE_EMPTY, "map: a size of 0\n"
 *			 "give the size in bytes");
 */
int error_set(int err, enum vfa_cause cause, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** error_kernel() - record a refusal of which nothing is known but its errno */
int error_kernel(int err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** error_memory() - record that the library itself ran out of memory */
int error_memory(void);

/* A record put aside, for a step that may fail while the call succeeds. */
struct error_record {
	struct vfa_error error;
	char text[2048]; /* room for a sentence with a path, and a hint of several commands */
};

void error_save(struct error_record *ret);
void error_restore(const struct error_record *saved);

/** error_null() - record that an argument is NULL */
int error_null(const char *argument);

/**
 * error_old_kernel() - record that the kernel lacks an interface; -EOPNOTSUPP
 * @what: what was asked for, or of whom
 * @interface: the kernel's name for what it takes
 * @since: the first Linux that has it, such as "6.6"
 */
int error_old_kernel(const char *what, const char *interface, const char *since);

#endif
