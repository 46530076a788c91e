/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* One container, many threads. Run it under ThreadSanitizer too. */

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fixture.h"
#include "oracle/stress.h"

#define THREADS 6
#define ROUNDS  60

struct shared {
	struct machine *machine;
	struct vfa_container *container;
	struct vfa_device *device;
	struct vfa_irq *irq;
	struct vfa_container *beside; /* of the same iommufd, with a device of its own */
	struct vfa_device *neighbour;
	char *memory;
	struct vfa_kvm *kvm;
	int socket;
	unsigned int sender;
	atomic_uint failures;
	atomic_uint next;
	atomic_uint winners;
};

/* Assertions would leave the thread: count instead. */
static void expect(struct shared *shared, int ok, const char *what)
{
	if (ok)
		return;
	atomic_fetch_add(&shared->failures, 1);
	fprintf(stderr, "%s: %s\n", what, vfa_error_last()->message);
}

#define EXPECT(condition) expect(shared, (condition), #condition)

static void run_threads(struct shared *shared, void *(*body)(void *))
{
	pthread_t threads[THREADS];

	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, body, shared), 0);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(shared->failures, 0);
}

static void start(struct shared *shared, void **state)
{
	*shared = (struct shared){ .machine = *state, .container = open_container(*state) };
	shared->device = open_device(shared->container, EDU);
	shared->memory = memory_new(THREADS * PAGE);
}

static void stop(struct shared *shared)
{
	assert_int_equal(fake_count_mappings(), 0);
	vfa_device_close(shared->device);
	vfa_container_close(shared->container);
	memory_free(shared->memory, THREADS * PAGE);
}

static void *map_and_unmap(void *data)
{
	struct shared *shared = data;
	char *page = shared->memory + atomic_fetch_add(&shared->next, 1) * PAGE;

	for (size_t i = 0; i < ROUNDS; i++) {
		struct vfa_mapping *first = NULL, *second = NULL;

		EXPECT(!vfa_container_map(shared->container, page, PAGE, NULL, &first));
		EXPECT(!vfa_container_map(shared->container, page, PAGE, NULL, &second));
		EXPECT(vfa_mapping_iova(first) != vfa_mapping_iova(second));
		EXPECT(!vfa_container_unmap(shared->container, vfa_mapping_iova(first), PAGE));
		EXPECT(!vfa_mapping_unmap(second));
	}
	return NULL;
}

static void threads_map_and_unmap(void **state)
{
	struct shared shared;

	start(&shared, state);
	run_threads(&shared, map_and_unmap);
	stop(&shared);
}

/* All want the same IOVA: at any time one has it. */
static void *fight(void *data)
{
	struct shared *shared = data;

	for (size_t i = 0; i < ROUNDS; i++) {
		struct vfa_map_options options = at(0x10000);
		struct vfa_mapping *mapping = NULL;
		int err = vfa_container_map(shared->container, shared->memory, PAGE, &options,
					    &mapping);

		EXPECT(!err || (err == -EEXIST && vfa_error_last()->cause == VFA_CAUSE_OVERLAP));
		if (!err)
			EXPECT(!vfa_mapping_unmap(mapping));
	}
	return NULL;
}

static void threads_fight_for_an_iova(void **state)
{
	struct shared shared;

	start(&shared, state);
	run_threads(&shared, fight);
	stop(&shared);
}

static void *use_buffers(void *data)
{
	struct shared *shared = data;

	for (size_t i = 0; i < ROUNDS; i++) {
		struct vfa_buffer *buffer = NULL;
		struct vfa_iova_range ranges[4];
		uint64_t alignment;

		EXPECT(!vfa_buffer_alloc(shared->container, 1, NULL, &buffer));
		*(char *)vfa_buffer_vaddr(buffer) = 1;
		EXPECT(vfa_container_iova_ranges(shared->container, ranges, 4) >= 2);
		EXPECT(!vfa_container_alignment(shared->container, &alignment));
		EXPECT(vfa_coherency_is_enforced(shared->container) == 1);
		vfa_buffer_free(buffer);
	}
	return NULL;
}

