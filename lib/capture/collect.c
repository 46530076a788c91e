/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "capture/collect.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/sysfs.h"
#include "capture/mask.h"
#include "capture/plan.h"
#include "capture/text.h"

#define MOST_LINKS 16

struct collector {
	const struct vfa_host *host;
	const struct plan_item *item;
	struct captured *tree;
	struct unread_list *unread;
	struct mask_names names;
	int links; /* that may still be followed on this path */
	char content[CAPTURE_CONTENT];
};

/* One step of a pattern. */
struct place {
	char path[CAPTURED_PATH]; /* of a directory, as it is in the tree but for masks */
	const char *rest;         /* of the pattern */
};

/* The host's roots, and what captures call them. */
static const char *const root_names[] = { "/sys", "/dev", "/proc" };

#define ROOTS 3

static const char *root_of(const struct vfa_host *host, size_t index)
{
	const char *const roots[ROOTS] = { host->sysfs, host->dev, host->proc };

	return roots[index];
}

/* A path with one root in the place of another: 0, -ENOENT when it is not below, -ENAMETOOLONG. */
static int move(const char *path, const char *from, const char *to, char ret[SYSFS_PATH])
{
	size_t length = strlen(from);

	if (strncmp(path, from, length) || (path[length] != '/' && path[length]))
		return -ENOENT;
	return snprintf(ret, SYSFS_PATH, "%s%s", to, path + length) < SYSFS_PATH ? 0
										 : -ENAMETOOLONG;
}

static bool real_path(const struct vfa_host *host, const char *path, char ret[SYSFS_PATH])
{
	for (size_t i = 0; i < ROOTS; i++) {
		if (!move(path, root_names[i], root_of(host, i), ret))
			return true;
	}
	return false;
}

/* Failures of one entry, but for those that end it all. */
static int pass(int err)
{
	return err == -ENOMEM || err == -EFBIG ? err : 0;
}

/* In a capture long numbers in names are others. */
static int masked(struct collector *collector, const char *path, char ret[CAPTURED_PATH])
{
	snprintf(ret, CAPTURED_PATH, "%s", path);
	return mask_names_in(&collector->names, ret);
}

static int note_unread(struct collector *collector, const char *path, int error)
{
	struct unread_list *unread = collector->unread;
	struct vfa_unread *items;
	char named[CAPTURED_PATH];

	if (masked(collector, path, named))
		return -ENOMEM;
	items = realloc(unread->items, (unread->count + 1) * sizeof(*items));
	if (!items)
		return -ENOMEM;
	unread->items = items;
	items[unread->count].path = strdup(named);
	items[unread->count].error = error;
	return items[unread->count++].path ? 0 : -ENOMEM;
}

void unread_free(struct unread_list *unread)
{
	for (size_t i = 0; i < unread->count; i++)
		free((char *)unread->items[i].path);
	free(unread->items);
}

static int keep(struct collector *collector, const char *path, const struct captured_entry *entry)
{
	struct captured_entry *directory;
	char kept[CAPTURED_PATH], *name;
	int err = masked(collector, path, kept);

	if (err)
		return err;
	name = strrchr(kept, '/');
	*name++ = '\0';
	err = captured_directory(collector->tree, kept, &directory);
	return err ? err : captured_add(collector->tree, directory, name, entry);
}

static int keep_error(struct collector *collector, const char *path, int error)
{
	struct captured_entry entry = { .kind = CAPTURED_ERROR, .error = error };
	int err;

	if (error == -ENOMEM)
		return error;
	err = keep(collector, path, &entry);
	return err ? pass(err) : note_unread(collector, path, error);
}

/* Zeros are in lines as other bytes are: the text need not be one. */
static bool has_long_line(const char *text, size_t size)
{
	const char *end = text + size, *newline;

	for (; (newline = memchr(text, '\n', end - text)); text = newline + 1) {
		if ((size_t)(newline - text) > CAPTURE_TEXT_LINE)
			return true;
	}
	return (size_t)(end - text) > CAPTURE_TEXT_LINE;
}

