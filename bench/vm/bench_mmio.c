/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * A register through vfa_mmio_read32() against a plain volatile load. The region is one
 * behind which there is memory: a load is then the processor's own affair, and what the
 * library would add to it would show.
 */

#include <vfa.h>

#include "../bench.h"

#define DEVICE "0000:00:08.0"
#define REGION VFA_BAR(2)
#define LOADS  20000
#define TIMES  21   /* a round is the median of so many */
#define WORDS  1024 /* of 4 bytes, a page: in turn, so that no load is of the same place */

static double time_library(const volatile void *bar)
{
	uint64_t start = bench_ns();

	for (uint64_t i = 0; i < LOADS; i++)
		(void)vfa_mmio_read32(bar, i % WORDS * 4);
	return (double)(bench_ns() - start) / LOADS;
}

static double time_plain(const volatile void *bar)
{
	uint64_t start = bench_ns();

	for (uint64_t i = 0; i < LOADS; i++)
		(void)*(const volatile uint32_t *)((uintptr_t)bar + (uintptr_t)(i % WORDS * 4));
	return (double)(bench_ns() - start) / LOADS;
}

/* Each many times in turn: the two differ by less than the machine does from one to the next. */
static void add_round(struct figure *figure, const volatile void *bar)
{
	double library[TIMES], plain[TIMES];

	for (int i = 0; i < TIMES; i++) {
		if (i % 2)
			library[i] = time_library(bar);
		plain[i] = time_plain(bar);
		if (i % 2 == 0)
			library[i] = time_library(bar);
	}
	figure_add(figure, bench_median(library, TIMES), bench_median(plain, TIMES));
}

int main(int argc, char **argv)
{
	struct figure figure = { "mmio_read", bench_unit(), "a volatile load", 0, {}, {} };
	struct vfa_container *container;
	struct vfa_device *device;
	volatile void *bar;
	int rounds;

	bench_start(argc, argv);
	if (!bench_wants("mmio_read"))
		return 0;
	must(vfa_container_open(NULL, VFA_BACKEND_AUTO, &container));
	must(vfa_device_open(container, DEVICE, NULL, &device));
	must(vfa_region_map(device, REGION, &bar));
	rounds = bench_is_quick() ? 31 : 101;
	time_library(bar);
	while (rounds--)
		add_round(&figure, bar);
	figure_report(&figure);
	vfa_device_close(device);
	vfa_container_close(container);
	return 0;
}
