/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "topology/mounts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sysfs.h"

/* A machine with thousands of containers stays below. */
#define MOST_TEXT (16u << 20)

/* Read again into more room until there was more than it took: never the half of a line. */
static int read_text(const struct vfa_host *host, const char *path, char **ret)
{
	for (size_t size = 64 << 10; size <= MOST_TEXT; size *= 2) {
		char *text = malloc(size);
		int used = text ? sysfs_read(host, path, text, size) : -ENOMEM;

		if (used >= 0 && (size_t)used < size - 2) {
			*ret = text;
			return 0;
		}
		free(text);
		if (used < 0)
			return used;
	}
	return -EFBIG;
}

static int read_list(const struct vfa_host *host, const char *file, struct mounts *ret)
{
	char path[SYSFS_PATH];
	int err;

	snprintf(path, sizeof(path), "%s/%s", host->proc, file);
	err = read_text(host, path, &ret->text);
	if (!err)
		ret->rest = ret->text;
	return err;
}

int mounts_read(const struct vfa_host *host, struct mounts *ret)
{
	return read_list(host, "self/mountinfo", ret);
}

int swaps_read(const struct vfa_host *host, struct mounts *ret)
{
	return read_list(host, "swaps", ret);
}

void mounts_free(struct mounts *mounts)
{
	free(mounts->text);
}

static bool is_octal(const char *text)
{
	return text[0] >= '0' && text[0] <= '3' && text[1] >= '0' && text[1] <= '7' &&
	       text[2] >= '0' && text[2] <= '7';
}

/* The kernel writes blanks and the like as \040. */
static void decode(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (*text == '\\' && is_octal(text + 1)) {
			*to++ = (text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0');
			text += 3;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

/* The next word of a line, decoded; an empty one at its end. */
static const char *take_word(char **line)
{
	char *word;

	*line += strspn(*line, " \t");
	word = *line;
	*line += strcspn(*line, " \t");
	if (**line)
		*(*line)++ = '\0';
	decode(word);
	return word;
}

static char *take_line(struct mounts *mounts)
{
	char *line = mounts->rest;

	if (!*line)
		return NULL;
	mounts->rest += strcspn(line, "\n");
	if (*mounts->rest)
		*mounts->rest++ = '\0';
	return line;
}

/* 36 35 259:2 / /home rw,noatime shared:1 - ext4 /dev/nvme0n1p2 rw */
bool mounts_next(struct mounts *mounts, struct mount *ret)
{
	char *line = take_line(mounts);
	const char *word;

	if (!line)
		return false;
	take_word(&line);
	take_word(&line);
	ret->device = take_word(&line);
	take_word(&line);
	ret->where = take_word(&line);
	do
		word = take_word(&line);
	while (*word && strcmp(word, "-") != 0);
	take_word(&line);
	ret->source = take_word(&line);
	return true;
}

bool swaps_next(struct mounts *swaps, struct mount *ret)
{
	char *line = take_line(swaps);

	if (!line)
		return false;
	*ret = (struct mount){ .device = "", .source = take_word(&line) };
	return true;
}
