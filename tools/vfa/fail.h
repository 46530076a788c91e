/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What the command says on standard error, and its exit statuses. */

#ifndef VFA_FAIL_H
#define VFA_FAIL_H

/* Documented in vfa(1). */
enum exit_status {
	STATUS_FINE = 0,
	STATUS_REFUSED = 1, /* a refusal, or a check that failed */
	STATUS_USAGE = 2,   /* the command line makes no sense */
	STATUS_WARNED = 3,  /* checks passed, some with a warning */
};

/** fail() - print the library's last failure; returns STATUS_REFUSED */
int fail(void);

/** fail_because() - print a failure of the command's own; returns STATUS_REFUSED */
int fail_because(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** fail_usage() - print what is wrong with the command line; returns STATUS_USAGE */
int fail_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** hint() - print what to do about it, which may have several lines */
void hint(const char *text);

/** note() - say something that changes nothing, such as what could not be read */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** must() - the memory that was asked for; without it the command ends */
void *must(void *memory);

#endif
