/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fake/dmabuf.h"
#include "fake/iommufd.h"
#include "uapi/iommufd.h"

static struct fake_iommufd *iommufds;

int fake_iommufd_open(bool per_process)
{
	struct fake_file *file = fake_file_new(FILE_IOMMUFD);
	int fd;

	file->iommufd = calloc(1, sizeof(*file->iommufd));
	file->iommufd->per_process = per_process;
	file->iommufd->next = iommufds;
	iommufds = file->iommufd;
	fake_objects[FAKE_OBJECT_IOMMUFD]++;
	fake_file_get(file);
	fd = fake_file_install(file);
	fake_file_put(file);
	return fd;
}

uint32_t fake_iommufd_object_new(struct fake_iommufd *iommufd, int kind)
{
	uint32_t id = 1;

	while (id < FAKE_IOMMUFD_OBJECTS && iommufd->objects[id])
		id++;
	if (id == FAKE_IOMMUFD_OBJECTS)
		return 0;
	iommufd->objects[id] = calloc(1, sizeof(struct fake_iommufd_object));
	iommufd->objects[id]->kind = kind;
	if (kind == FAKE_IOAS) {
		fake_space_init(&iommufd->objects[id]->space,
				iommufd->per_process ? FAKE_PER_PROCESS : FAKE_PER_USER);
		fake_objects[FAKE_OBJECT_IOAS]++;
	}
	if (kind == FAKE_FAULT_QUEUE)
		fake_objects[FAKE_OBJECT_FAULT_QUEUE]++;
	return id;
}

void fake_iommufd_object_free(struct fake_iommufd *iommufd, uint32_t id)
{
	struct fake_iommufd_object *object = iommufd->objects[id];

	if (object->kind == FAKE_IOAS) {
		fake_space_exit(&object->space);
		fake_objects[FAKE_OBJECT_IOAS]--;
	}
	if (object->kind == FAKE_FAULT_QUEUE) {
		fake_fault_queue_free(object->fault_queue);
		fake_objects[FAKE_OBJECT_FAULT_QUEUE]--;
	}
	if (object->ioas)
		object->ioas->users--;
	if (object->is_by_hand) {
		fake_space_remove_table(&object->ioas->space, id);
		fake_objects[FAKE_OBJECT_PAGE_TABLE]--;
		if (object->faults)
			object->faults->users--;
	}
	if (iommufd->compat == id)
		iommufd->compat = 0;
	iommufd->objects[id] = NULL;
	free(object);
}

struct fake_iommufd_object *fake_iommufd_object_find(struct fake_iommufd *iommufd, uint32_t id,
						     int kind)
{
	struct fake_iommufd_object *object =
		id < FAKE_IOMMUFD_OBJECTS ? iommufd->objects[id] : NULL;

	return object && object->kind == kind ? object : NULL;
}

static void free_all(struct fake_iommufd *iommufd, int kind)
{
	for (uint32_t id = 1; id < FAKE_IOMMUFD_OBJECTS; id++)
		if (fake_iommufd_object_find(iommufd, id, kind))
			fake_iommufd_object_free(iommufd, id);
}

void fake_iommufd_release(struct fake_file *file)
{
	struct fake_iommufd **link = &iommufds;

	free_all(file->iommufd, FAKE_PAGE_TABLE);
	free_all(file->iommufd, FAKE_FAULT_QUEUE);
	free_all(file->iommufd, FAKE_DEVICE);
	free_all(file->iommufd, FAKE_IOAS);
	while (*link != file->iommufd)
		link = &(*link)->next;
	*link = file->iommufd->next;
	free(file->iommufd);
	fake_objects[FAKE_OBJECT_IOMMUFD]--;
}

bool fake_iommufds_are_compat_clear(void)
{
	for (const struct fake_iommufd *iommufd = iommufds; iommufd; iommufd = iommufd->next)
		if (iommufd->compat)
			return false;
	return true;
}

