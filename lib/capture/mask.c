/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "capture/mask.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topology/capability.h"

/* Digits of a MAC address; shorter numbers are addresses and counts. */
#define SHORTEST 12

#define HEXADECIMAL "0123456789abcdefABCDEF"

/* The number that stands for one, from 1 on, or -ENOMEM. */
static int find_known(struct mask_names *names, const char *number, size_t length)
{
	char **grown;
	size_t i;

	for (i = 0; i < names->count; i++) {
		if (strlen(names->known[i]) == length && !strncmp(names->known[i], number, length))
			return i + 1;
	}
	grown = realloc(names->known, (i + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	names->known = grown;
	names->known[i] = strndup(number, length);
	if (!names->known[i])
		return -ENOMEM;
	return ++names->count;
}

static size_t count_digits(const char *number, size_t length)
{
	size_t digits = 0;

	for (size_t i = 0; i < length; i++)
		digits += number[i] != '-';
	return digits;
}

/* The dashes stay where they are. */
static void replace(char *number, size_t length, unsigned int by)
{
	while (length--) {
		if (number[length] == '-')
			continue;
		number[length] = "0123456789"[by % 10];
		by /= 10;
	}
}

int mask_names_in(struct mask_names *names, char *text)
{
	while (*(text += strcspn(text, HEXADECIMAL))) {
		size_t length = strspn(text, HEXADECIMAL "-");

		if (count_digits(text, length) >= SHORTEST) {
			int number = find_known(names, text, length);

			if (number < 0)
				return number;
			replace(text, length, number);
		}
		text += length;
	}
	return 0;
}

void mask_names_free(struct mask_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->known[i]);
	free(names->known);
}

struct bytes {
	struct config_space space;
	unsigned char *bytes;
	size_t size;
};

static int read_word(const struct config_space *config, unsigned int offset, uint32_t *ret)
{
	const struct bytes *from = (const struct bytes *)config;
	const unsigned char *at = from->bytes + offset;

	if (offset + sizeof(*ret) > from->size)
		return -ENODATA;
	*ret = at[0] | at[1] << 8 | at[2] << 16 | (uint32_t)at[3] << 24;
	return 0;
}

static void zero(const struct bytes *bytes, size_t offset, size_t size)
{
	if (offset >= bytes->size)
		return;
	memset(bytes->bytes + offset, 0, size < bytes->size - offset ? size : bytes->size - offset);
}

void mask_config(unsigned char *config, size_t size)
{
	struct bytes bytes = { { read_word }, config, size };
	struct capability_set set;

	/* What was read before it failed is in the set all the same. */
	(void)capability_read(&bytes.space, &set);
	for (size_t i = 0; i < set.count; i++) {
		const struct vfa_capability *capability = &set.list[i];

		if (capability->is_extended && capability->id == PCI_EXT_CAP_ID_DSN)
			zero(&bytes, capability->offset + 4, 8);
		else if (!capability->is_extended && capability->id == PCI_CAP_ID_VPD)
			zero(&bytes, capability->offset + PCI_VPD_DATA, 4);
	}
}
