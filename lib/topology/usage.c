/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "topology/usage.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "base/sysfs.h"
#include "topology/below.h"
#include "topology/blocks.h"
#include "topology/mounts.h"

struct search {
	const struct vfa_host *host;
	const char *bdf;
	struct usage *list;
	size_t max;
	int count;
};

static void add(struct search *search, enum usage_kind kind, const char *name, const char *where)
{
	if ((size_t)search->count < search->max) {
		struct usage *usage = &search->list[search->count];

		usage->kind = kind;
		snprintf(usage->name, sizeof(usage->name), "%.63s", name);
		snprintf(usage->where, sizeof(usage->where), "%.255s", where);
	}
	search->count++;
}

/* One use of a block device is enough: bind mounts repeat it many times over. */
static void add_block(struct search *search, enum usage_kind kind, struct blocks *blocks,
		      const struct mount *mount)
{
	struct block *block = blocks_find(blocks, mount->device, mount->source);

	if (!block || !block->is_marked)
		return;
	add(search, kind, block->name, mount->where ? mount->where : "");
	block->is_marked = false;
}

static int find_mounts(struct search *search, struct blocks *blocks)
{
	struct mounts mounts;
	struct mount mount;
	int err = mounts_read(search->host, &mounts);

	if (err)
		return err == -ENOENT ? 0 : err;
	while (mounts_next(&mounts, &mount))
		add_block(search, USAGE_MOUNT, blocks, &mount);
	mounts_free(&mounts);
	return 0;
}

static int find_swaps(struct search *search, struct blocks *blocks)
{
	struct mounts swaps;
	struct mount swap;
	int err = swaps_read(search->host, &swaps);

	if (err)
		return err == -ENOENT ? 0 : err;
	while (swaps_next(&swaps, &swap))
		add_block(search, USAGE_SWAP, blocks, &swap);
	mounts_free(&swaps);
	return 0;
}

static void find_holders(struct search *search, const struct blocks *blocks)
{
	char holder[64];

	for (int i = 0; i < blocks->count; i++) {
		const struct block *block = &blocks->list[i];

		if (block->is_marked && !blocks_holder(search->host, block, holder, sizeof(holder)))
			add(search, USAGE_HOLDER, block->name, holder);
	}
}

static int find_blocks(struct search *search)
{
	struct blocks blocks;
	int err = blocks_read(search->host, &blocks);

	if (err)
		return err;
	blocks_mark(search->host, &blocks, search->bdf);
	err = find_mounts(search, &blocks);
	if (!err)
		err = find_swaps(search, &blocks);
	if (!err && !search->count)
		find_holders(search, &blocks);
	blocks_free(&blocks);
	return err;
}

static void look_at_interface(struct search *search, const char *name)
{
	char path[SYSFS_PATH], master[IF_NAMESIZE] = "", where[64];
	uint64_t flags = 0;

	sysfs_path(search->host, path, "class/net/%s/flags", name);
	(void)sysfs_read_number(search->host, path, &flags);
	sysfs_path(search->host, path, "class/net/%s/master", name);
	(void)sysfs_link_name(search->host, path, master, sizeof(master));
	if (!(flags & IFF_UP) && !master[0])
		return;
	snprintf(where, sizeof(where), "%s%s%s", flags & IFF_UP ? "up" : "down",
		 master[0] ? " and part of " : "", master);
	add(search, USAGE_INTERFACE, name, where);
}

/* The name of a connector is that of its card, a hyphen, and its own. */
static void look_at_connector(struct search *search, const char *name)
{
	char path[SYSFS_PATH], enabled[16], card[64];
	const char *hyphen = strchr(name, '-');

	if (!hyphen)
		return;
	sysfs_path(search->host, path, "class/drm/%s/enabled", name);
	if (sysfs_read(search->host, path, enabled, sizeof(enabled)) < 0 ||
	    strcmp(enabled, "enabled") != 0)
		return;
	snprintf(card, sizeof(card), "%.*s", (int)(hyphen - name), name);
	add(search, USAGE_DISPLAY, card, hyphen + 1);
}

/* What firmware drew on is where the console is, as long as there is a frame buffer. */
static void look_at_frame_buffer(struct search *search, const char *name)
{
	char path[SYSFS_PATH];
	uint64_t is_boot = 0;

	sysfs_path(search->host, path, "bus/pci/devices/%s/boot_vga", search->bdf);
	if (!strncmp(name, "fb", 2) && !sysfs_read_number(search->host, path, &is_boot) && is_boot)
		add(search, USAGE_DISPLAY, name, "");
}

/* Look at each device of a class that is the function's. */
static int walk_class(struct search *search, const char *class,
		      void (*look)(struct search *search, const char *name))
{
	char path[SYSFS_PATH], target[SYSFS_PATH], **names;
	int count;

	sysfs_path(search->host, path, "class/%s", class);
	count = sysfs_list(search->host, path, &names);
	if (count < 0)
		return count == -ENOENT ? 0 : count;
	for (int i = 0; i < count; i++) {
		sysfs_path(search->host, path, "class/%s/%s", class, names[i]);
		if (!sysfs_link(search->host, path, target) && below_function(target, search->bdf))
			look(search, names[i]);
	}
	sysfs_free_list(names, count);
	return 0;
}

int usage_find(const struct vfa_host *host, const char *bdf, struct usage *list, size_t max)
{
	struct search search = { .host = host, .bdf = bdf, .list = list, .max = max };
	int err = find_blocks(&search);

	if (!err)
		err = walk_class(&search, "net", look_at_interface);
	if (!err)
		err = walk_class(&search, "drm", look_at_connector);
	if (!err)
		err = walk_class(&search, "graphics", look_at_frame_buffer);
	return err ? err : search.count;
}

const char *usage_print(const struct usage *usage, char text[USAGE_TEXT])
{
	const char *name = usage->name, *where = usage->where;

	switch (usage->kind) {
	case USAGE_MOUNT:
		snprintf(text, USAGE_TEXT, "%s is mounted on %s", name, where);
		break;
	case USAGE_SWAP:
		snprintf(text, USAGE_TEXT, "%s is swap space", name);
		break;
	case USAGE_HOLDER:
		snprintf(text, USAGE_TEXT, "%s is held by %s", name, where);
		break;
	case USAGE_INTERFACE:
		snprintf(text, USAGE_TEXT, "%s is %s", name, where);
		break;
	case USAGE_DISPLAY:
		snprintf(text, USAGE_TEXT, "%s drives %s", name, *where ? where : "the console");
		break;
	}
	return text;
}
