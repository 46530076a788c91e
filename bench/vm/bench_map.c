/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * What the library adds to the map and unmap ioctls, with 20,000 pages mapped, in two
 * patterns: a thousand more pages are mapped and unmapped again, in order; and a
 * thousand of the 20,000, taken at random, are unmapped in a random order and mapped
 * again, the lowest free IOVA first, for that is what the library chooses.
 *
 * Library and bare loop work on the same address space in the same state, with the
 * same memory at the same IOVAs. A container of its own for the bare loop would have
 * a list, page tables and a device of its own, which may be slower or faster for
 * reasons that have nothing to do with the library. After each turn the kernel has
 * mapped exactly what the library lists.
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
	struct page pages[LIVE + CHURN]; /* the last are not mapped between turns */
	uint32_t order[LIVE];            /* numbers of pages; the first take part in a round */
};

/* A way to map and to unmap a page. The ioctls fill their struct anew, as the library must. */
struct way {
	void (*map)(const struct space *space, struct page *page);
	void (*unmap)(const struct space *space, struct page *page);
};

static void library_map(const struct space *space, struct page *page)
{
	must(vfa_container_map(space->container, page->vaddr, PAGE, NULL, &page->mapping));
}

static void library_unmap(const struct space *space, struct page *page)
{
	(void)space;
	must(vfa_mapping_unmap(page->mapping));
}

static void type1_map(const struct space *space, struct page *page)
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

static void type1_unmap(const struct space *space, struct page *page)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = page->iova,
		.size = PAGE,
	};

	if (ioctl(space->fd, VFIO_IOMMU_UNMAP_DMA, &unmap) || unmap.size != PAGE)
		bench_die("VFIO_IOMMU_UNMAP_DMA: %s", strerror(errno));
}

static void iommufd_map(const struct space *space, struct page *page)
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

static void iommufd_choose(const struct space *space, struct page *page)
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

static void iommufd_unmap(const struct space *space, struct page *page)
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

static const struct way by_library = { library_map, library_unmap };
static const struct way by_type1 = { type1_map, type1_unmap };
static const struct way by_iommufd = { iommufd_map, iommufd_unmap };
static const struct way by_choice = { iommufd_choose, iommufd_unmap };

