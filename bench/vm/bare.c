/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "bare.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../bench.h"
#include "uapi/iommufd.h"
#include "uapi/vfio_cdev.h"

#define DEVICES "/sys/bus/pci/devices"

static int checked(const char *what, int result)
{
	if (result < 0)
		bench_die("%s: %s", what, strerror(errno));
	return result;
}

#define CHECKED(call) checked(#call, call)

static void open_container(struct bare_space *space)
{
	CHECKED(space->fd = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC));
	if (ioctl(space->fd, VFIO_GET_API_VERSION) != VFIO_API_VERSION ||
	    ioctl(space->fd, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU) <= 0)
		bench_die("no type1");
}

static void open_ioas(struct bare_space *space)
{
	struct uapi_iommu_ioas_alloc alloc = { .size = sizeof(alloc) };

	CHECKED(space->fd = open("/dev/iommu", O_RDWR | O_CLOEXEC));
	CHECKED(ioctl(space->fd, UAPI_IOMMU_IOAS_ALLOC, &alloc));
	space->ioas = alloc.out_ioas_id;
}

void bare_space_open(enum vfa_backend backend, struct bare_space *ret)
{
	*ret = (struct bare_space){ .backend = backend, .lock = PTHREAD_MUTEX_INITIALIZER };
	if (backend == VFA_BACKEND_TYPE1)
		open_container(ret);
	else
		open_ioas(ret);
}

void bare_space_close(struct bare_space *space)
{
	close(space->fd);
}

static int open_group_node(const char *bdf)
{
	char path[PATH_MAX], target[PATH_MAX];
	int size;

	snprintf(path, sizeof(path), DEVICES "/%s/iommu_group", bdf);
	size = CHECKED(readlink(path, target, sizeof(target) - 1));
	target[size] = '\0';
	snprintf(path, sizeof(path), "/dev/vfio/%s", strrchr(target, '/') + 1);
	return CHECKED(open(path, O_RDWR | O_CLOEXEC));
}

static void set_container(struct bare_space *space, int group)
{
	pthread_mutex_lock(&space->lock);
	CHECKED(ioctl(group, VFIO_GROUP_SET_CONTAINER, &space->fd));
	if (!space->has_iommu)
		CHECKED(ioctl(space->fd, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU));
	space->has_iommu = 1;
	pthread_mutex_unlock(&space->lock);
}

static void open_by_group(struct bare_space *space, const char *bdf, struct bare_device *ret)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };

	ret->group = open_group_node(bdf);
	CHECKED(ioctl(ret->group, VFIO_GROUP_GET_STATUS, &status));
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		bench_die("%s: its group is not viable", bdf);
	set_container(space, ret->group);
	CHECKED(ret->fd = ioctl(ret->group, VFIO_GROUP_GET_DEVICE_FD, bdf));
}

static int open_device_node(const char *bdf)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *directory;
	int fd = -1;

	snprintf(path, sizeof(path), DEVICES "/%s/vfio-dev", bdf);
	directory = opendir(path);
	while (directory && fd < 0 && (entry = readdir(directory))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/dev/vfio/devices/%.200s", entry->d_name);
		CHECKED(fd = open(path, O_RDWR | O_CLOEXEC));
	}
	if (fd < 0)
		bench_die("%s: no device node", bdf);
	closedir(directory);
	return fd;
}

static void open_by_node(struct bare_space *space, const char *bdf, struct bare_device *ret)
{
	struct uapi_vfio_bind_iommufd bind = {
		.argsz = offsetof(struct uapi_vfio_bind_iommufd, token_uuid_ptr),
		.iommufd = space->fd,
	};
	struct uapi_vfio_attach_iommufd_pt attach = {
		.argsz = sizeof(attach),
		.pt_id = space->ioas,
	};

	ret->group = -1;
	ret->fd = open_device_node(bdf);
	CHECKED(ioctl(ret->fd, UAPI_VFIO_DEVICE_BIND_IOMMUFD, &bind));
	CHECKED(ioctl(ret->fd, UAPI_VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach));
}

void bare_device_open(struct bare_space *space, const char *bdf, struct bare_device *ret)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info),
		.index = VFIO_PCI_BAR0_REGION_INDEX,
	};

	if (space->backend == VFA_BACKEND_TYPE1)
		open_by_group(space, bdf, ret);
	else
		open_by_node(space, bdf, ret);
	CHECKED(ioctl(ret->fd, VFIO_DEVICE_GET_REGION_INFO, &info));
	ret->size = info.size;
	ret->bar = mmap(NULL, info.size, PROT_READ | PROT_WRITE, MAP_SHARED, ret->fd, info.offset);
	if (ret->bar == MAP_FAILED)
		bench_die("%s: mmap: %s", bdf, strerror(errno));
}

void bare_device_close(struct bare_device *device)
{
	munmap(device->bar, device->size);
	close(device->fd);
	if (device->group >= 0)
		close(device->group);
}