static int keep_text(struct collector *collector, const char *path, const char *real)
{
	struct captured_entry entry = { .kind = CAPTURED_TEXT };
	int err, size;

	size = sysfs_read(collector->host, real, collector->content, sizeof(collector->content));
	if (size < 0)
		return size;
	if (collector->item->filter) {
		err = collector->item->filter(collector->content, &collector->names);
		if (err)
			return err;
		size = strlen(collector->content);
	}
	if (has_long_line(collector->content, size))
		return -EOVERFLOW;
	entry.file.data = collector->content;
	entry.file.size = entry.file.whole = size;
	return pass(keep(collector, path, &entry));
}

static int keep_config(struct collector *collector, const char *path, const char *real,
		       uint64_t whole)
{
	struct captured_entry entry = { .kind = CAPTURED_BYTES };
	int err, size;

	if (whole > sizeof(collector->content))
		return -EOVERFLOW;
	size = sysfs_read_at(collector->host, real, 0, collector->content, whole);
	if (size < 0)
		return size;
	mask_config((unsigned char *)collector->content, size);
	entry.file = (struct captured_file){ collector->content, size, whole };
	err = keep(collector, path, &entry);
	if (!err && (uint64_t)size < whole)
		err = note_unread(collector, path, -EACCES);
	return pass(err);
}

static int keep_node(struct collector *collector, const char *path,
		     const struct sysfs_status *status)
{
	struct captured_entry entry = { .kind = CAPTURED_NODE };

	entry.node.mode = status->mode;
	entry.node.uid = status->uid;
	entry.node.gid = status->gid;
	return pass(keep(collector, path, &entry));
}

static int keep_directory(struct collector *collector, const char *path)
{
	struct captured_entry *directory;
	char kept[CAPTURED_PATH];
	int err = masked(collector, path, kept);

	return err ? err : pass(captured_directory(collector->tree, kept, &directory));
}

static bool is_missing(int err)
{
	return err == -ENOENT || err == -ENOTDIR;
}

/* What is no link. */
static int keep_one(struct collector *collector, const char *path)
{
	struct sysfs_status status;
	char real[SYSFS_PATH];
	int err;

	if (!real_path(collector->host, path, real))
		return 0;
	err = sysfs_stat(collector->host, real, &status);
	if (!err && S_ISDIR(status.mode))
		return keep_directory(collector, path);
	if (!err && collector->item->kind == PLAN_NODE)
		return keep_node(collector, path, &status);
	if (!err && !S_ISREG(status.mode))
		return 0;
	if (!err && collector->item->kind == PLAN_CONFIG)
		err = keep_config(collector, path, real, status.size);
	else if (!err)
		err = keep_text(collector, path, real);
	if (!err || is_missing(err) || err == -EFBIG)
		return err == -EFBIG ? err : 0;
	return keep_error(collector, path, err);
}

/* A target by the names that captures have, when it leads into a root of the host's. */
static void rename_target(const struct vfa_host *host, char target[SYSFS_PATH])
{
	char renamed[SYSFS_PATH];

	for (size_t i = 0; i < ROOTS; i++) {
		if (move(target, root_of(host, i), root_names[i], renamed))
			continue;
		strcpy(target, renamed);
		return;
	}
}

/* Where a link in a directory leads to, by its text: false when that is too long. */
static bool resolve(const char *directory, const char *target, char ret[CAPTURED_PATH])
{
	char path[CAPTURED_PATH];
	size_t used = 0;
	const char *rest;

	if (snprintf(path, sizeof(path), "%s/%s", target[0] == '/' ? "" : directory, target) >=
	    CAPTURED_PATH)
		return false;
	ret[0] = '\0';
	for (rest = path; *rest; rest += strcspn(rest, "/")) {
		size_t length;

		rest += strspn(rest, "/");
		length = strcspn(rest, "/");
		if (length == 2 && !strncmp(rest, "..", 2)) {
			while (used && ret[--used] != '/')
				;
		} else if (length && !(length == 1 && rest[0] == '.')) {
			ret[used++] = '/';
			memcpy(ret + used, rest, length);
			used += length;
		}
		ret[used] = '\0';
	}
	return true;
}

static int visit(struct collector *collector, const struct place *place);
static int arrive(struct collector *collector, const char *path, const char *rest);

static int keep_link(struct collector *collector, const char *path, const char *target)
{
	struct captured_entry entry = { .kind = CAPTURED_LINK };
	char kept[CAPTURED_PATH];
	int err = masked(collector, target, kept);

	entry.target = kept;
	return err ? err : pass(keep(collector, path, &entry));
}

