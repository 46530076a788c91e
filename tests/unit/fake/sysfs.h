/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* A made-up machine's /sys, /dev and /proc, in a temporary directory. */

#ifndef FAKE_SYSFS_H
#define FAKE_SYSFS_H

#include <stdint.h>

struct tree {
	char root[64];
	char sys[96]; /* the host's roots */
	char dev[96];
	char proc[96];
};

struct tree_device {
	const char *bdf;
	const char
		*parent; /* the bridges above, "0000:00:09.0/0000:01:00.0"; NULL on the root bus */
	const char *driver; /* NULL for none */
	uint16_t vendor;
	uint16_t device;
	uint32_t class_code;
	int group; /* negative for none */
	int cdev;  /* number of its VFIO node, negative for none */
};

void tree_create(struct tree *tree);
void tree_destroy(struct tree *tree);

/* Paths are below the root, such as "sys/module"; parents are made as needed. */
void tree_mkdir(const struct tree *tree, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void tree_write(const struct tree *tree, const char *text, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void tree_link(const struct tree *tree, const char *target, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* A file, a link, or a directory with all that is in it. */
void tree_remove(const struct tree *tree, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A group without members; @type as "DMA", @reserved lines of reserved_regions. */
void tree_add_group(const struct tree *tree, uint32_t number, const char *reserved);
void tree_add_device(const struct tree *tree, const struct tree_device *device);
/* The driver link goes to another driver, or away when NULL. */
void tree_set_driver(const struct tree *tree, const char *bdf, const char *driver);
/* Huge pages of so many KiB: how many there are, are free, are reserved for others. */
void tree_huge_pages(const struct tree *tree, unsigned int kib, unsigned int count,
		     unsigned int free, unsigned int reserved);
/* A process that has the node, a path below /dev, open. */
void tree_add_holder(const struct tree *tree, int pid, const char *name, const char *node);

#endif
