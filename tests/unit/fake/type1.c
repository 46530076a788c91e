/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake/chain.h"
#include "fake/internal.h"

struct fake_container {
	unsigned int refs; /* its file, and each group */
	bool noiommu;
	unsigned long iommu; /* what VFIO_SET_IOMMU chose, or 0 */
	struct fake_group *groups[16];
	size_t group_count;
	struct fake_space space;
	uint32_t entries_left;
};

int fake_container_open(void)
{
	struct fake_file *file = fake_file_new(FILE_CONTAINER);
	struct fake_container *container = calloc(1, sizeof(*container));
	int fd;

	container->refs = 1;
	fake_space_init(&container->space, FAKE_TYPE1);
	file->container = container;
	fake_objects[FAKE_OBJECT_CONTAINER]++;
	fake_file_get(file);
	fd = fake_file_install(file);
	fake_file_put(file);
	return fd;
}

static void container_put(struct fake_container *container)
{
	if (--container->refs)
		return;
	fake_objects[FAKE_OBJECT_CONTAINER]--;
	fake_space_exit(&container->space);
	free(container);
}

void fake_container_release(struct fake_file *file)
{
	container_put(file->container);
}

static long check_extension(const struct fake_container *container, unsigned long extension)
{
	switch (extension) {
	case VFIO_TYPE1_IOMMU:
	case VFIO_TYPE1v2_IOMMU:
	case VFIO_UNMAP_ALL:
		return fake_settings.type1 && container->iommu != VFIO_NOIOMMU_IOMMU;
	case VFIO_NOIOMMU_IOMMU:
		return fake_settings.noiommu &&
		       (!container->iommu || container->iommu == VFIO_NOIOMMU_IOMMU);
	case VFIO_DMA_CC_IOMMU:
		return container->iommu == VFIO_TYPE1v2_IOMMU &&
		       fake_space_is_coherent(&container->space);
	}
	return 0;
}

static int type1_attach(struct fake_container *container, struct fake_group *group)
{
	struct fake_range ranges[1];
	int err;

	if (fake_space_conflicts(&container->space, group))
		return -EINVAL;
	if (!group->isolated_msi && !fake_settings.unsafe_interrupts)
		return -EPERM;
	err = fake_space_join(&container->space, group);
	if (!err && !fake_space_ranges(&container->space, ranges, 1)) {
		fake_space_leave(&container->space, group);
		return -EINVAL;
	}
	return err;
}

static int attach_all(struct fake_container *container)
{
	int err = 0;

	for (size_t i = 0; i < container->group_count && !err; i++)
		err = type1_attach(container, container->groups[i]);
	if (err)
		while (container->space.tenant_count)
			fake_space_leave(&container->space, container->space.tenants[0]);
	return err;
}

static long set_iommu(struct fake_container *container, unsigned long type)
{
	bool known = type == VFIO_TYPE1_IOMMU || type == VFIO_TYPE1v2_IOMMU;
	int err;

	if (!container->group_count || container->iommu)
		return -EINVAL;
	if (container->noiommu) {
		if (type != VFIO_NOIOMMU_IOMMU || !fake_settings.noiommu)
			return -ENODEV;
		container->iommu = type;
		return 0;
	}
	if (!known || !fake_settings.type1)
		return -ENODEV;
	err = attach_all(container);
	if (err)
		return err;
	container->iommu = type;
	container->entries_left = fake_settings.entry_limit;
	return 0;
}

/* A capability of no known id comes first: programs must step over it. */
static void fill_chain(const struct fake_container *container, struct fake_chain *chain)
{
	struct fake_range ranges[64];
	uint32_t avail = container->entries_left;
	uint64_t unknown[3] = { UINT64_MAX, UINT64_MAX, UINT64_MAX };
	size_t count = fake_space_ranges(&container->space, ranges, 64);
	void *data;

	data = fake_chain_add(chain, 0x7ffe, 1, sizeof(unknown));
	memcpy(data, unknown, sizeof(unknown));
	data = fake_chain_add(chain, VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL, 1, sizeof(avail));
	memcpy(data, &avail, sizeof(avail));
	data = fake_chain_add(chain, VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, 1,
			      8 + count * sizeof(*ranges));
	memcpy(data, &(uint32_t){ count }, 4);
	memcpy((char *)data + 8, ranges, count * sizeof(*ranges));
}

static long get_info(const struct fake_container *container, struct vfio_iommu_type1_info *argument)
{
	size_t least = offsetof(struct vfio_iommu_type1_info, iova_pgsizes) + 8;
	struct vfio_iommu_type1_info info = { 0 };
	struct fake_chain chain = { .header = sizeof(info) };

	if (!argument)
		return -EFAULT;
	if (argument->argsz < least)
		return -EINVAL;
	info.argsz = argument->argsz;
	info.flags = VFIO_IOMMU_INFO_PGSIZES | VFIO_IOMMU_INFO_CAPS;
	info.iova_pgsizes = fake_space_page_sizes(&container->space);
	fill_chain(container, &chain);
	fake_chain_copy(&chain, argument, &info.argsz, &info.cap_offset);
	memcpy(argument, &info, argument->argsz < sizeof(info) ? argument->argsz : sizeof(info));
	return 0;
}

static uint64_t page_size(const struct fake_container *container)
{
	uint64_t sizes = fake_space_page_sizes(&container->space);

	return sizes & -sizes;
}

