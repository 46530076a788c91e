/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "base/bdf.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

/* Hexadecimal digits from *text up to @end, at least @least and at most @most of them. */
static int take_hex(const char **text, char end, int least, int most, unsigned int *ret)
{
	unsigned int value = 0;
	int digits = 0;

	for (; isxdigit((unsigned char)**text); (*text)++, digits++) {
		int digit = tolower((unsigned char)**text);

		if (digits == most)
			return 0;
		value = value * 16 + (isdigit(digit) ? digit - '0' : digit - 'a' + 10);
	}
	if (digits < least || **text != end)
		return 0;
	if (end)
		(*text)++;
	*ret = value;
	return 1;
}

/* A line that was read with its newline is a likely culprit, and would tear the message. */
static int refuse(const char *text)
{
	char shown[65];
	size_t i;

	snprintf(shown, sizeof(shown), "%s", text);
	for (i = 0; shown[i]; i++) {
		if (iscntrl((unsigned char)shown[i]))
			shown[i] = '?';
	}
	return error_set(EINVAL, VFA_CAUSE_BAD_BDF,
			 "\"%s\" is not a PCI address\n"
			 "give domain:bus:device.function in hexadecimal, such as 0000:00:04.0; "
			 "lspci -D lists them",
			 shown);
}

static bool parse(const char *text, struct bdf_parts *ret)
{
	const char *rest = text, *colon = strchr(text, ':');

	*ret = (struct bdf_parts){ 0 };
	if (colon && strchr(colon + 1, ':') && !take_hex(&rest, ':', 4, 8, &ret->domain))
		return false;
	return take_hex(&rest, ':', 2, 2, &ret->bus) && take_hex(&rest, '.', 2, 2, &ret->slot) &&
	       take_hex(&rest, '\0', 1, 1, &ret->function) && ret->slot <= 0x1f &&
	       ret->function <= 7;
}

static void print(const struct bdf_parts *parts, char ret[BDF_SIZE])
{
	snprintf(ret, BDF_SIZE, "%04x:%02x:%02x.%u", parts->domain, parts->bus & 0xff,
		 parts->slot & 0x1f, parts->function & 7);
}

int bdf_parse(const char *text, char ret[BDF_SIZE])
{
	struct bdf_parts parts;

	if (!text)
		return error_null("bdf");
	if (!parse(text, &parts))
		return refuse(text);
	print(&parts, ret);
	return 0;
}

bool bdf_split(const char *text, struct bdf_parts *ret)
{
	char full[BDF_SIZE];

	if (!parse(text, ret))
		return false;
	print(ret, full);
	return !strcmp(text, full);
}
