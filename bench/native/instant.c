/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "instant.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../bench.h"
#include "base/host.h"
#include "fake/sysfs.h"
#include "uapi/iommufd.h"
#include "uapi/vfio_cdev.h"

#define DEVICE "0000:00:04.0"

/* As an Intel IOMMU with 48 bits has it. */
static const struct uapi_iommu_iova_range ranges[] = {
	{ 0, 0xfedfffff },
	{ 0xfef00000, 0xffffffffffff },
};

#define RANGES (sizeof(ranges) / sizeof(ranges[0]))

static int answer_ranges(struct uapi_iommu_ioas_iova_ranges *request)
{
	if (request->num_iovas < RANGES)
		bench_die("no room for %zu ranges", RANGES);
	memcpy((void *)(uintptr_t)request->allowed_iovas, ranges, sizeof(ranges));
	request->num_iovas = RANGES;
	request->out_iova_alignment = PAGE;
	return 0;
}

static int instant_ioctl(int fd, unsigned long request, void *argument)
{
	(void)fd;
	switch (request) {
	case UAPI_IOMMU_IOAS_MAP:
	case UAPI_IOMMU_IOAS_UNMAP:
	case UAPI_IOMMU_IOAS_ALLOC:
	case UAPI_IOMMU_DESTROY:
	case UAPI_VFIO_DEVICE_BIND_IOMMUFD:
	case UAPI_VFIO_DEVICE_ATTACH_IOMMUFD_PT:
	case VFIO_DEVICE_GET_INFO: /* no PCI device, no regions, no interrupts */
		return 0;
	case UAPI_IOMMU_IOAS_IOVA_RANGES:
		return answer_ranges(argument);
	default:
		errno = ENOTTY;
		return -1;
	}
}

static int instant_open_node(const char *path, int flags)
{
	(void)path;
	return open("/dev/null", flags | O_CLOEXEC);
}

static struct syscalls calls;

static void make_host(const struct tree *tree, struct vfa_host **ret)
{
	struct vfa_host_options options = VFA_HOST_OPTIONS_INIT;

	options.sysfs = tree->sys;
	options.dev = tree->dev;
	options.proc = tree->proc;
	must(vfa_host_new(&options, ret));
	calls = *(*ret)->sys;
	calls.open = instant_open_node;
	calls.ioctl = instant_ioctl;
	(*ret)->sys = &calls;
}

void instant_open(struct instant *instant)
{
	static const struct tree_device device = {
		DEVICE, NULL, "vfio-pci", 0x1234, 0x11e8, 0x00ff00, 4, 0,
	};
	struct tree tree;

	tree_create(&tree);
	tree_add_group(&tree, 4, "0x00000000fee00000 0x00000000feefffff msi\n");
	tree_add_device(&tree, &device);
	make_host(&tree, &instant->host);
	must(vfa_container_open(instant->host, VFA_BACKEND_IOMMUFD, &instant->container));
	must(vfa_device_open(instant->container, DEVICE, NULL, &instant->device));
	tree_destroy(&tree);
}

void instant_close(struct instant *instant)
{
	vfa_device_close(instant->device);
	vfa_container_close(instant->container);
	vfa_host_free(instant->host);
}

char *instant_reserve(size_t pages)
{
	void *memory = mmap(NULL, pages * PAGE, PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		bench_die("cannot reserve %zu pages: %s", pages, strerror(errno));
	return memory;
}
