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

/* "/dev/sda1 / ext4 rw,relatime,... 0 0" */
static ptrdiff_t cut_mount(char *line, size_t length)
{
	size_t at = 0;

	(void)length;
	if (strncmp(line, "/dev/", strlen("/dev/")))
		return -1;
	for (int field = 0; field < 3; field++) {
		at += strcspn(line + at, " ");
		if (!line[at])
			return -1;
		at++;
	}
	return at + strcspn(line + at, ", ");
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
