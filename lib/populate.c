/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "populate.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>

/*
 * What a thread takes at a time: so little that none works for long after the
 * others have ended, so much that taking it costs nothing.
 */
#define CHUNK (4ull << 20)

#define MOST_THREADS 64

/* Enough for one system call. */
#define STACK (128 << 10)

struct job {
	const struct syscalls *sys;
	char *start;
	size_t size;
	size_t chunk;
	atomic_size_t next; /* what nobody has taken yet */
	atomic_int err;
};

/* Threads report through the job: the record of the failure is the caller's. */
static void *work(void *data)
{
	struct job *job = data;
	size_t offset;

	while (!job->err && (offset = atomic_fetch_add(&job->next, job->chunk)) < job->size) {
		size_t left = job->size - offset;
		int err = sys_madvise(job->sys, job->start + offset,
				      left < job->chunk ? left : job->chunk, MADV_POPULATE_WRITE);

		if (err)
			job->err = err;
	}
	return NULL;
}

/* The program's signals are not for threads that it does not know of. */
static int prepare(pthread_attr_t *attributes)
{
	sigset_t all;
	int err = pthread_attr_init(attributes);

	if (err)
		return err;
	sigfillset(&all);
	err = pthread_attr_setsigmask_np(attributes, &all);
	if (err)
		pthread_attr_destroy(attributes);
	else
		(void)pthread_attr_setstacksize(attributes, STACK);
	return err;
}

/* As many as can be had. */
static uint32_t start_helpers(struct job *job, pthread_t *helpers, uint32_t wanted)
{
	pthread_attr_t attributes;
	uint32_t count = 0;

	if (!wanted || prepare(&attributes))
		return 0;
	while (count < wanted &&
	       !sys_thread_create(job->sys, &helpers[count], &attributes, work, job))
		count++;
	pthread_attr_destroy(&attributes);
	return count;
}

int populate(const struct syscalls *sys, void *start, size_t size, uint64_t page_size,
	     uint32_t threads)
{
	struct job job = {
		.sys = sys,
		.start = start,
		.size = size,
		.chunk = page_size > CHUNK ? page_size : CHUNK,
	};
	size_t chunks = (size - 1) / job.chunk + 1;
	pthread_t helpers[MOST_THREADS];
	uint32_t count;

	if (threads > MOST_THREADS)
		threads = MOST_THREADS;
	count = start_helpers(&job, helpers, (threads < chunks ? threads : chunks) - 1);
	work(&job);
	for (uint32_t i = 0; i < count; i++)
		pthread_join(helpers[i], NULL);
	return job.err;
}