static long destroy(struct fake_iommufd *iommufd, struct uapi_iommu_destroy *command)
{
	if (command->id >= FAKE_IOMMUFD_OBJECTS || !iommufd->objects[command->id])
		return -ENOENT;
	if (iommufd->objects[command->id]->users)
		return -EBUSY;
	fake_iommufd_object_free(iommufd, command->id);
	return 0;
}

static long ioas_alloc(struct fake_iommufd *iommufd, struct uapi_iommu_ioas_alloc *command)
{
	if (command->flags)
		return -EOPNOTSUPP;
	command->out_ioas_id = fake_iommufd_object_new(iommufd, FAKE_IOAS);
	return command->out_ioas_id ? 0 : -ENOMEM;
}

/* Without a device an address space has neither ranges nor pages. */
static uint64_t alignment(const struct fake_space *space)
{
	uint64_t sizes = fake_space_page_sizes(space);

	return sizes & -sizes;
}

static long iova_ranges(struct fake_iommufd *iommufd, struct uapi_iommu_ioas_iova_ranges *command)
{
	struct fake_iommufd_object *ioas =
		fake_iommufd_object_find(iommufd, command->ioas_id, FAKE_IOAS);
	uint32_t room = command->num_iovas;

	if (command->reserved)
		return -EOPNOTSUPP;
	if (!ioas)
		return -ENOENT;
	command->out_iova_alignment = alignment(&ioas->space);
	command->num_iovas = fake_space_ranges(
		&ioas->space, (struct fake_range *)(uintptr_t)command->allowed_iovas, room);
	return command->num_iovas > room ? -EMSGSIZE : 0;
}

/* The lowest hole above page 0 that fits. */
static int choose(const struct fake_space *space, uint64_t size, uint64_t *iova)
{
	struct fake_range ranges[64];
	size_t count = fake_space_ranges(space, ranges, 64);

	for (size_t i = 0; i < count; i++) {
		uint64_t at = ranges[i].start < FAKE_PAGE ? FAKE_PAGE : ranges[i].start;
		const struct fake_map *map;

		while (at + size - 1 >= at && at + size - 1 <= ranges[i].last) {
			map = fake_space_find(space, at, at + size - 1);
			*iova = at;
			if (!map)
				return 0;
			at = map->last + 1;
		}
	}
	return -ENOSPC;
}

static int check_fixed(const struct fake_space *space, uint64_t iova, uint64_t size)
{
	uint64_t last;

	if (iova & (alignment(space) - 1))
		return -EINVAL;
	if (__builtin_add_overflow(iova, size - 1, &last))
		return -EOVERFLOW;
	if (!fake_space_in_ranges(space, iova, last))
		return -EINVAL;
	return fake_space_find(space, iova, last) ? -EEXIST : 0;
}

static int map_check(const struct uapi_iommu_ioas_map *command)
{
	uint32_t rights = UAPI_IOMMU_IOAS_MAP_READABLE | UAPI_IOMMU_IOAS_MAP_WRITEABLE;
	uint64_t end;

	if (command->flags & ~(rights | UAPI_IOMMU_IOAS_MAP_FIXED_IOVA) || command->reserved)
		return -EOPNOTSUPP;
	if (command->iova == UINT64_MAX || command->length == UINT64_MAX)
		return -EOVERFLOW;
	if (!(command->flags & rights))
		return -EINVAL;
	if (__builtin_add_overflow(command->user_va, command->length, &end))
		return -EOVERFLOW;
	return command->length && command->length <= UINT64_MAX - FAKE_PAGE ? 0 : -EINVAL;
}

static int place(const struct fake_space *space, struct uapi_iommu_ioas_map *command)
{
	uint64_t mask = alignment(space) - 1, iova = command->iova;
	int err;

	if (command->length & mask)
		return -EINVAL;
	if (command->flags & UAPI_IOMMU_IOAS_MAP_FIXED_IOVA)
		err = check_fixed(space, iova, command->length);
	else
		err = choose(space, command->length, &iova);
	if (err)
		return err;
	command->iova = iova;
	return command->user_va & mask & (FAKE_PAGE - 1) ? -EINVAL : 0;
}

