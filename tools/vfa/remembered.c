/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "remembered.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIRECTORY "/run/vfa"
#define PATH      64

static void path_of(const char *bdf, const char *end, char ret[PATH])
{
	snprintf(ret, PATH, DIRECTORY "/%.20s%s", bdf, end);
}

/* A line "name=value". */
static bool read_value(FILE *file, const char *name, char value[VFA_DRIVER_NAME])
{
	size_t length = strlen(name);
	char line[VFA_DRIVER_NAME + 16];

	if (!fgets(line, sizeof(line), file) || strncmp(line, name, length) || line[length] != '=')
		return false;
	line[strcspn(line, "\n")] = '\0';
	if (strlen(line + length + 1) >= VFA_DRIVER_NAME)
		return false;
	strcpy(value, line + length + 1);
	return true;
}

static bool read_all(FILE *file, struct remembered *ret)
{
	char id[VFA_DRIVER_NAME];

	return read_value(file, "id", id) && sscanf(id, "%" SCNx32, &ret->id) == 1 &&
	       read_value(file, "driver", ret->driver) &&
	       read_value(file, "override", ret->override) && read_value(file, "given", ret->given);
}

bool remembered_read(const char *bdf, struct remembered *ret)
{
	char path[PATH];
	bool complete;
	FILE *file;

	path_of(bdf, "", path);
	file = fopen(path, "re");
	if (!file)
		return false;
	complete = read_all(file, ret);
	fclose(file);
	return complete;
}

static int write_all(const char *path, const struct remembered *before)
{
	FILE *file = fopen(path, "we");
	int failed;

	if (!file)
		return -errno;
	fprintf(file, "id=%08" PRIx32 "\ndriver=%s\noverride=%s\ngiven=%s\n", before->id,
		before->driver, before->override, before->given);
	failed = ferror(file);
	if (fclose(file) || failed)
		return errno ? -errno : -EIO;
	return 0;
}

int remembered_write(const char *bdf, const struct remembered *before)
{
	char path[PATH], fresh[PATH];
	int err;

	if (mkdir(DIRECTORY, 0755) && errno != EEXIST)
		return -errno;
	path_of(bdf, "", path);
	path_of(bdf, ".new", fresh);
	err = write_all(fresh, before);
	if (!err && rename(fresh, path))
		err = -errno;
	if (err)
		unlink(fresh);
	return err;
}

void remembered_forget(const char *bdf)
{
	char path[PATH];

	path_of(bdf, "", path);
	unlink(path);
}
