/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * The reader of captures: any text is refused or read; what is read can be written, is
 * then read as the same, and answers what is asked of a machine.
 */

#include <stdlib.h>
#include <string.h>
#include <vfa.h>

#include "base/host.h"
#include "base/sysfs.h"
#include "capture/parse.h"
#include "capture/print.h"
#include "fuzz.h"

struct text {
	struct capture_source source;
	char *bytes;
	size_t size, at;
};

static ssize_t read_text(struct capture_source *source, void *buffer, size_t size)
{
	struct text *text = (struct text *)source;

	if (size > text->size - text->at)
		size = text->size - text->at;
	if (size)
		memcpy(buffer, text->bytes + text->at, size);
	text->at += size;
	return size;
}

/* Where capture_print() writes to. */
static struct text printed;

static ssize_t write_text(int fd, const void *buffer, size_t size)
{
	(void)fd;
	printed.bytes = realloc(printed.bytes, printed.size + size);
	fuzz_require(printed.bytes);
	memcpy(printed.bytes + printed.size, buffer, size);
	printed.size += size;
	return size;
}

static void print(const struct captured *tree, struct text *ret)
{
	struct syscalls sys = { .write = write_text };

	printed = (struct text){ { "printed", read_text }, NULL, 0, 0 };
	fuzz_require(!capture_print(tree, &sys, 1));
	*ret = printed;
}

static void check_printed(const struct captured *tree)
{
	struct captured *again = NULL;
	struct text once, twice;

	print(tree, &once);
	fuzz_require(!capture_parse(&once.source, &again));
	print(again, &twice);
	fuzz_require(once.size == twice.size && !memcmp(once.bytes, twice.bytes, once.size));
	captured_free(again);
	free(once.bytes);
	free(twice.bytes);
}

static void ask_functions(struct vfa_host *host)
{
	struct vfa_topology *topology;
	size_t count;
	int *groups;

	if (vfa_topology_new(host, &topology))
		return;
	count = vfa_topology_count_functions(topology);
	groups = calloc(count ? count : 1, sizeof(*groups));
	fuzz_require(groups);
	for (size_t i = 0; i < count; i++)
		fuzz_require(vfa_topology_get_function(topology, i)->bdf);
	(void)vfa_topology_predict(topology, NULL, 0, groups, count);
	free(groups);
	vfa_topology_free(topology);
}

static void ask_groups(struct vfa_host *host)
{
	struct vfa_group *group;
	uint32_t numbers[4];
	int count = vfa_group_list(host, numbers, 4);

	for (int i = 0; i < count && i < 4; i++) {
		if (!vfa_group_new(host, numbers[i], &group))
			vfa_group_free(group);
	}
}

/* Each path of the tree leads to its entry, or further by a link. */
static void ask_paths(const struct vfa_host *host, const struct captured_entry *directory)
{
	for (uint32_t i = 0; i < directory->directory.count; i++) {
		const struct captured_entry *entry = directory->directory.sorted[i], *found;
		char path[CAPTURED_PATH], target[SYSFS_PATH];
		struct sysfs_status status;

		if (captured_path(entry, path))
			continue;
		fuzz_require(!captured_find_link(host->captured, path, &found) && found == entry);
		(void)sysfs_stat(host, path, &status);
		(void)sysfs_link_name(host, path, target, sizeof(target));
		if (entry->kind == CAPTURED_DIRECTORY)
			ask_paths(host, entry);
	}
}

static void check_tree(struct captured *tree)
{
	struct vfa_host *host;

	fuzz_require(!vfa_host_new(NULL, &host));
	host->captured = tree;
	check_printed(tree);
	ask_paths(host, captured_root(tree));
	ask_functions(host);
	ask_groups(host);
	vfa_host_free(host);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text text = { { "input", read_text }, (char *)data, size, 0 };
	struct captured *tree;
	int err = capture_parse(&text.source, &tree);

	if (!err)
		check_tree(tree);
	else
		fuzz_require(err == vfa_error_last()->code && vfa_error_last()->message[0]);
	return 0;
}
