/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* https://no-color.org: set to anything but nothing. A dumb terminal prints the sequences. */
bool terminal_has_colours(void)
{
	const char *no = getenv("NO_COLOR"), *terminal = getenv("TERM");

	if (!terminal || !*terminal || !strcmp(terminal, "dumb"))
		return false;
	return isatty(STDOUT_FILENO) && !(no && *no);
}

void terminal_print(enum colour colour, const char *text)
{
	const struct cell cell = { .colour = colour };
	const char *sequence = cell_colour(&cell);

	if (sequence && terminal_has_colours())
		printf("%s%s\033[0m", sequence, text);
	else
		printf("%s", text);
}
