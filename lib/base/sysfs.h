/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Small files, links, directories and nodes of sysfs, procfs and /dev: the only door
 * to them, since a host may be a captured machine, which has no real ones.
 */

#ifndef BASE_SYSFS_H
#define BASE_SYSFS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/host.h"

/* Longest path built here; sysfs' own limit is a page. */
#define SYSFS_PATH 512

/* Longest line written here, with its end. */
#define SYSFS_LINE 128

/* A path below a root of the host's; one that is too long is empty, and cannot exist. */
void path_below(const char *root, char path[SYSFS_PATH], const char *format, va_list arguments);

/* A path below the host's sysfs. */
void sysfs_path(const struct vfa_host *host, char path[SYSFS_PATH], const char *format, ...)
	__attribute__((format(printf, 3, 4)));

bool sysfs_exists(const struct vfa_host *host, const char *path);

/* What is at a path, as stat(2) tells it. */
struct sysfs_status {
	mode_t mode; /* kind and rights */
	uid_t uid;
	gid_t gid;
	uint64_t size;
};

/** sysfs_stat() - look at what a path leads to; 0 or -errno, not recorded */
int sysfs_stat(const struct vfa_host *host, const char *path, struct sysfs_status *ret);

/**
 * sysfs_read() - read a small file as text
 * @ret: the text, without trailing newlines; cut at @size - 1 bytes
 *
 * Return: its length, or -errno; nothing is recorded.
 */
int sysfs_read(const struct vfa_host *host, const char *path, char *ret, size_t size);

/* A binary file that is read in pieces. */
struct sysfs_file {
	const struct vfa_host *host;
	int fd;                              /* -1 on a captured machine */
	const struct captured_file *content; /* on that only */
};

/** sysfs_open() - open a binary file; 0 with what sysfs_close() takes, or -errno, not recorded */
int sysfs_open(const struct vfa_host *host, const char *path, struct sysfs_file *ret);
void sysfs_close(const struct sysfs_file *file);

/**
 * sysfs_read_piece() - read bytes of it
 *
 * Return: how many could be read, up to @size: fewer where the file, or what this user may
 * see of it, ends; or -errno. Nothing is recorded.
 */
int sysfs_read_piece(const struct sysfs_file *file, unsigned int offset, void *ret, size_t size);

/** sysfs_read_at() - the same of a file that is read once */
int sysfs_read_at(const struct vfa_host *host, const char *path, unsigned int offset, void *ret,
		  size_t size);

/** sysfs_read_number() - read a number in C notation; 0 or -errno */
int sysfs_read_number(const struct vfa_host *host, const char *path, uint64_t *ret);

/**
 * sysfs_write() - write a line to an attribute, as echo does
 * @text: without the newline; may be empty
 *
 * An attribute takes all of a line or nothing.
 *
 * Return: 0 or -errno; nothing is recorded.
 */
int sysfs_write(const struct vfa_host *host, const char *path, const char *text);

/** sysfs_link() - a link's target as it is written; 0 or -errno, -EINVAL for no link */
int sysfs_link(const struct vfa_host *host, const char *path, char ret[SYSFS_PATH]);

/** sysfs_link_name() - the last component of a link's target; 0 or -errno */
int sysfs_link_name(const struct vfa_host *host, const char *path, char *ret, size_t size);

/**
 * sysfs_list() - the names in a directory, in version order
 * @ret: the names, to be freed with sysfs_free_list()
 *
 * Return: how many, or -errno; nothing is recorded.
 */
int sysfs_list(const struct vfa_host *host, const char *path, char ***ret);
void sysfs_free_list(char **names, int count);

#endif
