/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * What the library adds to the map and unmap ioctls, with 20,000 pages mapped.
 *
 * Library and bare loop work on the same address space, in the same state: a
 * thousand of the live mappings, taken at random, are unmapped in a random order,
 * then mapped again, the lowest free IOVA first, for that is what the library
 * chooses. A container of its own for the bare loop would have a list, page tables
 * and a device of its own, which may be slower or faster for reasons that
 * have nothing to do with the library. Between the turns the kernel has mapped
 * exactly what the library lists.
 */

#include <errno.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <vfa.h>

#include "../bench.h"
#include "uapi/iommufd.h"

#define DEVICE "0000:00:04.0"
#define LIVE   20000
#define CHURN  1000

struct page {
	void *vaddr;
	struct vfa_mapping *mapping;
	uint64_t iova;
};

struct space {
	struct vfa_container *container;
	struct vfa_device *device;
	int fd;
	uint32_t ioas;
	uint64_t random;
	struct page pages[LIVE];
	uint32_t order[LIVE]; /* numbers of pages; the first CHURN take part in a round */
};

/* The ioctls of one backend. Each fills its struct anew, as the library must. */
struct bare {
	void (*map)(const struct space *space, const struct page *page);
	void (*unmap)(const struct space *space, const struct page *page);
};

static void type1_map(const struct space *space, const struct page *page)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)page->vaddr,
		.iova = page->iova,
		.size = PAGE,
	};

	if (ioctl(space->fd, VFIO_IOMMU_MAP_DMA, &map))
		bench_die("VFIO_IOMMU_MAP_DMA: %s", strerror(errno));
}

static void type1_unmap(const struct space *space, const struct page *page)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = page->iova,
		.size = PAGE,
	};

	if (ioctl(space->fd, VFIO_IOMMU_UNMAP_DMA, &unmap) || unmap.size != PAGE)
		bench_die("VFIO_IOMMU_UNMAP_DMA: %s", strerror(errno));
}

static void iommufd_map(const struct space *space, const struct page *page)
{
	struct uapi_iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = UAPI_IOMMU_IOAS_MAP_FIXED_IOVA | UAPI_IOMMU_IOAS_MAP_READABLE |
			 UAPI_IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = space->ioas,
		.user_va = (uintptr_t)page->vaddr,
		.length = PAGE,
		.iova = page->iova,
	};

	if (ioctl(space->fd, UAPI_IOMMU_IOAS_MAP, &map))
		bench_die("IOMMU_IOAS_MAP: %s", strerror(errno));
}

static void iommufd_unmap(const struct space *space, const struct page *page)
{
	struct uapi_iommu_ioas_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = space->ioas,
		.iova = page->iova,
		.length = PAGE,
	};

	if (ioctl(space->fd, UAPI_IOMMU_IOAS_UNMAP, &unmap) || unmap.length != PAGE)
		bench_die("IOMMU_IOAS_UNMAP: %s", strerror(errno));
}

static void kernel_chooses(const struct space *space, struct page *page)
{
	struct uapi_iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = UAPI_IOMMU_IOAS_MAP_READABLE | UAPI_IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = space->ioas,
		.user_va = (uintptr_t)page->vaddr,
		.length = PAGE,
	};

	if (ioctl(space->fd, UAPI_IOMMU_IOAS_MAP, &map))
		bench_die("IOMMU_IOAS_MAP: %s", strerror(errno));
	page->iova = map.iova;
}

static const struct bare bare_type1 = { type1_map, type1_unmap };
static const struct bare bare_iommufd = { iommufd_map, iommufd_unmap };

static void *new_pages(size_t count)
{
	void *memory = mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (memory == MAP_FAILED)
		bench_die("mmap: %s", strerror(errno));
	return memory;
}

static void library_map(struct space *space, struct page *page)
{
	must(vfa_container_map(space->container, page->vaddr, PAGE, NULL, &page->mapping));
}

static void library_unmap(struct page *page)
{
	must(vfa_mapping_unmap(page->mapping));
}

static struct space *open_space(enum vfa_backend backend)
{
	struct space *space = calloc(1, sizeof(*space));
	char *memory = new_pages(LIVE);

	if (!space)
		bench_die("no memory");
	must(vfa_container_open(NULL, backend, &space->container));
	must(vfa_device_open(space->container, DEVICE, NULL, &space->device));
	must(space->fd = vfa_container_fd(space->container));
	if (backend == VFA_BACKEND_IOMMUFD)
		must(vfa_container_ioas(space->container, &space->ioas));
	for (size_t i = 0; i < LIVE; i++) {
		space->order[i] = i;
		space->pages[i].vaddr = memory + i * PAGE;
		library_map(space, &space->pages[i]);
		space->pages[i].iova = vfa_mapping_iova(space->pages[i].mapping);
	}
	return space;
}

static void close_space(struct space *space)
{
	must(vfa_container_unmap_all(space->container));
	vfa_device_close(space->device);
	vfa_container_close(space->container);
	munmap(space->pages[0].vaddr, LIVE * PAGE);
	free(space);
}

/* Nanoseconds for one call each. */
struct times {
	double map;
	double unmap;
};

static struct times time_per_call(uint64_t start, uint64_t unmapped, uint64_t resumed, uint64_t end)
{
	return (struct times){
		.map = (double)(end - resumed) / CHURN,
		.unmap = (double)(unmapped - start) / CHURN,
	};
}

