/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "vma.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sysfs.h"

static bool parse_line(const char *line, struct vma *ret)
{
	char rights[5];
	uint64_t end;

	ret->name[0] = '\0';
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*s %*s %*s %127[^\n]", &ret->start, &end,
		   rights, ret->name) < 3)
		return false;
	ret->last = end - 1;
	ret->readable = rights[0] == 'r';
	ret->writable = rights[1] == 'w';
	return true;
}

bool vma_next(const struct vfa_host *host, uint64_t address, struct vma *ret)
{
	char path[SYSFS_PATH], *line = NULL;
	bool found = false;
	size_t size = 0;
	FILE *maps;

	snprintf(path, sizeof(path), "%s/self/maps", host->proc);
	maps = fopen(path, "re");
	if (!maps)
		return false;
	while (!found && getline(&line, &size, maps) > 0)
		found = parse_line(line, ret) && address <= ret->last;
	free(line);
	fclose(maps);
	return found;
}

bool vma_find(const struct vfa_host *host, uint64_t address, struct vma *ret)
{
	return vma_next(host, address, ret) && ret->start <= address;
}