/* Whether the plan wants what a link leads to. */
static bool is_wanted(const struct collector *collector, const char *target)
{
	const char *only = collector->item->only;

	return !only || collector->links < MOST_LINKS || !fnmatch(only, target, 0);
}

static int follow(struct collector *collector, const char *path, const char *target,
		  const char *rest)
{
	char directory[CAPTURED_PATH], leads_to[CAPTURED_PATH];
	int err;

	if (!is_wanted(collector, target))
		return 0;
	err = keep_link(collector, path, target);
	if (err || !collector->links)
		return err;
	strcpy(directory, path);
	*strrchr(directory, '/') = '\0';
	if (!resolve(directory, target, leads_to) || !leads_to[0])
		return 0;
	collector->links--;
	err = arrive(collector, leads_to, rest);
	collector->links++;
	return err;
}

/* A host's roots may be links of its own; where /proc/self leads changes with each process. */
static bool is_taken_as_directory(const char *path)
{
	return !strchr(path + 1, '/') || !strcmp(path, "/proc/self");
}

/* At a path that may be a link, with this much of the pattern left. */
static int arrive(struct collector *collector, const char *path, const char *rest)
{
	struct place place = { .rest = rest };
	char real[SYSFS_PATH], target[SYSFS_PATH];
	int err;

	if (!real_path(collector->host, path, real))
		return 0;
	err = is_taken_as_directory(path) ? -EINVAL : sysfs_link(collector->host, real, target);
	if (!err) {
		rename_target(collector->host, target);
		return follow(collector, path, target, rest);
	}
	if (is_missing(err))
		return 0;
	if (err != -EINVAL)
		return keep_error(collector, path, err);
	if (!*rest)
		return keep_one(collector, path);
	strcpy(place.path, path);
	return visit(collector, &place);
}

static int enter(struct collector *collector, const char *directory, const char *name,
		 const char *rest)
{
	char path[CAPTURED_PATH];

	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= CAPTURED_PATH)
		return 0;
	return arrive(collector, path, rest);
}

static int enter_all(struct collector *collector, const struct place *place, const char *pattern)
{
	char real[SYSFS_PATH], **names;
	int count, err = 0;

	if (!real_path(collector->host, place->path, real))
		return 0;
	count = sysfs_list(collector->host, real, &names);
	if (count < 0)
		return is_missing(count) ? 0 : keep_error(collector, place->path, count);
	for (int i = 0; i < count && !err; i++) {
		if (!fnmatch(pattern, names[i], FNM_PERIOD))
			err = enter(collector, place->path, names[i], place->rest);
	}
	sysfs_free_list(names, count);
	return err;
}

/* In a directory: on with the next name of the pattern. */
static int visit(struct collector *collector, const struct place *place)
{
	size_t length = strcspn(place->rest, "/");
	struct place next = *place;
	char name[CAPTURED_NAME + 1];

	snprintf(name, sizeof(name), "%.*s", (int)length, place->rest);
	next.rest = place->rest + length + (place->rest[length] == '/');
	if (strpbrk(name, "*["))
		return enter_all(collector, &next, name);
	return enter(collector, next.path, name, next.rest);
}

static int collect_item(struct collector *collector, const struct plan_item *item)
{
	struct place start = { .path = "", .rest = item->pattern + 1 };

	collector->item = item;
	collector->links = MOST_LINKS;
	return visit(collector, &start);
}

static int collect_all(struct collector *collector, const struct vfa_capture_options *options)
{
	int err = 0;

	for (size_t i = 0; i < plan_count && !err; i++) {
		if (options->progress)
			options->progress(options->progress_data, i, plan_count);
		err = collect_item(collector, &plan[i]);
	}
	return err ? err : captured_sort(collector->tree);
}

int collect(const struct vfa_host *host, const struct vfa_capture_options *options,
	    struct captured **ret, struct unread_list *unread)
{
	struct collector *collector = malloc(sizeof(*collector));
	int err;

	if (!collector)
		return -ENOMEM;
	memset(collector, 0, offsetof(struct collector, content));
	collector->host = host;
	collector->unread = unread;
	err = captured_new(&collector->tree);
	if (!err)
		err = collect_all(collector, options);
	if (err)
		captured_free(collector->tree);
	else
		*ret = collector->tree;
	mask_names_free(&collector->names);
	free(collector);
	return err;
}
