/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* VF tokens: a UUID that the owners of a device's functions share. */

#ifndef BASE_TOKEN_H
#define BASE_TOKEN_H

#include <stdbool.h>

/** token_parse() - the bytes of "00112233-4455-6677-8899-aabbccddeeff"; false for other forms */
bool token_parse(const char *text, unsigned char ret[16]);

#endif
