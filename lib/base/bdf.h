/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* PCI addresses: domain, bus, device, function. */

#ifndef BASE_BDF_H
#define BASE_BDF_H

#include <stdbool.h>

/* Room for "ffffffff:ff:1f.7" and its end. */
#define BDF_SIZE 18

/**
 * bdf_parse() - bring an address to its full form
 * @text: "0000:00:04.0" or "00:04.0"
 * @ret: the full form, lower case
 *
 * Return: 0, or -EINVAL with the failure recorded.
 */
int bdf_parse(const char *text, char ret[BDF_SIZE]);

struct bdf_parts {
	unsigned int domain;
	unsigned int bus;
	unsigned int slot;
	unsigned int function;
};

/** bdf_split() - the parts of an address in its full form; false for any other text */
bool bdf_split(const char *text, struct bdf_parts *ret);

#endif
