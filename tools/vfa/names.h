/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The names that libpci knows for ids; unknown ones are NULL. */

#ifndef VFA_NAMES_H
#define VFA_NAMES_H

#include <stdint.h>

struct names;

/**
 * names_new() - names from a file
 * @path: a file as pci.ids is one, which stays valid; NULL for the system's
 *
 * It is read at the first question. Without it every name is unknown.
 */
struct names *names_new(const char *path);
void names_free(struct names *names);

/* Valid until the next question. */
const char *names_vendor(struct names *names, uint16_t vendor);
const char *names_device(struct names *names, uint16_t vendor, uint16_t device);
const char *names_class(struct names *names, uint32_t class_code);

#endif
