/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Small files, links and directories of sysfs and procfs. */

#ifndef BASE_SYSFS_H
#define BASE_SYSFS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/host.h"

/* Longest path built here; sysfs' own limit is a page. */
#define SYSFS_PATH 512

/* A path below a root of the host's; one that is too long is empty, and cannot exist. */
void path_below(const char *root, char path[SYSFS_PATH], const char *format, va_list arguments);

/* A path below the host's sysfs. */
void sysfs_path(const struct vfa_host *host, char path[SYSFS_PATH], const char *format, ...)
	__attribute__((format(printf, 3, 4)));

bool sysfs_exists(const struct vfa_host *host, const char *path);

/**
 * sysfs_read() - read a small file as text
 * @ret: the text, without trailing newlines; cut at @size - 1 bytes
 *
 * Return: its length, or -errno; nothing is recorded.
 */
int sysfs_read(const struct vfa_host *host, const char *path, char *ret, size_t size);

/**
 * sysfs_read_at() - read bytes of a binary file
 *
 * Return: how many were there, up to @size, or -errno; nothing is recorded.
 */
int sysfs_read_at(const struct vfa_host *host, const char *path, unsigned int offset, void *ret,
		  size_t size);

/** sysfs_read_number() - read a number in C notation; 0 or -errno */
int sysfs_read_number(const struct vfa_host *host, const char *path, uint64_t *ret);

/** sysfs_link_name() - the last component of a link's target; 0 or -errno */
int sysfs_link_name(const struct vfa_host *host, const char *path, char *ret, size_t size);

/**
 * sysfs_list() - the names in a directory, in version order
 * @ret: the names, to be freed with sysfs_free_list()
 *
 * Return: how many, or -errno; nothing is recorded.
 */
int sysfs_list(const char *path, char ***ret);
void sysfs_free_list(char **names, int count);

#endif
