/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "shell.h"

#include <sys/wait.h>

#include "common.h"

char shell_output[8192];

int shell_run(const char *line)
{
	char command[4096];
	size_t used;
	int status;
	FILE *pipe;

	snprintf(command, sizeof(command), "exec 2>&1\n%s", line);
	pipe = popen(command, "re");
	assert_non_null(pipe);
	used = fread(shell_output, 1, sizeof(shell_output) - 1, pipe);
	shell_output[used] = '\0';
	status = pclose(pipe);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}
