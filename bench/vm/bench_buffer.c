/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * To have 1 GiB for DMA: a buffer of the library, whose pages two threads make, against
 * mmap with MAP_POPULATE and one map ioctl. Both are shared memory in pages of 4 KiB, and
 * both are mapped in the same IOAS. Giving it back is not measured.
 */

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <vfa.h>

#include "../bench.h"
#include "uapi/iommufd.h"

#define DEVICE  "0000:00:04.0"
#define SIZE    (1ull << 30)
#define IOVA    (4 * SIZE)
#define THREADS 2

struct space {
	struct vfa_container *container;
	struct vfa_device *device;
	int fd;
	uint32_t ioas;
};

static void bare_map(const struct space *space, void *memory)
{
	struct uapi_iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = UAPI_IOMMU_IOAS_MAP_FIXED_IOVA | UAPI_IOMMU_IOAS_MAP_READABLE |
			 UAPI_IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = space->ioas,
		.user_va = (uintptr_t)memory,
		.length = SIZE,
		.iova = IOVA,
	};

	if (ioctl(space->fd, UAPI_IOMMU_IOAS_MAP, &map))
		bench_die("IOMMU_IOAS_MAP: %s", strerror(errno));
}

static void bare_unmap(const struct space *space)
{
	struct uapi_iommu_ioas_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = space->ioas,
		.iova = IOVA,
		.length = SIZE,
	};

	if (ioctl(space->fd, UAPI_IOMMU_IOAS_UNMAP, &unmap))
		bench_die("IOMMU_IOAS_UNMAP: %s", strerror(errno));
}

static double time_library(const struct space *space)
{
	struct vfa_buffer_options options = VFA_BUFFER_OPTIONS_INIT;
	struct vfa_buffer *buffer;
	uint64_t start = bench_ns(), end;

	options.threads = THREADS;
	must(vfa_buffer_alloc(space->container, SIZE, &options, &buffer));
	end = bench_ns();
	vfa_buffer_free(buffer);
	return (double)(end - start) / 1e6;
}

static double time_bare(const struct space *space)
{
	uint64_t start = bench_ns(), end;
	void *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (memory == MAP_FAILED)
		bench_die("mmap: %s", strerror(errno));
	bare_map(space, memory);
	end = bench_ns();
	bare_unmap(space);
	munmap(memory, SIZE);
	return (double)(end - start) / 1e6;
}

static void measure(const struct space *space)
{
	struct parallel parallel = { .wanted = bench_is_quick() ? 5 : 11 };

	parallel.figure = (struct figure){
		"buffer_1g", "ms", "MAP_POPULATE, one ioctl", 0, {}, {},
	};
	time_bare(space); /* the host gives the guest its memory */
	while (parallel_next(&parallel)) {
		bool library_first = parallel.figure.rounds % 2;
		double library = library_first ? time_library(space) : 0;
		double bare = time_bare(space);

		figure_add(&parallel.figure, library_first ? library : time_library(space), bare);
	}
	parallel_report(&parallel);
}

int main(int argc, char **argv)
{
	struct space space;

	bench_start(argc, argv);
	if (!bench_wants("buffer_1g"))
		return 0;
	must(vfa_container_open(NULL, VFA_BACKEND_IOMMUFD, &space.container));
	must(vfa_device_open(space.container, DEVICE, NULL, &space.device));
	must(space.fd = vfa_container_fd(space.container));
	must(vfa_container_ioas(space.container, &space.ioas));
	measure(&space);
	vfa_device_close(space.device);
	vfa_container_close(space.container);
	return 0;
}
