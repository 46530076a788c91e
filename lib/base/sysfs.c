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
		used += vsnprintf(path + used, SYSFS_PATH - used, format, arguments);
	if (used >= SYSFS_PATH)
		path[0] = '\0';
}

void sysfs_path(const struct vfa_host *host, char path[SYSFS_PATH], const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	path_below(host->sysfs, path, format, arguments);
	va_end(arguments);
}

/* What a path leads to on a captured machine: 0 or -errno, as of what could not be read. */
static int find(const struct vfa_host *host, const char *path, const struct captured_entry **ret)
{
	int err = captured_find(host->captured, path, ret);

	return !err && (*ret)->kind == CAPTURED_ERROR ? (*ret)->error : err;
}

bool sysfs_exists(const struct vfa_host *host, const char *path)
{
	const struct captured_entry *entry;
	int fd;

	if (host->captured) {
		fd = find(host, path, &entry);
	} else {
		fd = sys_open(host->sys, path, O_PATH);
		sys_close(host->sys, fd);
	}
	/* Failing for want of rights or fds does not mean that it is not there. */
	return fd != -ENOENT && fd != -ENOTDIR;
}

static void describe(const struct captured_entry *entry, struct sysfs_status *ret)
{
	*ret = (struct sysfs_status){ .mode = S_IFREG | 0444 };
	if (entry->kind == CAPTURED_DIRECTORY) {
		ret->mode = S_IFDIR | 0755;
	} else if (entry->kind == CAPTURED_NODE) {
		ret->mode = entry->node.mode;
		ret->uid = entry->node.uid;
		ret->gid = entry->node.gid;
	} else {
		ret->size = entry->file.whole;
	}
}

static int stat_captured(const struct vfa_host *host, const char *path, struct sysfs_status *ret)
{
	const struct captured_entry *entry;
	int err = find(host, path, &entry);

	if (!err)
		describe(entry, ret);
	return err;
}

int sysfs_stat(const struct vfa_host *host, const char *path, struct sysfs_status *ret)
{
	struct stat status;

	if (host->captured)
		return stat_captured(host, path, ret);
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

static int open_captured(const struct vfa_host *host, const char *path,
			 const struct captured_file **ret)
{
	const struct captured_entry *entry;
	int err = find(host, path, &entry);

	if (err)
		return err;
	if (entry->kind == CAPTURED_DIRECTORY)
		return -EISDIR;
	if (entry->kind == CAPTURED_NODE)
		return -ENXIO;
	*ret = &entry->file;
	return 0;
}

static int copy_captured(const struct captured_file *file, unsigned int offset, void *ret,
			 size_t size)
{
	if (offset >= file->size)
		return 0;
	if (size > file->size - offset)
		size = file->size - offset;
	memcpy(ret, (const char *)file->data + offset, size);
	return size;
}

static int read_captured(const struct vfa_host *host, const char *path, void *ret, size_t size)
{
	const struct captured_file *file;
	int err = open_captured(host, path, &file);

	return err ? err : copy_captured(file, 0, ret, size);
}

static ssize_t read_whole(const struct vfa_host *host, const char *path, char *ret, size_t size)
{
	int fd = sys_open(host->sys, path, O_RDONLY);
	size_t used = 0;
	ssize_t got = 0;

	if (fd < 0)
		return fd;
	while (used < size) {
		got = sys_read(host->sys, fd, ret + used, size - used);
		if (got <= 0)
			break;
		used += got;
	}
	sys_close(host->sys, fd);
	return got < 0 ? got : (ssize_t)used;
}

int sysfs_read(const struct vfa_host *host, const char *path, char *ret, size_t size)
{
	ssize_t used = host->captured ? read_captured(host, path, ret, size - 1)
				      : read_whole(host, path, ret, size - 1);

	if (used < 0)
		return used;
	while (used && ret[used - 1] == '\n')
		used--;
	ret[used] = '\0';
	return used;
}

int sysfs_open(const struct vfa_host *host, const char *path, struct sysfs_file *ret)
{
	*ret = (struct sysfs_file){ .host = host, .fd = -1 };
	if (host->captured)
		return open_captured(host, path, &ret->content);
	ret->fd = sys_open(host->sys, path, O_RDONLY);
	return ret->fd < 0 ? ret->fd : 0;
}

void sysfs_close(const struct sysfs_file *file)
{
	sys_close(file->host->sys, file->fd);
}

int sysfs_read_piece(const struct sysfs_file *file, unsigned int offset, void *ret, size_t size)
{
	return file->content ? copy_captured(file->content, offset, ret, size)
			     : sys_pread(file->host->sys, file->fd, ret, size, offset);
}

int sysfs_read_at(const struct vfa_host *host, const char *path, unsigned int offset, void *ret,
		  size_t size)
{
	struct sysfs_file file;
	int got, err = sysfs_open(host, path, &file);

	if (err)
		return err;
	got = sysfs_read_piece(&file, offset, ret, size);
	sysfs_close(&file);
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

int sysfs_write(const struct vfa_host *host, const char *path, const char *text)
{
	char line[SYSFS_LINE];
	int size = snprintf(line, sizeof(line), "%s\n", text);
	ssize_t written;
	int fd;

	if (host->captured)
		return -EROFS;
	if (size >= (int)sizeof(line))
		return -EINVAL;
	fd = sys_open(host->sys, path, O_WRONLY);
	if (fd < 0)
		return fd;
	written = sys_write(host->sys, fd, line, size);
	sys_close(host->sys, fd);
	if (written < 0)
		return written;
	return written == size ? 0 : -EIO;
}

static int link_captured(const struct vfa_host *host, const char *path, char ret[SYSFS_PATH])
{
	const struct captured_entry *entry;
	int err = captured_find_link(host->captured, path, &entry);

	if (err)
		return err;
	if (entry->kind != CAPTURED_LINK)
		return entry->kind == CAPTURED_ERROR ? entry->error : -EINVAL;
	strcpy(ret, entry->target);
	return 0;
}

int sysfs_link(const struct vfa_host *host, const char *path, char ret[SYSFS_PATH])
{
	char target[SYSFS_PATH];
	ssize_t used;

	if (host->captured)
		return link_captured(host, path, ret);
	used = sys_readlink(host->sys, path, target, sizeof(target));
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

static int list_captured(const struct vfa_host *host, const char *path, char ***ret)
{
	const struct captured_entry *entry;
	int count = 0, err = find(host, path, &entry);
	char **names;

	if (err)
		return err;
	if (entry->kind != CAPTURED_DIRECTORY)
		return -ENOTDIR;
	names = calloc(entry->directory.count + 1, sizeof(*names));
	if (!names)
		return -ENOMEM;
	for (uint32_t i = 0; i < entry->directory.count; i++) {
		if (entry->directory.sorted[i]->name[0] == '.')
			continue;
		names[count] = strdup(entry->directory.sorted[i]->name);
		if (!names[count]) {
			sysfs_free_list(names, count);
			return -ENOMEM;
		}
		count++;
	}
	*ret = names;
	return count;
}

int sysfs_list(const struct vfa_host *host, const char *path, char ***ret)
{
	struct dirent **entries;
	int count, copied = 0;
	char **names;

	if (host->captured)
		return list_captured(host, path, ret);
	count = scandir(path, &entries, is_visible, versionsort);
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
