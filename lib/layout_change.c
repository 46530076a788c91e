/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * From one layout to another, step by step, and back when one fails. The list of
 * mappings is the kernel's after each of them.
 */

#include <inttypes.h>
#include <stdlib.h>

#include "base/error.h"
#include "layout.h"
#include "refusal_map.h"

struct layout_step {
	struct layout_entry *entry;
	bool maps; /* else it unmaps */
};

struct change {
	struct vfa_container *container;
	struct layout_step *steps;
	size_t count;
};

/* What the way back did not achieve. */
struct loss {
	size_t count;
	struct vfa_iova_range range; /* of the first */
	struct error_record why;
};

static void add_steps(struct change *change, struct layout_list *list, bool maps, bool collides)
{
	for (size_t i = 0; i < list->count; i++) {
		struct layout_entry *entry = &list->entries[i];

		if (!entry->stays && entry->collides == collides)
			change->steps[change->count++] = (struct layout_step){ entry, maps };
	}
}

/*
 * What fails most comes first, while nothing has gone yet. What is in the way of a new
 * region is unmapped as late as can be, and what is in nobody's way last.
 */
static void order(struct change *change, struct layout_list *now, struct layout_list *wanted)
{
	add_steps(change, wanted, true, false);
	add_steps(change, now, false, true);
	add_steps(change, wanted, true, true);
	add_steps(change, now, false, false);
}

static void warn(const struct vfa_container *container, const struct layout_entry *entry)
{
	struct vfa_iova_range range = layout_range(entry);
	const struct vfa_window *window = iova_space_window(&container->space, &range);

	if (window)
		warn_of_window(container, "map", &range, window);
}

static int map_entry(struct vfa_container *container, struct layout_entry *entry)
{
	const struct vfa_layout_region *region = &entry->region;
	const struct dma_request request = {
		.vaddr = region->vaddr,
		.size = region->size,
		.iova = region->iova,
		.access = region->access,
		.fd = region->flags & VFA_LAYOUT_FILE ? region->fd : -1,
		.offset = region->offset,
	};
	int err = mapping_add(container, &request, &entry->mapping);

	if (!err)
		entry->mapping->owner = MAPPING_OF_LAYOUT;
	return err;
}

static int unmap_entry(struct layout_entry *entry)
{
	int err = unmap_mapping(entry->mapping);

	if (!err || vfa_error_last()->cause == VFA_CAUSE_SHORT_UNMAP)
		entry->mapping = NULL;
	return err;
}

static int take(struct vfa_container *container, const struct layout_step *step)
{
	int err;

	if (!step->maps)
		return unmap_entry(step->entry);
	err = map_entry(container, step->entry);
	if (err)
		return layout_refuse(step->entry->number, err);
	warn(container, step->entry);
	return 0;
}

/* A step that failed may have done its work all the same. */
static void take_back(struct vfa_container *container, const struct layout_step *step,
		      struct loss *loss)
{
	struct layout_entry *entry = step->entry;
	int err = 0;

	if (step->maps && entry->mapping)
		err = unmap_entry(entry);
	else if (!step->maps && !entry->mapping)
		err = map_entry(container, entry);
	if (!err || (step->maps && !entry->mapping))
		return;
	if (!loss->count++) {
		loss->range = layout_range(entry);
		error_save(&loss->why);
	}
}

static int refuse_lost(const struct error_record *first, const struct loss *loss)
{
	return error_set(first->error.code, VFA_CAUSE_NOT_RESTORED,
			 "%s; and %zu region%s not as before, the first 0x%" PRIx64 "-0x%" PRIx64
			 ": %s\n"
			 "vfa_layout_regions lists what is mapped now; apply the old layout again "
			 "when there is memory",
			 first->text, loss->count, loss->count == 1 ? " is" : "s are",
			 loss->range.start, loss->range.last, loss->why.text);
}

/* From the step that failed on. */
static int go_back(const struct change *change, size_t at)
{
	struct loss loss = { .count = 0 };
	struct error_record first;

	error_save(&first);
	for (size_t i = at + 1; i--;)
		take_back(change->container, &change->steps[i], &loss);
	if (loss.count)
		return refuse_lost(&first, &loss);
	error_restore(&first);
	return first.error.code;
}

static int go(const struct change *change)
{
	for (size_t i = 0; i < change->count; i++)
		if (take(change->container, &change->steps[i]))
			return go_back(change, i);
	return 0;
}

static void collect(const struct layout_list *from, bool with_kept, struct layout_list *to)
{
	for (size_t i = 0; i < from->count; i++)
		if (from->entries[i].mapping && (with_kept || !from->entries[i].stays))
			to->entries[to->count++] = from->entries[i];
}

/* All that is mapped, which is either list unless the way back failed. */
static void settle(struct vfa_layout *layout, const struct layout_list *wanted,
		   struct layout_list *room)
{
	collect(&layout->now, true, room);
	collect(wanted, false, room);
	layout_sort(room);
	free(layout->now.entries);
	layout->now = *room;
}

int layout_change(struct vfa_layout *layout, struct layout_list *wanted)
{
	size_t most = layout->now.count + wanted->count + 1;
	struct change change = { .container = layout->container };
	struct layout_list room = { .count = 0 };
	int err;

	change.steps = calloc(most, sizeof(*change.steps));
	room.entries = calloc(most, sizeof(*room.entries));
	if (change.steps && room.entries) {
		order(&change, &layout->now, wanted);
		err = go(&change);
		settle(layout, wanted, &room);
	} else {
		err = error_memory();
		free(room.entries);
	}
	free(change.steps);
	free(wanted->entries);
	return err;
}
