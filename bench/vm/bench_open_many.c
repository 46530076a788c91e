/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Sixteen devices of one container, each up to its mapped BAR: a thread for each against
 * one after the other, both through the library. The kernel resets each device as it is
 * opened, and waits 100 ms for that. The same by bare system calls is noted: that is what
 * the kernel allows.
 */

#include <pthread.h>
#include <vfa.h>

#include "../bench.h"
#include "bare.h"

#define DEVICES 16

static const char *const bdfs[DEVICES] = {
	"0000:00:04.0", "0000:00:05.0", "0000:00:06.0", "0000:00:07.0",
	"0000:00:08.0", "0000:00:09.0", "0000:00:0a.0", "0000:00:0b.0",
	"0000:00:0c.0", "0000:00:0d.0", "0000:00:0e.0", "0000:00:0f.0",
	"0000:00:10.0", "0000:00:11.0", "0000:00:12.0", "0000:00:13.0",
};

/* A way to open and to close device @number of a space. */
struct way {
	void (*open)(void *space, size_t number);
	void (*close)(void *space, size_t number);
};

struct library {
	struct vfa_container *container;
	struct vfa_device *devices[DEVICES];
};

static void library_open(void *space, size_t number)
{
	struct library *library = space;
	volatile void *bar;

	must(vfa_device_open(library->container, bdfs[number], NULL, &library->devices[number]));
	must(vfa_region_map(library->devices[number], VFA_BAR(0), &bar));
}

static void library_close(void *space, size_t number)
{
	vfa_device_close(((struct library *)space)->devices[number]);
}

struct bare {
	struct bare_space space;
	struct bare_device devices[DEVICES];
};

static void bare_open(void *space, size_t number)
{
	struct bare *bare = space;

	bare_device_open(&bare->space, bdfs[number], &bare->devices[number]);
}

static void bare_close(void *space, size_t number)
{
	bare_device_close(&((struct bare *)space)->devices[number]);
}

static const struct way by_library = { library_open, library_close };
static const struct way by_bare = { bare_open, bare_close };

struct job {
	void (*run)(void *space, size_t number);
	void *space;
	size_t number;
};

static void *run_job(void *data)
{
	const struct job *job = data;

	job->run(job->space, job->number);
	return NULL;
}

static void run_parallel(void (*run)(void *space, size_t number), void *space)
{
	pthread_t threads[DEVICES];
	struct job jobs[DEVICES];

	for (size_t i = 0; i < DEVICES; i++) {
		jobs[i] = (struct job){ run, space, i };
		if (pthread_create(&threads[i], NULL, run_job, &jobs[i]))
			bench_die("cannot start a thread");
	}
	for (size_t i = 0; i < DEVICES; i++)
		pthread_join(threads[i], NULL);
}

static void run_in_turn(void (*run)(void *space, size_t number), void *space)
{
	for (size_t i = 0; i < DEVICES; i++)
		run(space, i);
}

static double time_way(const struct way *way, void *space, bool parallel)
{
	uint64_t start = bench_ns(), end;

	if (parallel)
		run_parallel(way->open, space);
	else
		run_in_turn(way->open, space);
	end = bench_ns();
	run_parallel(way->close, space);
	return (double)(end - start) / 1e6;
}

static double time_library(enum vfa_backend backend, bool parallel)
{
	struct library library;
	double time;

	must(vfa_container_open(NULL, backend, &library.container));
	time = time_way(&by_library, &library, parallel);
	vfa_container_close(library.container);
	return time;
}

static double time_bare(enum vfa_backend backend, bool parallel)
{
	struct bare bare;
	double time;

	bare_space_open(backend, &bare.space);
	time = time_way(&by_bare, &bare, parallel);
	bare_space_close(&bare.space);
	return time;
}

static void note_bare(enum vfa_backend backend)
{
	double in_turn = time_bare(backend, false);
	double parallel = time_bare(backend, true);

	bench_note("bare system calls: %.0f ms in parallel, %.0f ms one after the other: %.3f",
		   parallel, in_turn, parallel / in_turn);
}

static void measure(const char *name, enum vfa_backend backend)
{
	struct figure figure = { name, "ms", "one after the other", 0, {}, {} };
	int rounds = bench_is_quick() ? 3 : 11;

	if (!bench_wants(name))
		return;
	for (int i = 0; i < rounds; i++) {
		double parallel = i % 2 ? time_library(backend, true) : 0;
		double in_turn = time_library(backend, false);

		figure_add(&figure, i % 2 ? parallel : time_library(backend, true), in_turn);
	}
	figure_report(&figure);
	if (!bench_is_quick())
		note_bare(backend);
}

int main(int argc, char **argv)
{
	bench_start(argc, argv);
	measure("open_16_devices_type1", VFA_BACKEND_TYPE1);
	measure("open_16_devices_iommufd", VFA_BACKEND_IOMMUFD);
	return 0;
}
