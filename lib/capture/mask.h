/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What a capture does not give away: it is replaced before it is kept. */

#ifndef CAPTURE_MASK_H
#define CAPTURE_MASK_H

#include <stddef.h>

/*
 * Long hexadecimal numbers in names: MAC addresses, UUIDs, WWNs. The first one becomes
 * 0...01 of the same length, the second 0...02: names that are equal stay so.
 */
struct mask_names {
	char **known;
	size_t count;
};

/** mask_names_in() - in place, of a text; 0 or -ENOMEM */
int mask_names_in(struct mask_names *names, char *text);
void mask_names_free(struct mask_names *names);

/** mask_config() - zero the serial number and vital product data in config space, as far as it was
 * read */
void mask_config(unsigned char *config, size_t size);

#endif
