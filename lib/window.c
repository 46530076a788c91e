/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "window.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/api.h"
#include "base/error.h"
#include "device.h"
#include "mapping.h"
#include "refusal_map.h"

VFA_API const char *vfa_window_kind_name(enum vfa_window_kind kind)
{
	switch (kind) {
	case VFA_WINDOW_BRIDGE:
		return "bridge window";
	case VFA_WINDOW_BAR:
		return "BAR";
	}
	return "unknown";
}

static int check_window(const struct vfa_container *container, const struct vfa_window *window)
{
	if (!container || !window)
		return error_null(container ? "window" : "container");
	if (window->range.start > window->range.last)
		return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				 "window 0x%" PRIx64 "-0x%" PRIx64 ": it ends before it starts\n"
				 "give its first and its last byte",
				 window->range.start, window->range.last);
	if (window->kind != VFA_WINDOW_BRIDGE && window->kind != VFA_WINDOW_BAR)
		return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				 "window 0x%" PRIx64 "-0x%" PRIx64 ": its kind %d is unknown\n"
				 "use enum vfa_window_kind",
				 window->range.start, window->range.last, (int)window->kind);
	if (!memchr(window->bdf, '\0', sizeof(window->bdf)))
		return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				 "window 0x%" PRIx64 "-0x%" PRIx64 ": its bdf does not end\n"
				 "give a PCI address, or an empty string",
				 window->range.start, window->range.last);
	return 0;
}

/* There may be very many. */
static void warn_of_first_mapping(const struct vfa_container *container,
				  const struct vfa_window *window)
{
	struct mapping_surroundings around;
	struct vfa_iova_range range;

	mapping_look_around(container, window->range.start, &around);
	if (!around.at && !around.behind)
		return;
	mapping_range(around.at ? around.at : around.behind, &range);
	if (range_overlaps(&range, &window->range))
		warn_of_window(container, "mapping", &range, window);
}

int window_add_all(struct vfa_container *container, const struct vfa_device *device)
{
	if (iova_space_add_windows(&container->space, device, device->windows,
				   device->window_count))
		return error_memory();
	for (size_t i = 0; i < device->window_count; i++)
		warn_of_first_mapping(container, &device->windows[i]);
	return 0;
}

void window_remove_all(struct vfa_container *container, const struct vfa_device *device)
{
	iova_space_drop_windows(&container->space, device);
}

VFA_API int vfa_container_add_window(struct vfa_container *container,
				     const struct vfa_window *window)
{
	int err = check_window(container, window);

	if (err)
		return err;
	container_lock(container);
	err = iova_space_add_windows(&container->space, NULL, window, 1);
	if (!err)
		warn_of_first_mapping(container, window);
	container_unlock(container);
	return err ? error_memory() : 0;
}

VFA_API int vfa_container_remove_window(struct vfa_container *container,
					const struct vfa_window *window)
{
	int err = check_window(container, window);

	if (err)
		return err;
	container_lock(container);
	err = iova_space_remove_window(&container->space, window);
	container_unlock(container);
	if (err == -ENOENT)
		return error_set(ENOENT, VFA_CAUSE_BAD_ARGUMENT,
				 "window 0x%" PRIx64 "-0x%" PRIx64 ": it was not added\n"
				 "give it as it was added; those of a device go with the device",
				 window->range.start, window->range.last);
	return err ? error_memory() : 0;
}

/* Those of a device, or all when it is NULL. */
static int list_windows(struct vfa_container *container, const struct vfa_device *device,
			struct vfa_window *windows, size_t max)
{
	const struct iova_space *space = &container->space;
	size_t count = 0;

	container_lock(container);
	for (size_t i = 0; i < space->window_count; i++) {
		const struct owned_window *owned = &space->windows[i];

		if (device && owned->owner != device)
			continue;
		if (count < max)
			windows[count] = owned->window;
		count++;
	}
	container_unlock(container);
	return count;
}

VFA_API int vfa_container_windows(struct vfa_container *container, struct vfa_window *windows,
				  size_t max)
{
	if (!container || (!windows && max))
		return error_null(container ? "windows" : "container");
	return list_windows(container, NULL, windows, max);
}

VFA_API int vfa_device_windows(const struct vfa_device *device, struct vfa_window *windows,
			       size_t max)
{
	if (!device || (!windows && max))
		return error_null(device ? "windows" : "device");
	return list_windows(device->container, device, windows, max);
}

VFA_API int vfa_mapping_window(const struct vfa_mapping *mapping, struct vfa_window *ret)
{
	struct vfa_container *container;
	const struct vfa_window *window;
	struct vfa_iova_range range;

	if (!mapping || !ret)
		return error_null(mapping ? "ret" : "mapping");
	container = mapping_container(mapping);
	mapping_range(mapping, &range);
	container_lock(container);
	window = iova_space_window(&container->space, &range);
	if (window)
		*ret = *window;
	container_unlock(container);
	return window != NULL;
}
