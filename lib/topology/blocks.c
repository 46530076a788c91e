/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "topology/blocks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topology/below.h"

#define CLASS "class/block"

static void read_text(const struct vfa_host *host, const char *name, const char *file, char *ret,
		      size_t size)
{
	char path[SYSFS_PATH];

	sysfs_path(host, path, CLASS "/%s/%s", name, file);
	if (sysfs_read(host, path, ret, size) < 0)
		ret[0] = '\0';
}

static void read_block(const struct vfa_host *host, const char *name, struct block *ret)
{
	char path[SYSFS_PATH];

	snprintf(ret->name, sizeof(ret->name), "%.63s", name);
	sysfs_path(host, path, CLASS "/%s", name);
	if (sysfs_link(host, path, ret->path))
		ret->path[0] = '\0';
	read_text(host, name, "dev", ret->device, sizeof(ret->device));
	read_text(host, name, "dm/name", ret->mapper, sizeof(ret->mapper));
}

int blocks_read(const struct vfa_host *host, struct blocks *ret)
{
	char path[SYSFS_PATH], **names;
	int count;

	*ret = (struct blocks){ 0 };
	sysfs_path(host, path, CLASS);
	count = sysfs_list(host, path, &names);
	if (count == -ENOENT)
		return 0; /* a kernel without block devices */
	if (count < 0)
		return count;
	ret->list = calloc(count ? count : 1, sizeof(*ret->list));
	for (int i = 0; ret->list && i < count; i++)
		read_block(host, names[i], &ret->list[i]);
	sysfs_free_list(names, count);
	if (!ret->list)
		return -ENOMEM;
	ret->count = count;
	return 0;
}

void blocks_free(struct blocks *blocks)
{
	free(blocks->list);
}

static struct block *find_name(struct blocks *blocks, const char *name)
{
	for (int i = 0; i < blocks->count; i++) {
		if (!strcmp(blocks->list[i].name, name))
			return &blocks->list[i];
	}
	return NULL;
}

static bool is_node_of(const struct block *block, const char *node)
{
	char name[64];

	if (strncmp(node, "/dev/", 5) != 0)
		return false;
	node += 5;
	if (!strncmp(node, "mapper/", 7))
		return block->mapper[0] && !strcmp(node + 7, block->mapper);
	snprintf(name, sizeof(name), "%.63s", node);
	for (char *slash = name; (slash = strchr(slash, '/'));)
		*slash = '!'; /* as sysfs writes cciss/c0d0 */
	return !strcmp(name, block->name);
}

struct block *blocks_find(struct blocks *blocks, const char *device, const char *node)
{
	for (int i = 0; *device && i < blocks->count; i++) {
		if (!strcmp(blocks->list[i].device, device))
			return &blocks->list[i];
	}
	for (int i = 0; i < blocks->count; i++) {
		if (is_node_of(&blocks->list[i], node))
			return &blocks->list[i];
	}
	return NULL;
}

static int list_holders(const struct vfa_host *host, const struct block *block, char ***ret)
{
	char path[SYSFS_PATH];

	sysfs_path(host, path, CLASS "/%s/holders", block->name);
	return sysfs_list(host, path, ret);
}

int blocks_holder(const struct vfa_host *host, const struct block *block, char *ret, size_t size)
{
	char **names;
	int count = list_holders(host, block, &names);

	if (count < 0)
		return count;
	if (count)
		snprintf(ret, size, "%s", names[0]);
	sysfs_free_list(names, count);
	return count ? 0 : -ENOENT;
}

/*
 * With native multipath nvme0c1n1 is one path to the disk nvme0n1, which is no device of
 * the function's and is there as long as any path is.
 */
static bool shared_disk_of(const struct block *block, char ret[64])
{
	unsigned int subsystem, controller, space;
	int end = 0;

	if (sscanf(block->name, "nvme%uc%un%u%n", &subsystem, &controller, &space, &end) != 3 ||
	    block->name[end])
		return false;
	snprintf(ret, 64, "nvme%un%u", subsystem, space);
	return true;
}

static bool is_partition_of(const struct block *block, const struct block *disk)
{
	size_t length = strlen(disk->path);

	return length && !strncmp(block->path, disk->path, length) && block->path[length] == '/';
}

/* Each once, so that no circle of holders is followed twice. */
static void mark(struct blocks *blocks, struct block *block)
{
	if (!block || block->is_marked)
		return;
	block->is_marked = true;
	block->next = blocks->pending;
	blocks->pending = block;
}

static void mark_next_to(const struct vfa_host *host, struct blocks *blocks,
			 const struct block *block)
{
	char **holders, disk[64];
	int count;

	for (int i = 0; i < blocks->count; i++) {
		if (is_partition_of(&blocks->list[i], block))
			mark(blocks, &blocks->list[i]);
	}
	if (shared_disk_of(block, disk))
		mark(blocks, find_name(blocks, disk));
	count = list_holders(host, block, &holders);
	for (int i = 0; i < count; i++)
		mark(blocks, find_name(blocks, holders[i]));
	if (count >= 0)
		sysfs_free_list(holders, count);
}

void blocks_mark(const struct vfa_host *host, struct blocks *blocks, const char *bdf)
{
	for (int i = 0; i < blocks->count; i++) {
		if (below_function(blocks->list[i].path, bdf))
			mark(blocks, &blocks->list[i]);
	}
	while (blocks->pending) {
		struct block *block = blocks->pending;

		blocks->pending = block->next;
		mark_next_to(host, blocks, block);
	}
}
