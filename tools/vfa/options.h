/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The command line, and the help that describes it. */

#ifndef VFA_TOOL_OPTIONS_H
#define VFA_TOOL_OPTIONS_H

#include "command.h"

/**
 * options_read() - take options off a command line
 * @request: gets what was given; its command is NULL as long as none is known
 * @argc: number of words, the first of which is a name
 * @argv: the words; those that are not options come last
 *
 * Before a command is known only the options of every command are taken, up to
 * the first word that is none.
 *
 * Return: the index of the first word that is left, or -1 with the reason said.
 */
int options_read(struct request *request, int argc, char **argv);

void options_free(struct request *request);

/* commands ends with NULL */
void help_print(const struct command *const *commands);
void help_print_command(const struct command *command);

#endif