static struct space *open_space(enum vfa_backend backend)
{
	struct space *space = calloc(1, sizeof(*space));
	char *memory = mmap(NULL, (LIVE + CHURN) * PAGE, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (!space || memory == MAP_FAILED)
		bench_die("no memory");
	must(vfa_container_open(NULL, backend, &space->container));
	must(vfa_device_open(space->container, DEVICE, NULL, &space->device));
	must(space->fd = vfa_container_fd(space->container));
	if (backend == VFA_BACKEND_IOMMUFD)
		must(vfa_container_ioas(space->container, &space->ioas));
	for (size_t i = 0; i < LIVE + CHURN; i++)
		space->pages[i].vaddr = memory + i * PAGE;
	for (size_t i = 0; i < LIVE; i++) {
		space->order[i] = i;
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
	munmap(space->pages[0].vaddr, (LIVE + CHURN) * PAGE);
	free(space);
}

/* Nanoseconds for one call each. */
struct times {
	double map;
	double unmap;
};

/* A pattern: @count pages, mapped and unmapped in one way. */
typedef struct times (*turn_fn)(struct space *space, const struct way *way, size_t count);

/* The first turn is the library's: the others have its IOVAs. */
static struct times in_order(struct space *space, const struct way *way, size_t count)
{
	struct page *pages = &space->pages[LIVE];
	uint64_t start, mapped, resumed, end;

	start = bench_ns();
	for (size_t i = 0; i < count; i++)
		way->map(space, &pages[i]);
	mapped = bench_ns();
	for (size_t i = 0; i < count && way == &by_library; i++)
		pages[i].iova = vfa_mapping_iova(pages[i].mapping);
	resumed = bench_ns();
	for (size_t i = 0; i < count; i++)
		way->unmap(space, &pages[i]);
	end = bench_ns();
	return (struct times){ (double)(mapped - start) / count, (double)(end - resumed) / count };
}

static const struct space *sorted;

static int by_iova(const void *left, const void *right)
{
	uint64_t a = sorted->pages[*(const uint32_t *)left].iova;
	uint64_t b = sorted->pages[*(const uint32_t *)right].iova;

	return (a > b) - (a < b);
}

/* The pages in the order of the IOVAs that they were given, or are to have again. */
static void sort(struct space *space, const struct way *way, size_t count)
{
	for (size_t i = 0; i < count && way == &by_library; i++) {
		struct page *page = &space->pages[space->order[i]];

		page->iova = vfa_mapping_iova(page->mapping);
	}
	sorted = space;
	qsort(space->order, count, sizeof(space->order[0]), by_iova);
}

static struct times at_random(struct space *space, const struct way *way, size_t count)
{
	uint64_t start, unmapped, resumed, end;

	bench_shuffle(&space->random, space->order, count);
	start = bench_ns();
	for (size_t i = 0; i < count; i++)
		way->unmap(space, &space->pages[space->order[i]]);
	unmapped = bench_ns();
	if (way != &by_library)
		sort(space, way, count);
	resumed = bench_ns();
	for (size_t i = 0; i < count; i++)
		way->map(space, &space->pages[space->order[i]]);
	end = bench_ns();
	if (way == &by_library)
		sort(space, way, count);
	return (struct times){ (double)(end - resumed) / count,
			       (double)(unmapped - start) / count };
}

struct comparison {
	const char *map; /* the figures' names */
	const char *unmap;
	const char *baseline;
	turn_fn turn;
	const struct way *way;
	size_t count;
	size_t rounds;
};

static void compare(struct space *space, const struct comparison *comparison)
{
	struct figure map = { comparison->map, bench_unit(), comparison->baseline, 0, {}, {} };
	struct figure unmap = { comparison->unmap, bench_unit(), comparison->baseline, 0, {}, {} };
	const struct way *way = comparison->way;
	size_t count = comparison->count;

	if (!bench_wants(comparison->map) && !bench_wants(comparison->unmap))
		return;
	comparison->turn(space, &by_library, count); /* warm up both */
	comparison->turn(space, way, count);
	for (size_t i = 0; i < comparison->rounds; i++) {
		struct times library, base;

		bench_shuffle(&space->random, space->order, LIVE);
		if (i % 2)
			library = comparison->turn(space, &by_library, count);
		base = comparison->turn(space, way, count);
		if (i % 2 == 0)
			library = comparison->turn(space, &by_library, count);
		figure_add(&map, library.map, base.map);
		figure_add(&unmap, library.unmap, base.unmap);
	}
	if (bench_wants(map.name))
		figure_report(&map);
	if (bench_wants(unmap.name))
		figure_report(&unmap);
}

static void on_type1(size_t rounds)
{
	const struct comparison comparisons[] = {
		{ "map_type1", "unmap_type1", "bare ioctl", in_order, &by_type1, CHURN, rounds },
		{ "map_type1_random", "unmap_type1_random", "bare ioctl", at_random, &by_type1,
		  CHURN, rounds },
	};
	struct space *space = open_space(VFA_BACKEND_TYPE1);

	for (size_t i = 0; i < sizeof(comparisons) / sizeof(comparisons[0]); i++)
		compare(space, &comparisons[i]);
	close_space(space);
}

/* The kernel's choice is slow: few calls. There are no gaps then: it passes all of the list. */
static void on_iommufd(size_t rounds)
{
	const struct comparison comparisons[] = {
		{ "map_iommufd", "unmap_iommufd", "bare ioctl", in_order, &by_iommufd, CHURN,
		  rounds },
		{ "map_iommufd_random", "unmap_iommufd_random", "bare ioctl", at_random,
		  &by_iommufd, CHURN, rounds },
		{ "map_vs_kernel_iova", NULL, "IOVA by iommufd", in_order, &by_choice, CHURN / 10,
		  7 },
	};
	struct space *space = open_space(VFA_BACKEND_IOMMUFD);

	for (size_t i = 0; i < sizeof(comparisons) / sizeof(comparisons[0]); i++)
		compare(space, &comparisons[i]);
	close_space(space);
}

int main(int argc, char **argv)
{
	size_t rounds;

	bench_start(argc, argv);
	rounds = bench_is_quick() ? 15 : 61;
	on_type1(rounds);
	on_iommufd(rounds);
	return 0;
}
