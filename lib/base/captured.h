/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * The files of a captured machine: a tree in memory, whose paths start with /sys, /dev
 * and /proc. It is built by one thread; then it never changes.
 */

#ifndef BASE_CAPTURED_H
#define BASE_CAPTURED_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Longest path, as in sysfs.h, and longest name. */
#define CAPTURED_PATH 512
#define CAPTURED_NAME 255

/* Memory that a tree takes at most: sixteen times that of a machine of 4096 functions. */
#define CAPTURED_MEMORY (256u << 20)

enum captured_kind {
	CAPTURED_DIRECTORY,
	CAPTURED_TEXT,
	CAPTURED_BYTES,
	CAPTURED_LINK,
	CAPTURED_NODE,
	CAPTURED_ERROR,
};

struct captured_file {
	const void *data;
	size_t size;    /* what could be read */
	uint64_t whole; /* what stat(2) told, which may be more */
};

struct captured_entry {
	struct captured_entry *parent;
	struct captured_entry *next; /* in the same directory, until it is sorted */
	const char *name;
	enum captured_kind kind;
	union {
		struct {
			struct captured_entry *first;
			const struct captured_entry **sorted;
			uint32_t count;
		} directory;
		struct captured_file file; /* text without newlines at its end */
		const char *target;
		struct {
			mode_t mode;
			uid_t uid;
			gid_t gid;
		} node;
		int error; /* a negative errno: it was there and could not be read */
	};
};

struct captured;

int captured_new(struct captured **ret);
void captured_free(struct captured *captured);

/**
 * captured_directory() - the directory at an absolute path, made with those above it
 *
 * Return: 0; -EINVAL for no plain path, -ENAMETOOLONG, -ENOTDIR, -EFBIG when the tree has
 * grown too large, or -ENOMEM. Nothing of captured.h is recorded.
 */
int captured_directory(struct captured *captured, const char *path, struct captured_entry **ret);

/**
 * captured_add() - an entry in a directory
 * @value: its kind, and what it holds, which is copied
 *
 * Return: 0; -EEXIST, -EINVAL for no plain name, -ENAMETOOLONG, -EFBIG or -ENOMEM.
 */
int captured_add(struct captured *captured, struct captured_entry *directory, const char *name,
		 const struct captured_entry *value);

/** captured_sort() - have the entries of directories in order, when all are there; 0 or -ENOMEM */
int captured_sort(struct captured *captured);

/** captured_root() - the directory above all */
const struct captured_entry *captured_root(const struct captured *captured);

/** captured_path() - of an entry; 0 or -ENAMETOOLONG */
int captured_path(const struct captured_entry *entry, char ret[CAPTURED_PATH]);

/**
 * captured_find() - what a path leads to, links followed
 *
 * Return: 0; -ENOENT, -ENOTDIR, -ELOOP as the kernel's, or the error with which a
 * directory on the way could not be read.
 */
int captured_find(const struct captured *captured, const char *path,
		  const struct captured_entry **ret);

/** captured_find_link() - the same, but a link at the end is not followed */
int captured_find_link(const struct captured *captured, const char *path,
		       const struct captured_entry **ret);

#endif
