/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Text from elsewhere, such as a captured machine that somebody made up. */

#ifndef VFA_TOOL_TEXT_H
#define VFA_TOOL_TEXT_H

/** text_make_utf8() - put a question mark in place of each byte that is not UTF-8 */
void text_make_utf8(char *text);

#endif