static void threads_use_buffers(void **state)
{
	struct shared shared;

	start(&shared, state);
	run_threads(&shared, use_buffers);
	stop(&shared);
}

/* Devices come and go while others map. */
static void *come_and_go(void *data)
{
	static const char *const bdfs[] = { NVME, OTHER, LEFT, RIGHT };
	struct shared *shared = data;
	unsigned int number = atomic_fetch_add(&shared->next, 1);
	struct vfa_device *device = NULL;

	if (number >= 4)
		return use_buffers(data);
	for (size_t i = 0; i < ROUNDS / 4; i++) {
		EXPECT(!vfa_device_open(shared->container, bdfs[number], NULL, &device));
		EXPECT(vfa_device_group(device) > 0);
		EXPECT(!vfa_device_enable_bus_master(device));
		vfa_device_close(device);
	}
	return NULL;
}

static void devices_come_and_go_while_others_map(void **state)
{
	struct shared shared;

	start(&shared, state);
	run_threads(&shared, come_and_go);
	stop(&shared);
}

/* The first devices, of a container that does not know its backend. */
static void *open_one(void *data)
{
	static const char *const bdfs[THREADS] = { EDU, NVME, OTHER, LEFT, RIGHT, EDU };
	struct shared *shared = data;
	unsigned int number = atomic_fetch_add(&shared->next, 1);
	struct vfa_device *device = NULL;
	int err = vfa_device_open(shared->container, bdfs[number], NULL, &device);

	EXPECT(!err || (err == -EBUSY && !strcmp(bdfs[number], EDU)));
	EXPECT(err || vfa_container_backend(shared->container) == VFA_BACKEND_IOMMUFD);
	if (err)
		return NULL;
	EXPECT(!vfa_device_enable_bus_master(device));
	vfa_device_close(device);
	return NULL;
}

static void threads_open_the_first_devices(void **state)
{
	struct shared shared = { .machine = *state };

	for (size_t i = 0; i < ROUNDS / 10; i++) {
		shared.container = open_container(*state);
		shared.next = 0;
		run_threads(&shared, open_one);
		vfa_container_close(shared.container);
	}
}

/* The last of all handles closes the container, in whichever thread. */
static void *hold_and_close(void *data)
{
	struct shared *shared = data;
	struct vfa_buffer *buffer = NULL;

	EXPECT(!vfa_buffer_alloc(shared->container, PAGE, NULL, &buffer));
	if (atomic_fetch_add(&shared->next, 1) == THREADS - 1) {
		vfa_container_close(shared->container);
		vfa_device_close(shared->device);
	}
	vfa_buffer_free(buffer);
	return NULL;
}

static void the_last_thread_closes_the_container(void **state)
{
	struct shared shared;

	start(&shared, state);
	run_threads(&shared, hold_and_close);
	memory_free(shared.memory, THREADS * PAGE);
	assert_int_equal(fake_count_objects(), 0);
}

static void *use_one_device(void *data)
{
	struct shared *shared = data;
	struct vfa_device *device = shared->device;

	for (size_t i = 0; i < ROUNDS; i++) {
		volatile void *base = NULL;
		struct vfa_irq *irq = NULL;
		uint16_t vendor = 0;
		int err;

		EXPECT(!vfa_region_map(device, VFA_BAR(0), &base));
		EXPECT(!vfa_config_read16(device, 0, &vendor) && vendor == 0x1234);
		EXPECT(!vfa_device_enable_bus_master(device));
		err = vfa_irq_enable(device, VFA_IRQ_MSI, 0, 1, NULL, &irq);
		EXPECT(!err || err == -EBUSY);
		vfa_irq_disable(irq);
		EXPECT(!vfa_region_unmap(device, VFA_BAR(0)));
	}
	return NULL;
}

