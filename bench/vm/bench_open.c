/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * A device from nothing to its mapped BAR: a container, the device, region 0, against the
 * system calls that it takes (bare.h). The device is one that the kernel does not reset,
 * which takes most others 100 ms, in which all else would be lost. Closing is not measured.
 */

#include <vfa.h>

#include "../bench.h"
#include "bare.h"

#define DEVICE "0000:00:04.0"
#define TIMES  11 /* a round is the median of so many */

static double time_library(enum vfa_backend backend)
{
	struct vfa_container *container;
	struct vfa_device *device;
	volatile void *bar;
	uint64_t start = bench_ns(), end;

	must(vfa_container_open(NULL, backend, &container));
	must(vfa_device_open(container, DEVICE, NULL, &device));
	must(vfa_region_map(device, VFA_BAR(0), &bar));
	end = bench_ns();
	vfa_device_close(device);
	vfa_container_close(container);
	return (double)(end - start);
}

static double time_bare(enum vfa_backend backend)
{
	struct bare_space space;
	struct bare_device device;
	uint64_t start = bench_ns(), end;

	bare_space_open(backend, &space);
	bare_device_open(&space, DEVICE, &device);
	end = bench_ns();
	bare_device_close(&device);
	bare_space_close(&space);
	return (double)(end - start);
}

static void add_round(struct figure *figure, enum vfa_backend backend)
{
	double library[TIMES], bare[TIMES];

	for (int i = 0; i < TIMES; i++) {
		if (i % 2)
			library[i] = time_library(backend);
		bare[i] = time_bare(backend);
		if (i % 2 == 0)
			library[i] = time_library(backend);
	}
	figure_add(figure, bench_median(library, TIMES), bench_median(bare, TIMES));
}

static void measure(const char *name, enum vfa_backend backend)
{
	struct figure figure = { name, bench_unit(), "bare system calls", 0, {}, {} };
	int rounds = bench_is_quick() ? 15 : 61;

	if (!bench_wants(name))
		return;
	time_library(backend);
	time_bare(backend);
	while (rounds--)
		add_round(&figure, backend);
	figure_report(&figure);
}

int main(int argc, char **argv)
{
	bench_start(argc, argv);
	measure("open_device_type1", VFA_BACKEND_TYPE1);
	measure("open_device_iommufd", VFA_BACKEND_IOMMUFD);
	return 0;
}
