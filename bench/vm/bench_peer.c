/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * What the library adds to the system calls that make a part of a BAR a target of DMA, and
 * that undo it: the BAR is cut into parts, which are all mapped and then all unmapped. Both
 * ways end with the same: the part is at an IOVA and in the process.
 *
 * Both work on the same address space. The bare way is told the IOVAs that the library chose.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <vfa.h>

#include "../bench.h"
#include "uapi/iommufd.h"
#include "uapi/vfio_feature.h"

#define DEVICE "0000:00:04.0"
#define PEER   "0000:00:08.0" /* ivshmem */
#define BAR    VFA_BAR(2)     /* its memory, 1 MiB */
#define PARTS  32
#define SIZE   (8 * PAGE)

struct part {
	uint64_t offset;
	uint64_t iova;
	struct vfa_peer *peer;
	void *address;
};

struct space {
	struct vfa_container *container;
	struct vfa_device *device;
	struct vfa_device *peer;
	int fd;
	uint32_t ioas;
	uint64_t bar; /* where it is in the peer's fd */
	struct part parts[PARTS];
};

typedef void (*part_fn)(const struct space *space, struct part *part);

struct way {
	part_fn map;
	part_fn unmap;
};

static int checked(const char *what, int result)
{
	if (result < 0)
		bench_die("%s: %s", what, strerror(errno));
	return result;
}

#define CHECKED(call) checked(#call, call)

static void library_map(const struct space *space, struct part *part)
{
	must(vfa_peer_map(space->container, space->peer, BAR, part->offset, SIZE, NULL,
			  &part->peer));
}

static void library_unmap(const struct space *space, struct part *part)
{
	(void)space;
	must(vfa_peer_unmap(part->peer));
}

static void map_into_process(const struct space *space, struct part *part)
{
	part->address = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			     vfa_device_fd(space->peer), (off_t)(space->bar + part->offset));
	if (part->address == MAP_FAILED)
		bench_die("mmap: %s", strerror(errno));
}

static void type1_map(const struct space *space, struct part *part)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.iova = part->iova,
		.size = SIZE,
	};

	map_into_process(space, part);
	map.vaddr = (uintptr_t)part->address;
	CHECKED(ioctl(space->fd, VFIO_IOMMU_MAP_DMA, &map));
}

static void type1_unmap(const struct space *space, struct part *part)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = part->iova,
		.size = SIZE,
	};

	CHECKED(ioctl(space->fd, VFIO_IOMMU_UNMAP_DMA, &unmap));
	munmap(part->address, SIZE);
}

/* The feature with its one range. */
struct dma_buf_request {
	struct vfio_device_feature feature;
	struct uapi_vfio_feature_dma_buf dma_buf;
	struct uapi_vfio_region_dma_range range;
};

static int export(const struct space *space, uint64_t offset)
{
	struct dma_buf_request request = {
		.feature.argsz = sizeof(request),
		.feature.flags = VFIO_DEVICE_FEATURE_GET | UAPI_VFIO_DEVICE_FEATURE_DMA_BUF,
		.dma_buf.region_index = BAR,
		.dma_buf.open_flags = O_CLOEXEC | O_RDWR,
		.dma_buf.nr_ranges = 1,
		.range = { offset, SIZE },
	};

	return CHECKED(ioctl(vfa_device_fd(space->peer), VFIO_DEVICE_FEATURE, &request));
}

static void iommufd_map(const struct space *space, struct part *part)
{
	struct uapi_iommu_ioas_map_file map = {
		.size = sizeof(map),
		.flags = UAPI_IOMMU_IOAS_MAP_FIXED_IOVA | UAPI_IOMMU_IOAS_MAP_READABLE |
			 UAPI_IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = space->ioas,
		.length = SIZE,
		.iova = part->iova,
	};

	map_into_process(space, part);
	map.fd = export(space, part->offset);
	CHECKED(ioctl(space->fd, UAPI_IOMMU_IOAS_MAP_FILE, &map));
	close(map.fd);
}

static void iommufd_unmap(const struct space *space, struct part *part)
{
	struct uapi_iommu_ioas_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = space->ioas,
		.iova = part->iova,
		.length = SIZE,
	};

	CHECKED(ioctl(space->fd, UAPI_IOMMU_IOAS_UNMAP, &unmap));
	munmap(part->address, SIZE);
}

static const struct way by_library = { library_map, library_unmap };
static const struct way by_type1 = { type1_map, type1_unmap };
static const struct way by_iommufd = { iommufd_map, iommufd_unmap };

/* The medians of a turn: what else the machine does shows in few of the calls. */
struct times {
	double map;
	double unmap;
};

static double time_parts(struct space *space, part_fn call)
{
	double times[PARTS];

	for (size_t i = 0; i < PARTS; i++) {
		uint64_t start = bench_ns();

		call(space, &space->parts[i]);
		times[i] = (double)(bench_ns() - start);
	}
	return bench_median(times, PARTS);
}

static struct times time_way(struct space *space, const struct way *way)
{
	struct times times = { .map = time_parts(space, way->map) };

	for (size_t i = 0; i < PARTS && way == &by_library; i++)
		space->parts[i].iova = vfa_peer_iova(space->parts[i].peer);
	times.unmap = time_parts(space, way->unmap);
	return times;
}

static void open_space(struct space *space, enum vfa_backend backend)
{
	struct vfa_region_info info;

	must(vfa_container_open(NULL, backend, &space->container));
	must(vfa_device_open(space->container, DEVICE, NULL, &space->device));
	must(vfa_device_open(space->container, PEER, NULL, &space->peer));
	must(space->fd = vfa_container_fd(space->container));
	if (backend == VFA_BACKEND_IOMMUFD)
		must(vfa_container_ioas(space->container, &space->ioas));
	must(vfa_region_get_info(space->peer, BAR, &info));
	space->bar = info.offset;
	for (size_t i = 0; i < PARTS; i++)
		space->parts[i].offset = i * SIZE;
}

static void close_space(struct space *space)
{
	vfa_device_close(space->device);
	vfa_device_close(space->peer);
	vfa_container_close(space->container);
}

static void compare(enum vfa_backend backend, const struct way *bare, struct figure *map,
		    struct figure *unmap)
{
	int rounds = bench_is_quick() ? 15 : 61;
	struct space space = { 0 };

	if (!bench_wants(map->name) && !bench_wants(unmap->name))
		return;
	open_space(&space, backend);
	time_way(&space, &by_library);
	time_way(&space, bare);
	for (int i = 0; i < rounds; i++) {
		struct times library, base;

		if (i % 2)
			library = time_way(&space, &by_library);
		base = time_way(&space, bare);
		if (i % 2 == 0)
			library = time_way(&space, &by_library);
		figure_add(map, library.map, base.map);
		figure_add(unmap, library.unmap, base.unmap);
	}
	if (bench_wants(map->name))
		figure_report(map);
	if (bench_wants(unmap->name))
		figure_report(unmap);
	close_space(&space);
}

#define FIGURE(name) ((struct figure){ name, bench_unit(), "bare system calls", 0, {}, {} })

int main(int argc, char **argv)
{
	bench_start(argc, argv);
	compare(VFA_BACKEND_TYPE1, &by_type1, &FIGURE("peer_map_type1"),
		&FIGURE("peer_unmap_type1"));
	compare(VFA_BACKEND_IOMMUFD, &by_iommufd, &FIGURE("peer_map_iommufd"),
		&FIGURE("peer_unmap_iommufd"));
	return 0;
}
