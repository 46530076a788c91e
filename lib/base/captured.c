/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "base/captured.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK        (256u << 10)
#define FIRST_SLOTS  1024u
#define MOST_LINKS   40 /* as the kernel follows on one path */
#define LONGEST_LINK (CAPTURED_PATH - 1)

struct block {
	struct block *next;
	size_t used, size;
	_Alignas(max_align_t) char data[];
};

struct captured {
	struct captured_entry root;
	struct block *blocks;          /* the one that is being filled first */
	struct captured_entry **slots; /* entries by parent and name; a power of two of them */
	size_t slot_count, entry_count;
	size_t memory;
};

/* Memory that goes with the tree. */
static int take(struct captured *captured, size_t size, void *ret)
{
	struct block *block = captured->blocks;
	size_t room;

	size = (size + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
	if (!block || block->size - block->used < size) {
		room = size > BLOCK ? size : BLOCK;
		if (room > CAPTURED_MEMORY - captured->memory)
			return -EFBIG;
		block = malloc(sizeof(*block) + room);
		if (!block)
			return -ENOMEM;
		*block = (struct block){ .next = captured->blocks, .size = room };
		captured->blocks = block;
		captured->memory += room;
	}
	*(void **)ret = block->data + block->used;
	block->used += size;
	return 0;
}

static int copy(struct captured *captured, const void *data, size_t size, const void *ret)
{
	char *copied;
	int err = take(captured, size + 1, &copied);

	if (err)
		return err;
	if (size)
		memcpy(copied, data, size);
	copied[size] = '\0';
	*(char **)ret = copied;
	return 0;
}

static size_t hash(const struct captured_entry *parent, const char *name, size_t length)
{
	uint64_t value = (uintptr_t)parent >> 4;

	for (size_t i = 0; i < length; i++)
		value = (value ^ (unsigned char)name[i]) * 0x100000001b3;
	return value ^ value >> 29;
}

/* The slot of a name, or the free one where it belongs. */
static struct captured_entry **slot_of(const struct captured *captured,
				       const struct captured_entry *parent, const char *name,
				       size_t length)
{
	size_t mask = captured->slot_count - 1, i = hash(parent, name, length) & mask;

	for (;; i = (i + 1) & mask) {
		const struct captured_entry *entry = captured->slots[i];

		if (!entry || (entry->parent == parent && !strncmp(entry->name, name, length) &&
			       !entry->name[length]))
			return &captured->slots[i];
	}
}

static int grow(struct captured *captured)
{
	size_t old_count = captured->slot_count;
	size_t count = old_count ? 2 * old_count : FIRST_SLOTS;
	struct captured_entry **old = captured->slots;

	if (2 * captured->entry_count < old_count)
		return 0;
	if (count * sizeof(*old) > CAPTURED_MEMORY - captured->memory)
		return -EFBIG;
	captured->slots = calloc(count, sizeof(*captured->slots));
	if (!captured->slots) {
		captured->slots = old;
		return -ENOMEM;
	}
	captured->slot_count = count;
	captured->memory += (count - old_count) * sizeof(*old);
	for (size_t i = 0; i < old_count; i++) {
		if (old[i])
			*slot_of(captured, old[i]->parent, old[i]->name, strlen(old[i]->name)) =
				old[i];
	}
	free(old);
	return 0;
}

int captured_new(struct captured **ret)
{
	struct captured *captured = calloc(1, sizeof(*captured));

	if (!captured)
		return -ENOMEM;
	captured->root.name = "";
	if (grow(captured)) {
		captured_free(captured);
		return -ENOMEM;
	}
	*ret = captured;
	return 0;
}

void captured_free(struct captured *captured)
{
	struct block *block, *next;

	if (!captured)
		return;
	for (block = captured->blocks; block; block = next) {
		next = block->next;
		free(block);
	}
	free(captured->slots);
	free(captured);
}

/* Up to the next slash, or the end. */
static size_t component(const char *path)
{
	return strcspn(path, "/");
}

static int check_name(const char *name, size_t length)
{
	if (!length || (length == 1 && name[0] == '.') || (length == 2 && !memcmp(name, "..", 2)))
		return -EINVAL;
	return length > CAPTURED_NAME ? -ENAMETOOLONG : 0;
}

static int copy_value(struct captured *captured, const struct captured_entry *value,
		      struct captured_entry *ret)
{
	switch (value->kind) {
	case CAPTURED_TEXT:
	case CAPTURED_BYTES:
		ret->file = value->file;
		return copy(captured, value->file.data, value->file.size, &ret->file.data);
	case CAPTURED_LINK:
		if (!value->target[0])
			return -EINVAL;
		if (strlen(value->target) > LONGEST_LINK)
			return -ENAMETOOLONG;
		return copy(captured, value->target, strlen(value->target), &ret->target);
	case CAPTURED_NODE:
		ret->node = value->node;
		return 0;
	case CAPTURED_ERROR:
		ret->error = value->error;
		return 0;
	case CAPTURED_DIRECTORY:
		break;
	}
	return 0;
}

static int add(struct captured *captured, struct captured_entry *parent, const char *name,
	       size_t length, const struct captured_entry *value, struct captured_entry **ret)
{
	struct captured_entry *entry, **slot;
	int err = check_name(name, length);

	if (!err)
		err = grow(captured);
	if (err)
		return err;
	slot = slot_of(captured, parent, name, length);
	if (*slot)
		return -EEXIST;
	err = take(captured, sizeof(*entry), &entry);
	if (err)
		return err;
	*entry = (struct captured_entry){ .kind = value->kind, .parent = parent };
	err = copy(captured, name, length, &entry->name);
	if (!err)
		err = copy_value(captured, value, entry);
	if (err)
		return err;
	entry->next = parent->directory.first;
	parent->directory.first = entry;
	parent->directory.count++;
	captured->entry_count++;
	*slot = entry;
	*ret = entry;
	return 0;
}

int captured_add(struct captured *captured, struct captured_entry *directory, const char *name,
		 const struct captured_entry *value)
{
	struct captured_entry *added;

	if (strchr(name, '/'))
		return -EINVAL;
	return add(captured, directory, name, strlen(name), value, &added);
}

int captured_directory(struct captured *captured, const char *path, struct captured_entry **ret)
{
	static const struct captured_entry directory = { .kind = CAPTURED_DIRECTORY };
	struct captured_entry *at = &captured->root, *next;
	size_t length;
	int err;

	if (path[0] != '/')
		return -EINVAL;
	if (strlen(path) >= CAPTURED_PATH)
		return -ENAMETOOLONG;
	do {
		path++;
		length = component(path);
		next = *slot_of(captured, at, path, length);
		if (!next) {
			err = add(captured, at, path, length, &directory, &next);
			if (err)
				return err;
		}
		if (next->kind != CAPTURED_DIRECTORY)
			return -ENOTDIR;
		at = next;
		path += length;
	} while (*path);
	*ret = at;
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	const struct captured_entry *const *left = a, *const *right = b;

	return strverscmp((*left)->name, (*right)->name);
}

/* What comes in order, as it is written, went into the list in reverse. */
static bool fill_reversed(const struct captured_entry *directory)
{
	const struct captured_entry **sorted = directory->directory.sorted, *entry;
	size_t i = directory->directory.count;
	bool in_order = true;

	for (entry = directory->directory.first; entry; entry = entry->next) {
		sorted[--i] = entry;
		if (entry->next && strverscmp(entry->next->name, entry->name) > 0)
			in_order = false;
	}
	return in_order;
}

static int sort_directory(struct captured *captured, struct captured_entry *directory)
{
	size_t count = directory->directory.count;
	int err = take(captured, count * sizeof(void *), &directory->directory.sorted);

	if (err)
		return err;
	if (!fill_reversed(directory))
		qsort(directory->directory.sorted, count, sizeof(void *), compare_names);
	return 0;
}

int captured_sort(struct captured *captured)
{
	int err = sort_directory(captured, &captured->root);

	for (size_t i = 0; i < captured->slot_count && !err; i++) {
		struct captured_entry *entry = captured->slots[i];

		if (entry && entry->kind == CAPTURED_DIRECTORY)
			err = sort_directory(captured, entry);
	}
	return err;
}

const struct captured_entry *captured_root(const struct captured *captured)
{
	return &captured->root;
}

int captured_path(const struct captured_entry *entry, char ret[CAPTURED_PATH])
{
	char path[CAPTURED_PATH];
	size_t start = sizeof(path) - 1;

	path[start] = '\0';
	for (; entry->parent; entry = entry->parent) {
		size_t length = strlen(entry->name);

		if (length + 1 > start)
			return -ENAMETOOLONG;
		start -= length;
		memcpy(path + start, entry->name, length);
		path[--start] = '/';
	}
	memcpy(ret, path + start, sizeof(path) - start);
	return 0;
}

static int walk(const struct captured *captured, const struct captured_entry *at, const char *path,
		bool follow_last, int *links, const struct captured_entry **ret);

static int follow(const struct captured *captured, const struct captured_entry *link, int *links,
		  const struct captured_entry **ret)
{
	if (!(*links)--)
		return -ELOOP;
	return walk(captured, link->parent, link->target, true, links, ret);
}

/* One name further: 0 or -errno. */
static int step(const struct captured *captured, const char *name, size_t length,
		const struct captured_entry **at)
{
	const struct captured_entry *next;

	if ((*at)->kind == CAPTURED_ERROR)
		return (*at)->error;
	if ((*at)->kind != CAPTURED_DIRECTORY)
		return -ENOTDIR;
	if (!length || (length == 1 && name[0] == '.'))
		return 0;
	if (length == 2 && !memcmp(name, "..", 2)) {
		*at = (*at)->parent ? (*at)->parent : *at;
		return 0;
	}
	next = *slot_of(captured, *at, name, length);
	if (!next)
		return -ENOENT;
	*at = next;
	return 0;
}

static int walk(const struct captured *captured, const struct captured_entry *at, const char *path,
		bool follow_last, int *links, const struct captured_entry **ret)
{
	int err;

	if (path[0] == '/')
		at = &captured->root;
	while (*path) {
		size_t length = component(path);

		err = step(captured, path, length, &at);
		path += length;
		if (!err && at->kind == CAPTURED_LINK && (*path || follow_last))
			err = follow(captured, at, links, &at);
		if (err)
			return err;
		if (*path)
			path++;
	}
	*ret = at;
	return 0;
}

int captured_find(const struct captured *captured, const char *path,
		  const struct captured_entry **ret)
{
	int links = MOST_LINKS;

	return path[0] ? walk(captured, &captured->root, path, true, &links, ret) : -ENOENT;
}

int captured_find_link(const struct captured *captured, const char *path,
		       const struct captured_entry **ret)
{
	int links = MOST_LINKS;

	return path[0] ? walk(captured, &captured->root, path, false, &links, ret) : -ENOENT;
}
