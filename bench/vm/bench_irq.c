/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * From an interrupt to the thread that waits for it: vfa_irq_wait() against read(2) on an
 * eventfd that blocks. Both are vectors of one device, fired by the same ioctl, which the
 * kernel made for tests: so what differs is the way of waiting. Each time the thread is
 * asleep when the interrupt comes, for both share a processor.
 */

#include <errno.h>
#include <linux/vfio.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <vfa.h>

#include "../bench.h"

#define DEVICE "0000:00:05.0" /* NVMe: MSI-X */
#define TIMES  1000           /* a round is the median of so many */

enum { BY_LIBRARY, BY_READ, WAYS }; /* and the vector of each */

struct race {
	int way;
	struct vfa_device *device;
	struct vfa_irq *irq;
	int bare;         /* the eventfd of the vector BY_READ, which blocks */
	int answer;       /* an eventfd by which the waiting thread gives the turn back */
	uint64_t arrival; /* when it last woke up */
};

static uint64_t read_event(int fd)
{
	uint64_t count = 0;

	if (read(fd, &count, sizeof(count)) != sizeof(count))
		bench_die("read: %s", strerror(errno));
	return count;
}

static void write_event(int fd)
{
	const uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) != sizeof(one))
		bench_die("write: %s", strerror(errno));
}

static void *wait_for_interrupts(void *data)
{
	struct race *race = data;

	for (int i = 0; i < TIMES; i++) {
		uint64_t count = 1;

		if (race->way == BY_LIBRARY)
			must(vfa_irq_wait(race->irq, BY_LIBRARY, -1, &count));
		else
			count = read_event(race->bare);
		race->arrival = bench_ns();
		if (count != 1)
			bench_die("%d interrupts instead of one", (int)count);
		write_event(race->answer);
	}
	return NULL;
}

static void set_irqs(const struct race *race, uint32_t vector, uint32_t data, const int *fd)
{
	char buffer[sizeof(struct vfio_irq_set) + sizeof(*fd)] __attribute__((aligned(8)));
	struct vfio_irq_set *set = (struct vfio_irq_set *)buffer;

	*set = (struct vfio_irq_set){
		.argsz = sizeof(*set) + (fd ? sizeof(*fd) : 0),
		.flags = data | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = VFIO_PCI_MSIX_IRQ_INDEX,
		.start = vector,
		.count = 1,
	};
	if (fd)
		memcpy(set->data, fd, sizeof(*fd));
	if (ioctl(vfa_device_fd(race->device), VFIO_DEVICE_SET_IRQS, set))
		bench_die("VFIO_DEVICE_SET_IRQS: %s", strerror(errno));
}

/* Nanoseconds from before the ioctl to the thread that returned from waiting. */
static double time_way(struct race *race, int way)
{
	static double times[TIMES];
	pthread_t thread;

	race->way = way;
	if (pthread_create(&thread, NULL, wait_for_interrupts, race))
		bench_die("cannot start a thread");
	sched_yield(); /* until it waits */
	for (int i = 0; i < TIMES; i++) {
		uint64_t start = bench_ns();

		set_irqs(race, way, VFIO_IRQ_SET_DATA_NONE, NULL);
		read_event(race->answer);
		times[i] = (double)(race->arrival - start);
	}
	pthread_join(thread, NULL);
	return bench_median(times, TIMES);
}

static void stay_on_one_processor(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		bench_die("sched_setaffinity: %s", strerror(errno));
}

static void open_race(struct race *race, struct vfa_container *container)
{
	must(vfa_device_open(container, DEVICE, NULL, &race->device));
	must(vfa_irq_enable(race->device, VFA_IRQ_MSIX, 0, WAYS, NULL, &race->irq));
	race->bare = eventfd(0, EFD_CLOEXEC);
	race->answer = eventfd(0, EFD_CLOEXEC);
	if (race->bare < 0 || race->answer < 0)
		bench_die("eventfd: %s", strerror(errno));
	set_irqs(race, BY_READ, VFIO_IRQ_SET_DATA_EVENTFD, &race->bare);
}

static void close_race(const struct race *race)
{
	vfa_irq_disable(race->irq);
	vfa_device_close(race->device);
	close(race->bare);
	close(race->answer);
}

static void measure(struct race *race)
{
	struct figure figure = { "irq_wakeup", bench_unit(), "read of an eventfd", 0, {}, {} };
	int rounds = bench_is_quick() ? 15 : 61;

	time_way(race, BY_LIBRARY);
	for (int i = 0; i < rounds; i++) {
		double library = i % 2 ? time_way(race, BY_LIBRARY) : 0;
		double bare = time_way(race, BY_READ);

		figure_add(&figure, i % 2 ? library : time_way(race, BY_LIBRARY), bare);
	}
	figure_report(&figure);
}

int main(int argc, char **argv)
{
	struct vfa_container *container;
	struct race race = { 0 };

	bench_start(argc, argv);
	if (!bench_wants("irq_wakeup"))
		return 0;
	stay_on_one_processor();
	must(vfa_container_open(NULL, VFA_BACKEND_AUTO, &container));
	open_race(&race, container);
	measure(&race);
	close_race(&race);
	vfa_container_close(container);
	return 0;
}