static uint32_t rights_of(uint32_t flags)
{
	uint32_t rights = 0;

	if (flags & UAPI_IOMMU_IOAS_MAP_READABLE)
		rights |= VFIO_DMA_MAP_FLAG_READ;
	if (flags & UAPI_IOMMU_IOAS_MAP_WRITEABLE)
		rights |= VFIO_DMA_MAP_FLAG_WRITE;
	return rights;
}

static long ioas_map(struct fake_iommufd *iommufd, struct uapi_iommu_ioas_map *command)
{
	struct fake_iommufd_object *ioas =
		fake_iommufd_object_find(iommufd, command->ioas_id, FAKE_IOAS);
	struct fake_map map = { .vaddr = command->user_va, .flags = rights_of(command->flags) };
	int err = map_check(command);

	if (err)
		return err;
	if (!ioas)
		return -ENOENT;
	err = place(&ioas->space, command);
	if (err)
		return err;
	err = fake_space_pin(&ioas->space, command->user_va, command->length, map.flags, false);
	if (err)
		return err;
	map.iova = command->iova;
	map.last = command->iova + command->length - 1;
	return fake_space_insert(&ioas->space, &map);
}

/* The size of a file whose pages can be pinned, or a negative errno. */
static int64_t memfd_size(int fd, uint64_t *inode)
{
	struct stat file;

	if (fstat(fd, &file))
		return -EBADF;
	*inode = file.st_ino;
	return fcntl(fd, F_GET_SEALS) < 0 ? -EINVAL : file.st_size;
}

/* A dma-buf is looked at first, and other files when their pages are wanted. */
static int take_file(const struct uapi_iommu_ioas_map_file *command, struct fake_map *map)
{
	struct fake_file *file = fake_file_of_fd(command->fd);

	if (!fake_is_open(command->fd))
		return -EBADF;
	if (!file || file->kind != FILE_DMABUF)
		return 0;
	map->dmabuf = file;
	map->inode = file->dmabuf->inode;
	return fake_dmabuf_check_map(file->dmabuf, command->start, command->length);
}

static int pin_file(const struct fake_space *space, const struct uapi_iommu_ioas_map_file *command,
		    struct fake_map *map)
{
	int64_t size;

	if (map->dmabuf)
		return 0;
	if (fake_file_of_fd(command->fd))
		return -EINVAL;
	size = memfd_size(command->fd, &map->inode);
	if (size < 0)
		return size;
	if ((space->tenant_count || space->table_count) &&
	    command->start + command->length > (uint64_t)size)
		return -EINVAL;
	return fake_space_pin_file(space, command->length);
}

static long ioas_map_file(struct fake_iommufd *iommufd, struct uapi_iommu_ioas_map_file *command)
{
	struct fake_iommufd_object *ioas =
		fake_iommufd_object_find(iommufd, command->ioas_id, FAKE_IOAS);
	struct uapi_iommu_ioas_map as_memory = {
		.flags = command->flags,
		.user_va = command->start,
		.length = command->length,
		.iova = command->iova,
	};
	struct fake_map map = {
		.flags = rights_of(command->flags),
		.offset = command->start,
	};
	int err = map_check(&as_memory);

	if (err)
		return err;
	if (!ioas)
		return -ENOENT;
	err = take_file(command, &map);
	if (!err)
		err = place(&ioas->space, &as_memory);
	if (!err)
		err = pin_file(&ioas->space, command, &map);
	if (err)
		return err;
	command->iova = map.iova = as_memory.iova;
	map.last = map.iova + command->length - 1;
	return fake_space_insert(&ioas->space, &map);
}

/* What comes before a mapping that the range cuts is unmapped all the same. */
static int unmap_range(struct fake_space *space, uint64_t start, uint64_t last, uint64_t *done)
{
	struct fake_map *map;

	while ((map = fake_space_find(space, start, last))) {
		uint64_t map_last = map->last;

		if (map->iova < start || map->last > last)
			return -ENOENT;
		*done += map->last - map->iova + 1;
		fake_space_remove(space, map);
		if (map_last >= last)
			break;
		start = map_last + 1;
	}
	return 0;
}

