/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "base/sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void path_below(const char *root, char path[SYSFS_PATH], const char *format, va_list arguments)
{
	int used = snprintf(path, SYSFS_PATH, "%s/", root);

	if (used < SYSFS_PATH)
		vsnprintf(path + used, SYSFS_PATH - used, format, arguments);
	else
		path[0] = '\0';
}

void sysfs_path(const struct vfa_host *host, char path[SYSFS_PATH], const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	path_below(host->sysfs, path, format, arguments);
	va_end(arguments);
}

bool sysfs_exists(const struct vfa_host *host, const char *path)
{
	int fd = sys_open(host->sys, path, O_PATH);

	sys_close(host->sys, fd);
	/* Failing for want of rights or fds does not mean that it is not there. */
	return fd != -ENOENT && fd != -ENOTDIR;
}

int sysfs_stat(const struct vfa_host *host, const char *path, struct sysfs_status *ret)
{
	struct stat status;

	(void)host;
	if (stat(path, &status))
		return -errno;
	*ret = (struct sysfs_status){
		.mode = status.st_mode,
		.uid = status.st_uid,
		.gid = status.st_gid,
		.size = status.st_size,
	};
	return 0;
}

int sysfs_read(const struct vfa_host *host, const char *path, char *ret, size_t size)
{
	int fd = sys_open(host->sys, path, O_RDONLY);
	size_t used = 0;
	ssize_t got = 0;

	if (fd < 0)
		return fd;
	while (used < size - 1) {
		got = sys_read(host->sys, fd, ret + used, size - 1 - used);
		if (got <= 0)
			break;
		used += got;
	}
	sys_close(host->sys, fd);
	if (got < 0)
		return got;
	while (used && ret[used - 1] == '\n')
		used--;
	ret[used] = '\0';
	return used;
}

int sysfs_read_at(const struct vfa_host *host, const char *path, unsigned int offset, void *ret,
		  size_t size)
{
	int fd = sys_open(host->sys, path, O_RDONLY);
	ssize_t got;

	if (fd < 0)
		return fd;
	got = sys_pread(host->sys, fd, ret, size, offset);
	sys_close(host->sys, fd);
	return got;
}

int sysfs_read_number(const struct vfa_host *host, const char *path, uint64_t *ret)
{
	char text[32], *end;
	uint64_t value;
	int err = sysfs_read(host, path, text, sizeof(text));

	if (err < 0)
		return err;
	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *end)
		return -EINVAL;
	*ret = value;
	return 0;
}

int sysfs_link(const struct vfa_host *host, const char *path, char ret[SYSFS_PATH])
{
	char target[SYSFS_PATH];
	ssize_t used = sys_readlink(host->sys, path, target, sizeof(target));

	if (used < 0)
		return used;
	if (used == sizeof(target))
		return -ENAMETOOLONG;
	memcpy(ret, target, used);
	ret[used] = '\0';
	return 0;
}

int sysfs_link_name(const struct vfa_host *host, const char *path, char *ret, size_t size)
{
	char target[SYSFS_PATH];
	int err = sysfs_link(host, path, target);
	const char *name;

	if (err)
		return err;
	name = strrchr(target, '/');
	name = name ? name + 1 : target;
	if (strlen(name) >= size)
		return -ENAMETOOLONG;
	strcpy(ret, name);
	return 0;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

void sysfs_free_list(char **names, int count)
{
	for (int i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

int sysfs_list(const struct vfa_host *host, const char *path, char ***ret)
{
	struct dirent **entries;
	int count = scandir(path, &entries, is_visible, versionsort);
	int copied = 0;
	char **names;

	(void)host;
	if (count < 0)
		return -errno;
	names = calloc(count + 1, sizeof(*names));
	for (int i = 0; i < count; i++) {
		if (names && copied == i && (names[i] = strdup(entries[i]->d_name)))
			copied++;
		free(entries[i]);
	}
	free(entries);
	if (!names || copied < count) {
		sysfs_free_list(names, names ? copied : 0);
		return -ENOMEM;
	}
	*ret = names;
	return count;
}