static struct times library_turn(struct space *space)
{
	uint64_t start, unmapped, resumed, end;

	bench_shuffle(&space->random, space->order, CHURN);
	start = bench_ns();
	for (size_t i = 0; i < CHURN; i++)
		library_unmap(&space->pages[space->order[i]]);
	unmapped = resumed = bench_ns();
	for (size_t i = 0; i < CHURN; i++)
		library_map(space, &space->pages[space->order[i]]);
	end = bench_ns();
	for (size_t i = 0; i < CHURN; i++) {
		struct page *page = &space->pages[space->order[i]];

		page->iova = vfa_mapping_iova(page->mapping);
	}
	return time_per_call(start, unmapped, resumed, end);
}

static struct space *compared;

static int by_iova(const void *left, const void *right)
{
	uint64_t a = compared->pages[*(const uint32_t *)left].iova;
	uint64_t b = compared->pages[*(const uint32_t *)right].iova;

	return (a > b) - (a < b);
}

static struct times bare_turn(struct space *space, const struct bare *bare)
{
	uint64_t start, unmapped, resumed, end;

	bench_shuffle(&space->random, space->order, CHURN);
	start = bench_ns();
	for (size_t i = 0; i < CHURN; i++)
		bare->unmap(space, &space->pages[space->order[i]]);
	unmapped = bench_ns();
	compared = space;
	qsort(space->order, CHURN, sizeof(space->order[0]), by_iova);
	resumed = bench_ns();
	for (size_t i = 0; i < CHURN; i++)
		bare->map(space, &space->pages[space->order[i]]);
	end = bench_ns();
	return time_per_call(start, unmapped, resumed, end);
}

static void churn_round(struct space *space, const struct bare *bare, bool library_first,
			struct times *library, struct times *base)
{
	bench_shuffle(&space->random, space->order, LIVE);
	if (library_first)
		*library = library_turn(space);
	*base = bare_turn(space, bare);
	if (!library_first)
		*library = library_turn(space);
}

static void measure_churn(struct space *space, const struct bare *bare, const char *map_name,
			  const char *unmap_name)
{
	struct figure map = { map_name, "ns", "bare ioctl", 0, {}, {} };
	struct figure unmap = { unmap_name, "ns", "bare ioctl", 0, {}, {} };
	size_t rounds = bench_is_quick() ? 21 : 61;
	struct times library, base;

	churn_round(space, bare, true, &library, &base); /* warms up both */
	for (size_t i = 0; i < rounds; i++) {
		churn_round(space, bare, i % 2, &library, &base);
		figure_add(&map, library.map, base.map);
		figure_add(&unmap, library.unmap, base.unmap);
	}
	if (bench_wants(map_name))
		figure_report(&map);
	if (bench_wants(unmap_name))
		figure_report(&unmap);
}

/* The list is without gaps, so that the kernel has to pass all of it. */
#define EXTRA 100

static double library_extra(struct space *space, struct page *pages)
{
	uint64_t start = bench_ns(), end;

	for (size_t i = 0; i < EXTRA; i++)
		library_map(space, &pages[i]);
	end = bench_ns();
	for (size_t i = 0; i < EXTRA; i++)
		library_unmap(&pages[i]);
	return (double)(end - start) / EXTRA;
}

static double kernel_extra(struct space *space, struct page *pages)
{
	uint64_t start = bench_ns(), end;

	for (size_t i = 0; i < EXTRA; i++)
		kernel_chooses(space, &pages[i]);
	end = bench_ns();
	for (size_t i = 0; i < EXTRA; i++)
		iommufd_unmap(space, &pages[i]);
	return (double)(end - start) / EXTRA;
}

static void measure_choice(struct space *space)
{
	struct figure figure = { "map_vs_kernel_iova", "ns", "iommufd choosing", 0, {}, {} };
	char *memory = new_pages(EXTRA);
	struct page pages[EXTRA];
	size_t rounds = bench_is_quick() ? 7 : 21;

	for (size_t i = 0; i < EXTRA; i++)
		pages[i].vaddr = memory + i * PAGE;
	for (size_t i = 0; i < rounds; i++) {
		double library = i % 2 ? library_extra(space, pages) : 0;
		double kernel = kernel_extra(space, pages);

		figure_add(&figure, i % 2 ? library : library_extra(space, pages), kernel);
	}
	figure_report(&figure);
	munmap(memory, EXTRA * PAGE);
}

static void on_type1(void)
{
	struct space *space = open_space(VFA_BACKEND_TYPE1);

	measure_churn(space, &bare_type1, "map_type1", "unmap_type1");
	close_space(space);
}

static void on_iommufd(void)
{
	struct space *space = open_space(VFA_BACKEND_IOMMUFD);

	if (bench_wants("map_iommufd") || bench_wants("unmap_iommufd"))
		measure_churn(space, &bare_iommufd, "map_iommufd", "unmap_iommufd");
	if (bench_wants("map_vs_kernel_iova"))
		measure_choice(space);
	close_space(space);
}

int main(int argc, char **argv)
{
	bench_start(argc, argv);
	if (bench_wants("map_type1") || bench_wants("unmap_type1"))
		on_type1();
	if (bench_wants("map_iommufd") || bench_wants("unmap_iommufd") ||
	    bench_wants("map_vs_kernel_iova"))
		on_iommufd();
	return 0;
}
