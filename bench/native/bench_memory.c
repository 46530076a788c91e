/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * The memory that the library takes for each mapping: what the process has resident
 * more after a million mappings of 4 KiB than before. Each round is a process of its
 * own, and the caller keeps no handles. The addresses are mapped in a random order, so
 * that neighbours by address have IOVAs far apart, and nothing could be merged.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../bench.h"
#include "instant.h"

#define MAPPINGS 1000000
#define TARGET   64

static double resident_bytes(void)
{
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	if (!file || fscanf(file, "%*u %lu", &pages) != 1)
		bench_die("/proc/self/statm: %s", strerror(errno));
	fclose(file);
	return (double)pages * sysconf(_SC_PAGESIZE);
}

static double measure(void)
{
	uint32_t *order = malloc(MAPPINGS * sizeof(*order));
	char *memory = instant_reserve(MAPPINGS);
	struct instant instant;
	uint64_t random = 1;
	double before, after;

	for (size_t i = 0; i < MAPPINGS; i++)
		order[i] = i;
	bench_shuffle(&random, order, MAPPINGS);
	instant_open(&instant);
	before = resident_bytes();
	for (size_t i = 0; i < MAPPINGS; i++)
		must(vfa_container_map(instant.container, memory + order[i] * PAGE, PAGE, NULL,
				       NULL));
	after = resident_bytes();
	instant_close(&instant);
	munmap(memory, MAPPINGS * PAGE);
	free(order);
	return (after - before) / MAPPINGS;
}

static double measure_in_child(void)
{
	double bytes = 0;
	int ends[2];
	pid_t child;

	if (pipe(ends))
		bench_die("pipe: %s", strerror(errno));
	fflush(stdout);
	child = fork();
	if (child == 0) {
		bytes = measure();
		_exit(write(ends[1], &bytes, sizeof(bytes)) != sizeof(bytes));
	}
	close(ends[1]);
	if (child < 0 || read(ends[0], &bytes, sizeof(bytes)) != sizeof(bytes))
		bench_die("a round has failed");
	close(ends[0]);
	waitpid(child, NULL, 0);
	return bytes;
}

int main(int argc, char **argv)
{
	struct figure figure = { "memory_per_mapping", "bytes", "64 bytes", 0, {}, {} };

	bench_start(argc, argv);
	if (!bench_wants(figure.name))
		return 0;
	for (int i = 0; i < 5; i++)
		figure_add(&figure, measure_in_child(), TARGET);
	figure_report(&figure);
	return 0;
}