static void threads_share_a_device(void **state)
{
	struct shared shared;

	start(&shared, state);
	run_threads(&shared, use_one_device);
	assert_true(fake_is_bus_master(EDU));
	stop(&shared);
}

static void *wait_for_own_vector(void *data)
{
	struct shared *shared = data;
	uint32_t vector = atomic_fetch_add(&shared->next, 1);

	for (size_t i = 0; i < ROUNDS; i++) {
		uint64_t events = 0;

		fake_fire(NVME, VFA_IRQ_MSIX, vector);
		EXPECT(!vfa_irq_wait(shared->irq, vector, 5000, &events) && events == 1);
	}
	return NULL;
}

static void threads_wait_for_vectors_of_their_own(void **state)
{
	struct vfa_device *device;
	struct shared shared;

	start(&shared, state);
	device = open_device(shared.container, NVME);
	assert_ok(vfa_irq_enable(device, VFA_IRQ_MSIX, 0, THREADS, NULL, &shared.irq));
	run_threads(&shared, wait_for_own_vector);
	vfa_irq_disable(shared.irq);
	vfa_device_close(device);
	stop(&shared);
}

/* Whoever comes first: the other process has the container, or KVM the device. */
static void *send_or_add_to_kvm(void *data)
{
	struct shared *shared = data;
	int err = atomic_fetch_add(&shared->next, 1) == shared->sender
			  ? vfa_share_send(shared->socket, shared->container)
			  : vfa_kvm_add(shared->kvm, shared->device);

	EXPECT(!err || err == -EBUSY || err == -EEXIST);
	atomic_fetch_add(&shared->winners, !err);
	return NULL;
}

static void what_kvm_has_is_not_sent(void **state)
{
	int vm = fake_vm_open(), ends[2];
	struct shared shared;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	for (size_t i = 0; i < ROUNDS; i++) {
		start(&shared, state);
		shared.socket = ends[0];
		shared.sender = i % 2; /* who comes first wins more often */
		assert_ok(vfa_kvm_open(shared.machine->host, vm, &shared.kvm));
		run_threads(&shared, send_or_add_to_kvm);
		assert_int_equal(shared.winners, 1);
		stop(&shared);
		vfa_kvm_close(shared.kvm);
		fake_drop_messages();
	}
	close(ends[0]);
	close(ends[1]);
	close_node(vm);
}

/* The first two lead from one container to the other and back, the others to one of their own. */
static void *lead_by_pasid(void *data)
{
	struct shared *shared = data;
	unsigned int index = atomic_fetch_add(&shared->next, 1);
	struct vfa_device *device = index % 2 ? shared->neighbour : shared->device;
	struct vfa_container *space = index ? shared->container : shared->beside;
	char *page = shared->memory + index * PAGE;
	uint32_t pasid;

	if (index > 1)
		EXPECT(!vfa_container_open_beside(shared->container, &space));
	for (size_t i = 0; i < ROUNDS; i++) {
		struct vfa_mapping *mapping = NULL;

		EXPECT(!vfa_pasid_attach(device, space, NULL, &pasid));
		EXPECT(!vfa_container_map(space, page, PAGE, NULL, &mapping));
		EXPECT(vfa_pasid_list(device, NULL, 0) > 0);
		EXPECT(!vfa_mapping_unmap(mapping));
		EXPECT(!vfa_pasid_detach(device, space));
	}
	if (index > 1)
		vfa_container_close(space);
	return NULL;
}

static void threads_lead_to_each_other_by_pasid(void **state)
{
	struct fake_iommu iommu = { .pasid_bits = 8 };
	struct shared shared;

	fake_set_iommu(4, &iommu);
	fake_set_iommu(5, &iommu);
	start(&shared, state);
	assert_ok(vfa_container_open_beside(shared.container, &shared.beside));
	shared.neighbour = open_device(shared.beside, NVME);
	run_threads(&shared, lead_by_pasid);
	assert_int_equal(fake_count_kind(FAKE_OBJECT_PAGE_TABLE), 0);
	vfa_device_close(shared.neighbour);
	vfa_container_close(shared.beside);
	stop(&shared);
}