static long ioas_unmap(struct fake_iommufd *iommufd, struct uapi_iommu_ioas_unmap *command)
{
	struct fake_iommufd_object *ioas =
		fake_iommufd_object_find(iommufd, command->ioas_id, FAKE_IOAS);
	uint64_t last, done = 0;
	int err;

	if (!ioas)
		return -ENOENT;
	if (!command->iova && command->length == UINT64_MAX) {
		unmap_range(&ioas->space, 0, UINT64_MAX, &done);
		command->length = done;
		return 0;
	}
	if (command->iova == UINT64_MAX || command->length == UINT64_MAX)
		return -EOVERFLOW;
	if (!command->length)
		return -EINVAL;
	if (__builtin_add_overflow(command->iova, command->length - 1, &last))
		return -EOVERFLOW;
	err = unmap_range(&ioas->space, command->iova, last, &done);
	if (err)
		return err;
	if (!done)
		return -ENOENT;
	command->length = done;
	return 0;
}

static bool has_objects(const struct fake_iommufd *iommufd)
{
	for (uint32_t id = 1; id < FAKE_IOMMUFD_OBJECTS; id++)
		if (iommufd->objects[id])
			return true;
	return false;
}

static long set_rlimit_mode(struct fake_iommufd *iommufd, uint64_t mode)
{
	if (!fake_is_capable(CAP_SYS_RESOURCE))
		return -EPERM;
	if (has_objects(iommufd))
		return -EBUSY;
	if (mode > 1)
		return -EINVAL;
	iommufd->per_process = mode;
	return 0;
}

static long option(struct fake_iommufd *iommufd, struct uapi_iommu_option *command)
{
	if (command->reserved || command->option_id != UAPI_IOMMU_OPTION_RLIMIT_MODE ||
	    command->object_id)
		return -EOPNOTSUPP;
	switch (command->op) {
	case UAPI_IOMMU_OPTION_OP_GET:
		command->val64 = iommufd->per_process;
		return 0;
	case UAPI_IOMMU_OPTION_OP_SET:
		return set_rlimit_mode(iommufd, command->val64);
	}
	return -EOPNOTSUPP;
}

static long vfio_ioas(struct fake_iommufd *iommufd, struct uapi_iommu_vfio_ioas *command)
{
	if (command->reserved)
		return -EOPNOTSUPP;
	switch (command->op) {
	case UAPI_IOMMU_VFIO_IOAS_GET:
		if (!iommufd->compat)
			return -ENODEV;
		command->ioas_id = iommufd->compat;
		return 0;
	case UAPI_IOMMU_VFIO_IOAS_SET:
		if (!fake_iommufd_object_find(iommufd, command->ioas_id, FAKE_IOAS))
			return -ENOENT;
		iommufd->compat = command->ioas_id;
		return 0;
	case UAPI_IOMMU_VFIO_IOAS_CLEAR:
		iommufd->compat = 0;
		return 0;
	}
	return -EOPNOTSUPP;
}

/* One page table that does not enforce makes the IOAS one that does not. */
static long is_coherent(const struct fake_iommufd *iommufd)
{
	if (!iommufd->compat)
		return -ENODEV;
	for (uint32_t id = 1; id < FAKE_IOMMUFD_OBJECTS; id++) {
		const struct fake_iommufd_object *object = iommufd->objects[id];

		if (object && object->kind == FAKE_PAGE_TABLE &&
		    object->ioas == iommufd->objects[iommufd->compat] && !object->coherent)
			return 0;
	}
	return 1;
}

