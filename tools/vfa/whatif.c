/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "whatif.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fail.h"

static uint16_t find_bit(const char *name, size_t length)
{
	for (uint16_t bit = VFA_ACS_SV; bit <= VFA_ACS_DT; bit <<= 1) {
		const char *known = vfa_acs_bit_name(bit);

		if (strlen(known) == length && !strncasecmp(known, name, length))
			return bit;
	}
	return 0;
}

/* "-RR,+SV" */
static bool read_bits(const char *text, struct vfa_acs_change *ret)
{
	size_t length;

	for (;; text += length + 1) {
		uint16_t bit;

		length = strcspn(text, ",");
		bit = length > 1 ? find_bit(text + 1, length - 1) : 0;
		if (!bit || (*text != '+' && *text != '-'))
			return false;
		if (*text == '+')
			ret->set |= bit;
		else
			ret->clear |= bit;
		if (!text[length])
			return true;
	}
}

/* Colons are in the address too. */
static int read_change(const struct request *request, const char *text, struct vfa_acs_change *ret)
{
	const char *colon = strrchr(text, ':');
	char *bdf = must(strdup(text));

	*ret = (struct vfa_acs_change){ .bdf = bdf };
	if (colon && read_bits(colon + 1, ret)) {
		bdf[colon - text] = '\0';
		return STATUS_FINE;
	}
	fail_usage("%s: --what-if %s: not a port and its bits", request->command->name, text);
	hint("such as 0000:00:01.0:-RR,+SV, of SV, TB, RR, CR, UF, EC and DT");
	return STATUS_USAGE;
}

int whatif_new(const struct request *request, struct whatif *ret)
{
	int status = STATUS_FINE;

	ret->count = 0;
	ret->changes = must(calloc(request->given_count + 1, sizeof(*ret->changes)));
	for (size_t i = 0; i < request->given_count && !status; i++) {
		if (!strcmp(request->given[i].name, "what-if"))
			status = read_change(request, request->given[i].value,
					     &ret->changes[ret->count++]);
	}
	if (status)
		whatif_free(ret);
	return status;
}

void whatif_free(struct whatif *whatif)
{
	for (size_t i = 0; i < whatif->count; i++)
		free((char *)whatif->changes[i].bdf);
	free(whatif->changes);
}