static int map_check(const struct fake_container *container,
		     const struct vfio_iommu_type1_dma_map *map, uint64_t *last)
{
	uint32_t rights = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
	uint64_t unused;

	if (map->argsz < sizeof(*map) || map->flags & ~rights)
		return -EINVAL;
	if (!map->size)
		return -EINVAL;
	if (__builtin_add_overflow(map->iova, map->size - 1, last) ||
	    __builtin_add_overflow(map->vaddr, map->size - 1, &unused))
		return -EOVERFLOW;
	if (!(map->flags & rights))
		return -EINVAL;
	if ((map->size | map->iova | map->vaddr) & (page_size(container) - 1))
		return -EINVAL;
	if (fake_space_find(&container->space, map->iova, *last))
		return -EEXIST;
	if (!container->entries_left)
		return -ENOSPC;
	return fake_space_in_ranges(&container->space, map->iova, *last) ? 0 : -EINVAL;
}

static long map_dma(struct fake_container *container, const struct vfio_iommu_type1_dma_map *map)
{
	struct fake_map entry = { 0 };
	int err;

	if (!map)
		return -EFAULT;
	err = map_check(container, map, &entry.last);
	if (err)
		return err;
	err = fake_space_pin(&container->space, map->vaddr, map->size, map->flags, true);
	if (err)
		return err;
	entry.iova = map->iova;
	entry.vaddr = map->vaddr;
	entry.flags = map->flags;
	container->entries_left--;
	return fake_space_insert(&container->space, &entry);
}

static int unmap_check(const struct fake_container *container,
		       const struct vfio_iommu_type1_dma_unmap *unmap, uint64_t *last)
{
	bool all = unmap->flags & VFIO_DMA_UNMAP_FLAG_ALL;
	const struct fake_map *map;

	if (unmap->iova & (page_size(container) - 1))
		return -EINVAL;
	*last = UINT64_MAX;
	if (all)
		return unmap->iova || unmap->size ? -EINVAL : 0;
	if (!unmap->size || unmap->size & (page_size(container) - 1))
		return -EINVAL;
	if (__builtin_add_overflow(unmap->iova, unmap->size - 1, last))
		return fake_settings.loses_last_page ? -EINVAL : -EOVERFLOW;

	map = fake_space_find(&container->space, unmap->iova, unmap->iova);
	if (map && map->iova != unmap->iova)
		return -EINVAL;
	map = fake_space_find(&container->space, *last, *last);
	return map && map->last != *last ? -EINVAL : 0;
}

/* The size done is told after a failure too. */
static long unmap_dma(struct fake_container *container, struct vfio_iommu_type1_dma_unmap *unmap)
{
	struct fake_map *map;
	uint64_t last, iova;
	int err;

	if (!unmap)
		return -EFAULT;
	if (unmap->argsz < sizeof(*unmap) || unmap->flags & ~VFIO_DMA_UNMAP_FLAG_ALL)
		return -EINVAL;
	err = unmap_check(container, unmap, &last);
	iova = unmap->iova;
	unmap->size = 0;
	if (err)
		return err;
	while ((map = fake_space_find(&container->space, iova, last))) {
		if (map->last == UINT64_MAX && fake_settings.loses_last_page)
			break;
		unmap->size += map->last - map->iova + 1;
		fake_space_remove(&container->space, map);
		container->entries_left++;
	}
	return 0;
}

/* What only the driver behind VFIO_SET_IOMMU knows. */
static long type1_ioctl(struct fake_container *container, unsigned int request, void *argument)
{
	if (!container->iommu)
		return -EINVAL;
	if (container->iommu == VFIO_NOIOMMU_IOMMU)
		return -ENOTTY;
	switch (request) {
	case VFIO_IOMMU_GET_INFO:
		return get_info(container, argument);
	case VFIO_IOMMU_MAP_DMA:
		return map_dma(container, argument);
	case VFIO_IOMMU_UNMAP_DMA:
		return unmap_dma(container, argument);
	}
	return -ENOTTY;
}

long fake_container_ioctl(struct fake_container *container, unsigned int request, void *argument)
{
	switch (request) {
	case VFIO_GET_API_VERSION:
		return VFIO_API_VERSION;
	case VFIO_CHECK_EXTENSION:
		return check_extension(container, (unsigned long)argument);
	case VFIO_SET_IOMMU:
		return set_iommu(container, (unsigned long)argument);
	}
	return type1_ioctl(container, request, argument);
}

int fake_container_add_group(struct fake_container *container, struct fake_group *group)
{
	int err = 0;

	if (container->group_count && container->noiommu != group->noiommu)
		return -EPERM;
	if (!group->noiommu)
		err = fake_group_claim(group, group);
	if (err)
		return err;
	if (container->iommu && !group->noiommu)
		err = type1_attach(container, group);
	if (err) {
		fake_group_release_claim(group);
		return err;
	}
	container->noiommu = group->noiommu;
	container->groups[container->group_count++] = group;
	container->refs++;
	group->container = container;
	group->container_users = 1;
	return 0;
}

/* With its last group a container loses its mappings and its type. */
void fake_container_remove_group(struct fake_container *container, struct fake_group *group)
{
	size_t i = 0;

	while (container->groups[i] != group)
		i++;
	container->groups[i] = container->groups[--container->group_count];
	fake_space_leave(&container->space, group);
	if (!container->group_count) {
		fake_space_clear(&container->space);
		container->iommu = 0;
	}
	if (!group->noiommu)
		fake_group_release_claim(group);
	group->container = NULL;
	group->container_users = 0;
	container_put(container);
}

bool fake_container_has_iommu(const struct fake_container *container)
{
	return container->iommu;
}