static void *open_containers(void *data)
{
	struct shared *shared = data;

	for (size_t i = 0; i < ROUNDS; i++) {
		struct vfa_container *container = NULL;
		struct vfa_group *group = NULL;

		EXPECT(!vfa_container_open(shared->machine->host, shared->machine->backend,
					   &container));
		EXPECT(!vfa_group_new(shared->machine->host, 9, &group));
		vfa_group_free(group);
		vfa_container_close(container);
	}
	return NULL;
}

static void threads_share_a_host(void **state)
{
	struct shared shared;

	start(&shared, state);
	run_threads(&shared, open_containers);
	stop(&shared);
}

/* Each with a window of its own, which all avoid. */
static void *add_windows_and_ask(void *data)
{
	struct shared *shared = data;
	uint64_t start = (1 + atomic_fetch_add(&shared->next, 1)) * 0x100000;
	struct vfa_window window = { { start, start + 0xfffff }, VFA_WINDOW_BAR, NVME }, seen;
	struct vfa_map_options options = at(start);

	for (size_t i = 0; i < ROUNDS; i++) {
		struct vfa_address_info info = VFA_ADDRESS_INFO_INIT;
		struct vfa_verdict verdict = VFA_VERDICT_INIT;
		struct vfa_mapping *mapping = NULL;

		EXPECT(!vfa_container_add_window(shared->container, &window));
		EXPECT(!vfa_container_check_map(shared->container, NULL, PAGE, NULL, &verdict));
		EXPECT(!verdict.code && !(verdict.flags & VFA_VERDICT_WINDOW));
		EXPECT(!vfa_container_map(shared->container, shared->memory, PAGE, &options,
					  &mapping));
		EXPECT(vfa_mapping_window(mapping, &seen) == 1 && seen.range.start == start);
		EXPECT(!vfa_container_describe(shared->container, start, &info));
		EXPECT(info.kind == VFA_ADDRESS_MAPPED && info.vaddr == shared->memory);
		EXPECT(!vfa_mapping_unmap(mapping));
		EXPECT(!vfa_container_remove_window(shared->container, &window));
	}
	return NULL;
}

static void threads_add_windows_and_ask(void **state)
{
	struct shared shared;

	start(&shared, state);
	run_threads(&shared, add_windows_and_ask);
	assert_int_equal(vfa_container_windows(shared.container, NULL, 0), 0);
	stop(&shared);
}

/* What stays is found always, and what comes and goes is never found wrong. */
static void readers_see_right_answers_while_others_map(void **state)
{
	struct space space = open_space(state);
	struct stress_plan plan = {
		.container = space.container,
		.kernel = fake_syscalls.ioctl,
		.memory = memory_new(STRESS_MEMORY),
		.page = PAGE,
		.rounds = is_slow() ? 1000 : 50000,
	};

	fake_set_trusts_memory(true);
	assert_int_equal(stress_run(&plan), 0);
	assert_int_equal(fake_count_mappings(), 0);
	memory_free(plan.memory, STRESS_MEMORY);
	close_space(space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(threads_map_and_unmap),
		ON_BOTH(threads_fight_for_an_iova),
		ON_BOTH(threads_use_buffers),
		ON_BOTH(devices_come_and_go_while_others_map),
		CASE(threads_open_the_first_devices),
		ON_BOTH(the_last_thread_closes_the_container),
		ON_BOTH(threads_share_a_device),
		ON_BOTH(threads_wait_for_vectors_of_their_own),
		ON_BOTH(what_kvm_has_is_not_sent),
		ON_BOTH(threads_add_windows_and_ask),
		ON_IOMMUFD(threads_lead_to_each_other_by_pasid),
		ON_BOTH(threads_share_a_host),
		ON_BOTH(readers_see_right_answers_while_others_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