/* iommufd answers some of the container's requests too. */
static long compat_ioctl(struct fake_iommufd *iommufd, unsigned int request, void *argument)
{
	if (request == VFIO_GET_API_VERSION)
		return VFIO_API_VERSION;
	if (request == VFIO_IOMMU_GET_INFO && !iommufd->compat)
		return -ENODEV;
	if (request != VFIO_CHECK_EXTENSION)
		return -ENOTTY;
	switch ((unsigned long)argument) {
	case VFIO_TYPE1_IOMMU:
	case VFIO_TYPE1v2_IOMMU:
	case VFIO_UNMAP_ALL:
		return 1;
	case VFIO_NOIOMMU_IOMMU:
		return fake_settings.noiommu;
	case VFIO_DMA_CC_IOMMU:
		return is_coherent(iommufd);
	}
	return 0;
}

#define COMMAND(number, function, type)                                                            \
	case number:                                                                               \
		if (*(uint32_t *)argument < sizeof(struct type))                                   \
			return -EINVAL;                                                            \
		return function(file->iommufd, (struct type *)argument)

long fake_iommufd_ioctl(struct fake_file *file, unsigned int request, void *argument)
{
	if (_IOC_NR(request) < 0x80)
		return compat_ioctl(file->iommufd, request, argument);
	if (!argument)
		return -EFAULT;
	if (request == UAPI_IOMMU_IOAS_MAP_FILE && !fake_settings.map_file)
		return -ENOTTY;
	if (request == UAPI_IOMMU_FAULT_QUEUE_ALLOC)
		return fake_fault_queue_alloc(file, argument);
	switch (request) {
		COMMAND(UAPI_IOMMU_DESTROY, destroy, uapi_iommu_destroy);
		COMMAND(UAPI_IOMMU_IOAS_ALLOC, ioas_alloc, uapi_iommu_ioas_alloc);
		COMMAND(UAPI_IOMMU_IOAS_IOVA_RANGES, iova_ranges, uapi_iommu_ioas_iova_ranges);
		COMMAND(UAPI_IOMMU_IOAS_MAP, ioas_map, uapi_iommu_ioas_map);
		COMMAND(UAPI_IOMMU_IOAS_MAP_FILE, ioas_map_file, uapi_iommu_ioas_map_file);
		COMMAND(UAPI_IOMMU_IOAS_UNMAP, ioas_unmap, uapi_iommu_ioas_unmap);
		COMMAND(UAPI_IOMMU_OPTION, option, uapi_iommu_option);
		COMMAND(UAPI_IOMMU_HWPT_ALLOC, fake_hwpt_alloc, uapi_iommu_hwpt_alloc);
		COMMAND(UAPI_IOMMU_VFIO_IOAS, vfio_ioas, uapi_iommu_vfio_ioas);
		COMMAND(UAPI_IOMMU_GET_HW_INFO, fake_iommu_info, uapi_iommu_hw_info);
	}
	return -ENOTTY;
}

int fake_iommufd_bind(struct fake_file *file, struct fake_device *device, uint32_t *ret)
{
	struct fake_iommufd *iommufd = file->iommufd;
	int err;

	if (!device->group->isolated_msi && !fake_settings.unsafe_interrupts)
		return -EPERM;
	err = fake_group_claim(device->group, iommufd);
	if (err)
		return err;
	*ret = fake_iommufd_object_new(iommufd, FAKE_DEVICE);
	if (!*ret) {
		fake_group_release_claim(device->group);
		return -ENOMEM;
	}
	iommufd->objects[*ret]->users = 1;
	iommufd->objects[*ret]->device = device;
	return 0;
}

void fake_iommufd_unbind(struct fake_file *file, struct fake_device *device, uint32_t id)
{
	fake_iommufd_object_free(file->iommufd, id);
	fake_group_release_claim(device->group);
}

/* A page table that another device made serves, unless it enforces too much. */
static uint32_t page_table_for(struct fake_iommufd *iommufd, struct fake_iommufd_object *ioas,
			       bool coherent)
{
	struct fake_iommufd_object *object;
	uint32_t id;

	for (id = 1; id < FAKE_IOMMUFD_OBJECTS; id++) {
		object = iommufd->objects[id];
		if (object && object->ioas == ioas && !object->is_by_hand &&
		    (coherent || !object->coherent))
			return id;
	}
	id = fake_iommufd_object_new(iommufd, FAKE_PAGE_TABLE);
	if (id) {
		object = iommufd->objects[id];
		object->ioas = ioas;
		object->coherent = coherent;
		ioas->users++;
	}
	return id;
}

