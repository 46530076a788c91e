/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "capture/filter.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/*
 * Keep pieces of a text, each of which ends with @end: those that @cut wants, up to where
 * it says. It is given a piece without its end, and returns how much of it stays, -1 for
 * nothing.
 */
static void keep(char *text, char end, ptrdiff_t (*cut)(char *piece, size_t length))
{
	char *out = text, *piece = text, *next;

	for (; piece; piece = next) {
		size_t length;
		ptrdiff_t stays;

		next = strchr(piece, end);
		if (next)
			*next++ = '\0';
		length = strlen(piece);
		stays = length ? cut(piece, length) : -1;
		while (stays > 0 && piece[stays - 1] == ' ')
			stays--;
		if (stays < 0)
			continue;
		if (out > text)
			*out++ = end;
		memmove(out, piece, stays);
		out += stays;
	}
	*out = '\0';
}

static bool starts_with_any(const char *piece, const char *const *starts)
{
	for (; *starts; starts++) {
		if (!strncmp(piece, *starts, strlen(*starts)))
			return true;
	}
	return false;
}

int filter_names(char *text, struct mask_names *names)
{
	return mask_names_in(names, text);
}

/* "36 35 8:1 / / rw,noatime shared:1 - ext4 /dev/sda1 rw,errors=continue" */
static ptrdiff_t cut_mount(char *line, size_t length)
{
	char *type = strstr(line, " - "), *source = type ? strchr(type + 3, ' ') : NULL;
	size_t at = 0;

	(void)length;
	if (!source || strncmp(source, " /dev/", strlen(" /dev/")))
		return -1;
	source[1 + strcspn(source + 1, " ")] = '\0';
	for (int field = 0; field < 5 && line + at <= type; field++)
		at += strcspn(line + at, " ") + 1;
	if (line + at > type)
		return -1;
	at += strcspn(line + at, ", ");
	memmove(line + at, type, strlen(type) + 1);
	return strlen(line);
}

int filter_mounts(char *text, struct mask_names *names)
{
	keep(text, '\n', cut_mount);
	return mask_names_in(names, text);
}

static ptrdiff_t cut_swap(char *line, size_t length)
{
	static const char *const starts[] = { "Filename", "/dev/", NULL };

	return starts_with_any(line, starts) ? (ptrdiff_t)length : -1;
}

int filter_swaps(char *text, struct mask_names *names)
{
	keep(text, '\n', cut_swap);
	return mask_names_in(names, text);
}

static ptrdiff_t cut_word(char *word, size_t length)
{
	static const char *const starts[] = {
		"amd_iommu",
		"arm-smmu",
		"intel_iommu",
		"iommu",
		"iommufd.",
		"intremap",
		"hugepages",
		"hugepagesz",
		"lockdown",
		"module_blacklist",
		"modprobe.",
		"nointremap",
		"noapic",
		"pci",
		"pcie_",
		"vfio",
		"swiotlb",
		"virtio_iommu",
		"default_hugepagesz",
		NULL,
	};

	return starts_with_any(word, starts) ? (ptrdiff_t)length : -1;
}

int filter_command_line(char *text, struct mask_names *names)
{
	keep(text, ' ', cut_word);
	return mask_names_in(names, text);
}

static ptrdiff_t cut_limit(char *line, size_t length)
{
	static const char *const starts[] = { "Limit ", "Max locked memory ", NULL };

	return starts_with_any(line, starts) ? (ptrdiff_t)length : -1;
}

int filter_limits(char *text, struct mask_names *names)
{
	(void)names;
	keep(text, '\n', cut_limit);
	return 0;
}

static ptrdiff_t cut_status(char *line, size_t length)
{
	static const char *const starts[] = { "Name:",  "Uid:",   "Gid:",    "Groups:",
					      "VmLck:", "VmPin:", "CapEff:", NULL };

	return starts_with_any(line, starts) ? (ptrdiff_t)length : -1;
}

int filter_status(char *text, struct mask_names *names)
{
	(void)names;
	keep(text, '\n', cut_status);
	return 0;
}
