/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* A subcommand, and what the user asked of it. */

#ifndef VFA_COMMAND_H
#define VFA_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <vfa/host.h>

struct column;
struct names;

/**
 * struct option_spec - an option
 * @name: the long form, without dashes
 * @letter: the short form, 0 for none
 * @value: what its value is called in the help, NULL when it takes none
 * @help: one line
 */
struct option_spec {
	const char *name;
	char letter;
	const char *value;
	const char *help;
};

/* An option as it was given; value is "" for one that takes none. */
struct given_option {
	const char *name;
	const char *value;
};

struct request {
	const struct command *command;
	struct vfa_host *host; /* never NULL */
	struct names *names;
	struct given_option *given; /* in their order */
	size_t given_count;
	char **arguments;
	int count;
};

/**
 * struct command - a subcommand
 * @name: the word
 * @arguments: what follows it in the help, such as "BDF..."
 * @min: how few arguments it takes
 * @max: how many, -1 for any number
 * @summary: one line
 * @details: more of them for its help, or NULL
 * @columns: what -o chooses from, ended by an empty one; NULL when it prints no table
 * @shows_all: all columns are shown without -o
 * @has_no_order: what it prints cannot be sorted
 * @options: those of its own, ended by an empty one, or NULL
 * @run: does it; returns an exit status of enum exit_status
 */
struct command {
	const char *name;
	const char *arguments;
	int min, max;
	const char *summary;
	const char *details;
	const struct column *columns;
	bool shows_all;
	bool has_no_order;
	const struct option_spec *options;
	int (*run)(const struct request *request);
};

/** request_option() - the value that an option was given last, NULL when it was not */
const char *request_option(const struct request *request, const char *name);

extern const struct command command_bind;
extern const struct command command_capture;
extern const struct command command_coherency;
extern const struct command command_doctor;
extern const struct command command_group;
extern const struct command command_info;
extern const struct command command_iova;
extern const struct command command_isolation;
extern const struct command command_list;
extern const struct command command_monitor;
extern const struct command command_p2p;
extern const struct command command_pasid;
extern const struct command command_unbind;
extern const struct command command_vfs;

#endif
