/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "topology/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "topology/acs.h"

#define BITS 7

static void append(char *text, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void append(char *text, size_t size, const char *format, ...)
{
	size_t used = strlen(text);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text + used, size - used, format, arguments);
	va_end(arguments);
}

const char *acs_words(uint16_t bits, char ret[ACS_WORDS])
{
	ret[0] = '\0';
	for (int bit = 0; bit < BITS; bit++) {
		if (bits & 1 << bit)
			append(ret, ACS_WORDS, "%s%s", *ret ? ", " : "",
			       vfa_acs_bit_name(1 << bit));
	}
	return ret;
}

void words_lack(const struct vfa_function *function, char ret[WORDS])
{
	char words[ACS_WORDS];

	if (!acs_applies(function))
		snprintf(ret, WORDS, "can have no ACS");
	else if (function->acs.present != VFA_YES)
		snprintf(ret, WORDS, "has no ACS");
	else
		snprintf(ret, WORDS, "has %s off", acs_words(acs_missing(function), words));
}

/* What each of the bits is there to prevent. */
static const struct {
	enum vfa_acs_bit bit;
	const char *without;
} dangers[] = {
	{ VFA_ACS_RR, "a request may turn round to a peer" },
	{ VFA_ACS_CR, "a completion may turn round to a peer" },
	{ VFA_ACS_UF, "what is sent up to the IOMMU may be turned round below it" },
	{ VFA_ACS_SV, "a request may bear the address of another device" },
};

static void explain_bits(uint16_t missing, char ret[WORDS])
{
	const char *separator = ":";

	for (size_t i = 0; i < sizeof(dangers) / sizeof(dangers[0]); i++) {
		if (!(missing & dangers[i].bit))
			continue;
		append(ret, WORDS, "%s without %s %s", separator, vfa_acs_bit_name(dangers[i].bit),
		       dangers[i].without);
		separator = ",";
	}
}

void words_step(const struct vfa_function *function, char ret[WORDS])
{
	words_lack(function, ret);
	if (function->is_bridge && acs_takes_over(function))
		snprintf(
			ret, WORDS,
			"a conventional bus below it: devices there reach each other, and the IOMMU "
			"sees one address for all");
	else if (function->acs.present == VFA_YES)
		explain_bits(acs_missing(function), ret);
	else if (function->is_bridge)
		append(ret, WORDS, ": requests may turn round to a peer below or beside it");
	else
		append(ret, WORDS, ": requests may reach the other functions of its slot");
}
