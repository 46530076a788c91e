/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Whether standard output is a terminal that shows colours. */

#ifndef VFA_TOOL_TERMINAL_H
#define VFA_TOOL_TERMINAL_H

#include "cell.h"

bool terminal_has_colours(void);

/** terminal_print() - words in a colour, where there are colours */
void terminal_print(enum colour colour, const char *text);

#endif
