/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Commands, as a person would type them. */

#ifndef SHELL_H
#define SHELL_H

/* What the last line said, on either stream. */
extern char shell_output[8192];

/* A line for the shell: its exit status. */
int shell_run(const char *line);

#endif