void fake_iommufd_put_table(struct fake_iommufd *iommufd, uint32_t table)
{
	struct fake_iommufd_object *object = iommufd->objects[table];

	if (--object->users == 0 && !object->is_by_hand)
		fake_iommufd_object_free(iommufd, table);
}

/* An IOAS, or a page table of one: the IOAS. */
static int find_target(struct fake_iommufd *iommufd, uint32_t id, struct fake_iommufd_object **ioas,
		       uint32_t *table)
{
	struct fake_iommufd_object *object =
		id < FAKE_IOMMUFD_OBJECTS ? iommufd->objects[id] : NULL;

	if (!object)
		return -ENOENT;
	if (object->kind != FAKE_IOAS && object->kind != FAKE_PAGE_TABLE)
		return -EINVAL;
	*ioas = object->kind == FAKE_IOAS ? object : object->ioas;
	*table = object->kind == FAKE_IOAS ? 0 : id;
	return 0;
}

static int attach_check(const struct fake_device *device, const struct fake_iommufd_object *ioas)
{
	const struct fake_group *group = device->group;

	if (group->attached_count && group->attached != &ioas->space)
		return -EINVAL;
	return fake_space_conflicts(&ioas->space, group) ? -EADDRINUSE : 0;
}

static int attach_first(struct fake_iommufd *iommufd, struct fake_device *device,
			struct fake_iommufd_object *ioas, uint32_t *table)
{
	int err = attach_check(device, ioas);

	if (!err)
		err = fake_table_check(iommufd, device->group, *table);
	if (!err)
		err = fake_space_join(&ioas->space, device->group);
	if (err)
		return err;
	if (!*table)
		*table = page_table_for(iommufd, ioas, device->group->coherent);
	if (!*table) {
		fake_space_leave(&ioas->space, device->group);
		return -ENOMEM;
	}
	iommufd->objects[*table]->users++;
	device->group->attached = &ioas->space;
	device->group->attached_count++;
	return 0;
}

/* In one address space; from one to the other the device is attached anew. */
static int replace(struct fake_file *file, struct fake_device *device,
		   struct fake_iommufd_object *ioas, uint32_t table)
{
	int err;

	if (!table)
		table = page_table_for(file->iommufd, ioas, device->group->coherent);
	if (!table)
		return -ENOMEM;
	file->iommufd->objects[table]->users++;
	err = fake_table_replace(file, device->group, table);
	fake_iommufd_put_table(file->iommufd, table);
	return err;
}

int fake_iommufd_attach(struct fake_file *file, struct fake_device *device, uint32_t *pt_id,
			uint32_t *page_table)
{
	struct fake_iommufd *iommufd = file->iommufd;
	struct fake_iommufd_object *ioas;
	uint32_t table, old = *page_table;
	int err = find_target(iommufd, *pt_id, &ioas, &table);

	if (!err && old && iommufd->objects[old]->ioas == ioas) {
		err = replace(file, device, ioas, table);
		table = *page_table;
	} else if (!err) {
		err = attach_first(iommufd, device, ioas, &table);
		if (!err && old)
			fake_iommufd_detach(file, device, &old);
	}
	if (err)
		return err;
	*page_table = table;
	*pt_id = table;
	return 0;
}

void fake_iommufd_detach(struct fake_file *file, struct fake_device *device, uint32_t *page_table)
{
	struct fake_iommufd_object *object = file->iommufd->objects[*page_table];

	fake_space_leave(&object->ioas->space, device->group);
	if (--device->group->attached_count == 0)
		device->group->attached = NULL;
	fake_iommufd_put_table(file->iommufd, *page_table);
	*page_table = 0;
}
