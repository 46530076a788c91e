/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* All devices of a machine in one container, a thread for each. */

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "common.h"

#define MOST   24
#define ROUNDS 3

struct team {
	struct vm *vm;
	struct vfa_container *space;
	char bdfs[MOST][16];
	size_t count;
	struct vfa_device *devices[MOST];
	char *memory; /* a page for each */
	atomic_uint next;
	atomic_uint opened;
	atomic_uint failures;
	pthread_barrier_t start;
};

/* An assertion would leave the thread. */
static void expect(struct team *team, bool ok, const char *what)
{
	if (ok)
		return;
	atomic_fetch_add(&team->failures, 1);
	fprintf(stderr, "%s: %s\n", what, vfa_error_last()->message);
}

#define EXPECT(condition) expect(team, (condition), #condition)

/* Those that can be opened: on vfio-pci, in a group that is viable. */
static void find_devices(struct team *team)
{
	DIR *directory = opendir("/sys/bus/pci/drivers/vfio-pci");
	struct dirent *entry;

	assert_non_null(directory);
	while ((entry = readdir(directory))) {
		if (strlen(entry->d_name) != strlen(EDU) || !strcmp(entry->d_name, BLOCKED))
			continue;
		assert_true(team->count < MOST);
		strcpy(team->bdfs[team->count++], entry->d_name);
	}
	closedir(directory);
	assert_true(team->count >= 2);
}

static void start(struct team *team, void **state)
{
	*team = (struct team){ .vm = *state };
	vm_need_assignment(team->vm);
	find_devices(team);
	team->space = vm_container(team->vm);
	team->memory = vm_memory(team->vm, MOST * PAGE_SIZE);
}

/* One thread a device, all at once; which device is whose, @next tells. */
static void run(struct team *team, void *(*body)(void *team))
{
	pthread_t threads[MOST];

	team->next = 0;
	assert_int_equal(pthread_barrier_init(&team->start, NULL, team->count), 0);
	for (size_t i = 0; i < team->count; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, body, team), 0);
	for (size_t i = 0; i < team->count; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&team->start);
	assert_int_equal(team->failures, 0);
}

static unsigned int take_number(struct team *team)
{
	unsigned int number = atomic_fetch_add(&team->next, 1);

	pthread_barrier_wait(&team->start);
	return number;
}

static void *open_own(void *data)
{
	struct team *team = data;
	unsigned int number = take_number(team);
	uint32_t class_code = 0;

	EXPECT(!vfa_device_open(team->space, team->bdfs[number], NULL, &team->devices[number]));
	EXPECT(!vfa_config_read32(team->devices[number], 8, &class_code));
	EXPECT(class_code && class_code != UINT32_MAX);
	return NULL;
}

static void *close_own(void *data)
{
	struct team *team = data;
	unsigned int number = take_number(team);

	vfa_device_close(team->devices[number]);
	team->devices[number] = NULL;
	return NULL;
}

static void all_devices_open_and_close_at_once(void **state)
{
	struct team team;

	start(&team, state);
	for (int i = 0; i < ROUNDS; i++) {
		run(&team, open_own);
		for (size_t j = 0; j < team.count; j++)
			assert_string_equal(vfa_device_bdf(team.devices[j]), team.bdfs[j]);
		run(&team, close_own);
	}
}

static void *open_the_first(void *data)
{
	struct team *team = data;
	struct vfa_device *device = NULL;
	int err;

	take_number(team);
	err = vfa_device_open(team->space, team->bdfs[0], NULL, &device);
	EXPECT(!err || (err == -EBUSY && vfa_error_last()->cause == VFA_CAUSE_DEVICE_BUSY));
	if (err)
		return NULL;
	atomic_fetch_add(&team->opened, 1);
	team->devices[0] = device;
	return NULL;
}

static void a_device_that_all_want_is_given_to_one(void **state)
{
	struct team team;

	start(&team, state);
	for (int i = 0; i < ROUNDS; i++) {
		team.opened = 0;
		run(&team, open_the_first);
		assert_int_equal(team.opened, 1);
		vfa_device_close(team.devices[0]);
	}
}

/* The even ones come and go, the odd ones map where all can reach. */
static void *come_and_go_or_map(void *data)
{
	struct team *team = data;
	unsigned int number = take_number(team);
	char *page = team->memory + number * PAGE_SIZE;

	for (int i = 0; i < ROUNDS * (number % 2 ? 50 : 1); i++) {
		struct vfa_device *device = NULL;
		struct vfa_mapping *mapping = NULL;
		uint64_t iova = 0;

		if (number % 2) {
			EXPECT(!vfa_container_map(team->space, page, PAGE_SIZE, NULL, &mapping));
			EXPECT(!vfa_container_find_iova(team->space, page, 1, &iova));
			EXPECT(iova == vfa_mapping_iova(mapping));
			EXPECT(!vfa_mapping_unmap(mapping));
		} else {
			EXPECT(!vfa_device_open(team->space, team->bdfs[number], NULL, &device));
			vfa_device_close(device);
		}
	}
	return NULL;
}

static void devices_come_and_go_while_others_map(void **state)
{
	struct vm_usage before, after;
	struct team team;

	start(&team, state);
	vm_device(team.vm, team.space, team.bdfs[team.count - 1]); /* which stays in */
	team.count--;
	before = vm_usage_now();
	run(&team, come_and_go_or_map);
	after = vm_usage_now();
	assert_int_equal(after.locked, before.locked);
	assert_int_equal(after.pinned, before.pinned);
}

/* Mappings outlive the devices, each of which may be the last. */
static void mappings_stay_whoever_comes_and_goes(void **state)
{
	struct vfa_mapping *mapping = NULL;
	struct vfa_device *last;
	struct team team;
	uint64_t iova = 0;

	start(&team, state);
	assert_ok(vfa_device_open(team.space, team.bdfs[0], NULL, &last));
	assert_ok(vfa_container_map(team.space, team.memory, PAGE_SIZE, NULL, &mapping));
	vfa_device_close(last);
	for (int i = 0; i < ROUNDS; i++) {
		run(&team, open_own);
		assert_ok(vfa_container_find_iova(team.space, team.memory, PAGE_SIZE, &iova));
		run(&team, close_own);
	}
	assert_ok(vfa_mapping_unmap(mapping));
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE(all_devices_open_and_close_at_once),
		VM_CASE(a_device_that_all_want_is_given_to_one),
		VM_CASE(devices_come_and_go_while_others_map),
		VM_CASE(mappings_stay_whoever_comes_and_goes),
	};

	return vm_run_cases("parallel", cases);
}
