/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* vfa: PCI devices, IOMMU groups and VFIO on the command line. */

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "fail.h"
#include "host.h"
#include "names.h"
#include "options.h"

/* clang-format off */
static const struct command *const commands[] = {
	&command_bind,
	&command_capture,
	&command_coherency,
	&command_doctor,
	&command_group,
	&command_info,
	&command_iova,
	&command_isolation,
	&command_list,
	&command_monitor,
	&command_p2p,
	&command_pasid,
	&command_unbind,
	&command_vfs,
	NULL,
};
/* clang-format on */

static const struct command *find_command(const char *name)
{
	for (const struct command *const *command = commands; *command; command++) {
		if (!strcmp((*command)->name, name))
			return *command;
	}
	return NULL;
}

static int check_arguments(const struct request *request)
{
	const struct command *command = request->command;

	if (request->count >= command->min && (command->max < 0 || request->count <= command->max))
		return STATUS_FINE;
	fail_usage("%s: %s", command->name,
		   request->count < command->min ? "an argument is missing"
						 : "there are too many arguments");
	fprintf(stderr, "hint: vfa %s%s%s\n", command->name, *command->arguments ? " " : "",
		command->arguments);
	return STATUS_USAGE;
}

static int run(struct request *request)
{
	const char *host = request_option(request, "host");
	int status = check_arguments(request);

	if (!status)
		status = host_open(host, &request->host);
	if (status)
		return status;
	request->names = names_new(request_option(request, "pci-ids"));
	status = request->command->run(request);
	names_free(request->names);
	vfa_host_free(request->host);
	return status;
}

/* Asked for before or after the command. */
static bool answer(const struct request *request)
{
	if (request_option(request, "version"))
		printf("vfa %s\n", VFA_VERSION);
	else if (!request_option(request, "help"))
		return false;
	else if (request->command)
		help_print_command(request->command);
	else
		help_print(commands);
	return true;
}

static int run_command(struct request *request, int argc, char **argv)
{
	int used;

	request->command = find_command(argv[0]);
	if (!request->command) {
		fail_usage("there is no command %s", argv[0]);
		hint("vfa --help lists them");
		return STATUS_USAGE;
	}
	used = options_read(request, argc, argv);
	if (used < 0)
		return STATUS_USAGE;
	request->arguments = argv + used;
	request->count = argc - used;
	return answer(request) ? STATUS_FINE : run(request);
}

static int run_line(struct request *request, int argc, char **argv)
{
	int used = options_read(request, argc, argv);

	if (used < 0)
		return STATUS_USAGE;
	if (used < argc)
		return run_command(request, argc - used, argv + used);
	if (answer(request))
		return STATUS_FINE;
	fail_usage("a command is missing");
	hint("vfa --help lists them");
	return STATUS_USAGE;
}

/* What was printed may have got nowhere, such as to a full disk. */
static int close_output(int status)
{
	int failed = ferror(stdout);

	if (fclose(stdout) || failed)
		return fail_because("cannot write the output: %s", strerror(errno));
	return status;
}

int main(int argc, char **argv)
{
	struct request request = { .command = NULL };
	int status;

	setlocale(LC_CTYPE, "");
	status = run_line(&request, argc, argv);
	options_free(&request);
	return close_output(status);
}
