/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Each system call, and each allocation, of whole scenarios fails once. A call
 * of the library then fails with a reason, and all is as it was before, or it
 * succeeds; its list of mappings is the kernel's, and nothing is left at the end.
 */

#include <linux/capability.h>
#include <linux/pci_regs.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allocations.h"
#include "container.h"
#include "device.h"
#include "fake/no_snoop.h"
#include "fixture.h"
#include "mapping.h"

#define MIB          (1ul << 20)
#define MAPPINGS_MAX 32
#define FDS_SEEN     128 /* that scenarios may reach */

/* Where the next mappings would go: all that can be seen of what is free. */
static const struct iova_wish wishes[] = {
	{ .size = PAGE, .min = PAGE, .max = UINT64_MAX, .alignment = PAGE },
	{ .size = 16 * PAGE, .max = UINT64_MAX, .alignment = PAGE },
	{ .size = PAGE, .min = 0x10000, .max = UINT64_MAX, .alignment = PAGE },
	{ .size = 3 * PAGE, .min = 0x20000, .max = UINT64_MAX, .alignment = PAGE },
	{ .size = 2 * MIB, .max = UINT64_MAX, .alignment = 2 * MIB },
};

#define WISHES (sizeof(wishes) / sizeof(wishes[0]))

/* All that a call which fails has to leave as it was; no padding. */
struct snapshot {
	size_t fds;
	size_t objects;
	size_t vectors;
	size_t devices;
	size_t count; /* of the library's mappings */
	uint64_t mapped_bytes;
	uint64_t free[WISHES];
	uint64_t kernel[MAPPINGS_MAX][3]; /* its mappings: IOVA, size, address */
};

/* One run of a scenario. */
struct run {
	struct machine *machine;
	struct vfa_container *container;
	char *memory;
	unsigned int failures;  /* calls of the library that failed */
	struct snapshot before; /* the next call */
};

/* One system call tells of all: this is asked after each step of each run. */
static size_t count_open_fds(void)
{
	struct pollfd fds[FDS_SEEN];
	size_t count = 0;

	for (int fd = 0; fd < FDS_SEEN; fd++)
		fds[fd] = (struct pollfd){ .fd = fd };
	assert_true(poll(fds, FDS_SEEN, 0) >= 0);
	for (int fd = 0; fd < FDS_SEEN; fd++)
		count += !(fds[fd].revents & POLLNVAL);
	return count - fake_count_own_fds();
}

static void snapshot_container(struct vfa_container *container, struct snapshot *ret)
{
	const struct vfa_device *device = container->devices;

	for (; device; device = device->next)
		ret->devices++;
	ret->count = container->space.count;
	ret->mapped_bytes = container->mapped_bytes;
	/* Without a device nothing is free: the limits that may still be there are nobody's. */
	for (size_t i = 0; container->devices && i < WISHES; i++)
		iova_space_find(&container->space, &wishes[i], &ret->free[i]);
}

static void take_snapshot(const struct run *run, struct snapshot *ret)
{
	struct fake_mapping mapping;

	memset(ret, 0, sizeof(*ret));
	ret->fds = count_open_fds();
	ret->objects = fake_count_objects();
	ret->vectors = fake_count_vectors();
	for (size_t i = 0; fake_get_mapping(i, &mapping); i++) {
		assert_true(i < MAPPINGS_MAX);
		ret->kernel[i][0] = mapping.iova;
		ret->kernel[i][1] = mapping.size;
		ret->kernel[i][2] = mapping.vaddr;
	}
	if (run->container)
		snapshot_container(run->container, ret);
}

static bool kernel_has(const struct vfa_iova_range *range)
{
	struct fake_mapping mapping;

	for (size_t i = 0; fake_get_mapping(i, &mapping); i++)
		if (mapping.iova == range->start && mapping.size == range->last - range->start + 1)
			return true;
	return false;
}

/* Without a device type1 has nothing, and the list waits for the next one. */
static void check_list(const struct vfa_container *container)
{
	const struct iova_space *space = &container->space;
	const struct iova_span *span;

	if (!container->backend || !container->backend->ops->holds_mappings(container->backend)) {
		assert_int_equal(fake_count_mappings(), 0);
		return;
	}
	assert_int_equal(fake_count_mappings(), space->count);
	for (span = iova_space_first(space, &range_everything); span;
	     span = iova_space_next(space, span))
		assert_true(kernel_has(&span->range));
}

/* What is in the list is found, by its IOVA and by its address. */
static void check_index(struct vfa_container *container)
{
	const struct iova_space *space = &container->space;
	const struct iova_span *span = iova_space_first(space, &range_everything);

	for (; span; span = iova_space_next(space, span)) {
		const struct vfa_mapping *mapping = mapping_of((struct iova_span *)span);
		uint64_t iova = 0, size = mapping_size(mapping);
		void *vaddr = NULL;

		assert_ok(vfa_container_find_vaddr(container, span->range.start, size, &vaddr));
		assert_ptr_equal(vaddr, mapping->vaddr);
		assert_ok(vfa_container_find_iova(container, mapping->vaddr, 1, &iova));
		assert_ok(vfa_container_find_vaddr(container, iova, 1, &vaddr));
		assert_ptr_equal(vaddr, mapping->vaddr);
	}
}

static void check_error(struct run *run, int result)
{
	const struct vfa_error *error = vfa_error_last();

	run->failures++;
	assert_int_equal(error->code, result);
	assert_int_not_equal(error->cause, VFA_CAUSE_NONE);
	assert_true(error->message[0]);
}

/* A call came back, which may have done a part of its work when it failed. */
static bool step_partly(struct run *run, int result)
{
	if (result < 0)
		check_error(run, result);
	if (run->container) {
		check_list(run->container);
		check_index(run->container);
	}
	take_snapshot(run, &run->before);
	return result >= 0;
}

/* A call came back, which has changed nothing when it failed: whether it succeeded. */
static bool step(struct run *run, int result)
{
	struct snapshot before = run->before;

	step_partly(run, result);
	if (result < 0)
		assert_memory_equal(&run->before, &before, sizeof(before));
	return result >= 0;
}

static void use_mappings(struct run *run)
{
	struct vfa_container *container = run->container;
	struct vfa_map_options options = at(0x10000);
	struct vfa_mapping *first = NULL, *second = NULL;
	struct vfa_buffer *buffer = NULL;

	step(run, vfa_container_map(container, run->memory, PAGE, &options, &first));
	step(run, vfa_container_map(container, run->memory, PAGE, NULL, &second));
	step(run, vfa_buffer_alloc(container, PAGE, NULL, &buffer));
	if (second)
		step_partly(run, vfa_mapping_unmap(second));
	vfa_buffer_free(buffer);
	step(run, 0);
	for (uint64_t i = 0; i < 3; i++) {
		options = at(0x20000 + i * PAGE);
		step(run, vfa_container_map(container, run->memory, PAGE, &options, NULL));
	}
	step_partly(run, vfa_container_unmap(container, 0x20000, 3 * PAGE));
}

/* What a device may reach is looked for in a scenario of its own: it takes many calls. */
static const struct vfa_device_options without_windows = {
	.struct_size = sizeof(without_windows),
	.flags = VFA_DEVICE_NO_WINDOWS,
};

static int open_plainly(struct vfa_container *container, const char *bdf, struct vfa_device **ret)
{
	return vfa_device_open(container, bdf, &without_windows, ret);
}

static void use_device(struct run *run, struct vfa_device *device)
{
	volatile void *base;
	struct vfa_memlock_estimate estimate = VFA_MEMLOCK_ESTIMATE_INIT;
	struct vfa_limits limits = VFA_LIMITS_INIT;
	struct vfa_irq *irq = NULL;
	uint16_t vendor;

	if (step(run, vfa_region_map(device, VFA_BAR(0), &base)))
		step(run, vfa_region_unmap(device, VFA_BAR(0)));
	step(run, vfa_config_read16(device, 0, &vendor));
	step(run, vfa_device_enable_bus_master(device));
	step(run, vfa_irq_count(device, VFA_IRQ_MSI));
	if (step(run, vfa_irq_enable(device, VFA_IRQ_INTX, 0, 1, &irq))) {
		fake_fire(EDU, VFA_IRQ_INTX, 0);
		step(run, vfa_irq_wait(irq, 0, 0, NULL));
		step(run, vfa_irq_mask(irq));
		step(run, vfa_irq_unmask(irq));
		vfa_irq_disable(irq);
		step(run, 0);
	}
	step(run, vfa_device_reset(device));
	step(run, vfa_coherency_is_enforced(run->container));
	step(run, vfa_container_limits(run->container, &limits));
	step(run, vfa_container_estimate_memlock(run->container, NULL, 0, &estimate));
}

/* Two groups come, memory is mapped, and all of it goes again. */
static void the_whole_life(struct run *run)
{
	struct vfa_device *device = NULL, *other = NULL;

	if (!step(run,
		  vfa_container_open(run->machine->host, run->machine->backend, &run->container)))
		return;
	if (step(run, open_plainly(run->container, EDU, &device))) {
		use_device(run, device);
		step(run, open_plainly(run->container, LEFT, &other));
		use_mappings(run);
		vfa_device_close(other);
		step(run, 0);
	}
	vfa_device_close(device);
	step(run, 0);
	vfa_container_close(run->container);
}

static void use_buffer(struct run *run, size_t size, const struct vfa_buffer_options *kind)
{
	struct vfa_buffer_options options = *kind;
	struct vfa_buffer *buffer = NULL;

	options.struct_size = sizeof(options);
	if (step(run, vfa_buffer_alloc(run->container, size, &options, &buffer)))
		memset(vfa_buffer_vaddr(buffer), 1, PAGE);
	vfa_buffer_free(buffer);
	step(run, 0);
}

static void use_buffers(struct run *run, size_t size, const struct vfa_buffer_options *kinds,
			size_t count)
{
	struct vfa_device *device = NULL;

	if (!step(run,
		  vfa_container_open(run->machine->host, run->machine->backend, &run->container)))
		return;
	if (step(run, open_plainly(run->container, EDU, &device)))
		for (size_t i = 0; i < count; i++)
			use_buffer(run, size, &kinds[i]);
	vfa_device_close(device);
	step(run, 0);
	vfa_container_close(run->container);
}

static void buffers(struct run *run)
{
	static const struct vfa_buffer_options kinds[] = {
		{ .flags = 0 },
		{ .flags = VFA_BUFFER_ANONYMOUS },
		{ .alignment = 1 << 20 },
		{ .flags = VFA_BUFFER_IDENTITY, .threads = 1 },
		{ .flags = VFA_BUFFER_ON_NODE },
	};

	use_buffers(run, PAGE, kinds, 5);
}

/* There is one page of 64 KiB, and none of 1 GiB. */
static void huge_buffers(struct run *run)
{
	static const struct vfa_buffer_options kinds[] = {
		{ .flags = VFA_BUFFER_STRICT, .page_size = 64 << 10 },
		{ .flags = VFA_BUFFER_ANONYMOUS | VFA_BUFFER_IDENTITY, .page_size = 64 << 10 },
		{ .page_size = 1 << 30 },
	};

	use_buffers(run, PAGE, kinds, 3);
}

static void buffers_of_two_threads(struct run *run)
{
	static const struct vfa_buffer_options kind = { .threads = 2 };

	use_buffers(run, 4 * MIB + PAGE, &kind, 1);
}

/* Mappings outlive the last device, and are there for the next. */
static void a_change_of_devices(struct run *run)
{
	struct vfa_map_options options = at(0x10000);
	struct vfa_device *device = NULL;

	if (!step(run,
		  vfa_container_open(run->machine->host, run->machine->backend, &run->container)))
		return;
	if (step(run, open_plainly(run->container, EDU, &device))) {
		step(run, vfa_container_map(run->container, run->memory, PAGE, &options, NULL));
		options = at(0x30000);
		step(run, vfa_container_map(run->container, run->memory, PAGE, &options, NULL));
		vfa_device_close(device);
		device = NULL;
		step(run, 0);
		step(run, open_plainly(run->container, NVME, &device));
		step_partly(run, vfa_container_unmap_all(run->container));
	}
	vfa_device_close(device);
	vfa_container_close(run->container);
}

static void map_row(struct run *run, uint64_t iova, uint64_t step_size, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct vfa_map_options options = at(iova + i * step_size);

		step(run, vfa_container_map(run->container, run->memory, PAGE, &options, NULL));
	}
}

/* Some in a row, some with gaps between them; unmapped in parts, and then all at once. */
static void rows_of_mappings(struct run *run)
{
	struct vfa_device *device = NULL;

	if (!step(run,
		  vfa_container_open(run->machine->host, run->machine->backend, &run->container)))
		return;
	if (step(run, open_plainly(run->container, EDU, &device))) {
		map_row(run, 0x10000, PAGE, 4);
		map_row(run, 0x40000, 3 * PAGE, 4);
		step_partly(run, vfa_container_unmap(run->container, 0x11000, 2 * PAGE));
		step_partly(run, vfa_container_unmap(run->container, 0x30000, 0x14000));
		map_row(run, 0x11000, PAGE, 2);
		step_partly(run, vfa_container_unmap_all(run->container));
		map_row(run, 0x40000, PAGE, 1);
	}
	vfa_device_close(device);
	device = NULL;
	step(run, 0);
	/* On type1 what is left is mapped anew. */
	if (step(run, open_plainly(run->container, NVME, &device)))
		step_partly(run, vfa_container_unmap_all(run->container));
	vfa_device_close(device);
	vfa_container_close(run->container);
}

/* Who is counted for is chosen, and a device comes. Type1 has no choice. */
static void a_choice_of_accounting(struct run *run)
{
	struct vfa_device *device = NULL;

	fake_set_capabilities(1ull << CAP_SYS_RESOURCE);
	if (!step(run,
		  vfa_container_open(run->machine->host, run->machine->backend, &run->container)))
		return;
	step(run, vfa_container_set_accounting(run->container, VFA_ACCOUNTING_PROCESS));
	if (step(run, open_plainly(run->container, EDU, &device)))
		use_mappings(run);
	vfa_device_close(device);
	vfa_container_close(run->container);
}

/* A device that does not fit is refused, and leaves all as it was. */
static void a_collision(struct run *run)
{
	struct vfa_map_options options = at(0x100000000);
	struct vfa_device *device = NULL, *other = NULL;
	bool mapped;

	fake_set_aperture(7, 0, 0xffffffff);
	if (!step(run,
		  vfa_container_open(run->machine->host, run->machine->backend, &run->container)))
		return;
	if (step(run, open_plainly(run->container, EDU, &device))) {
		mapped = step(run,
			      vfa_container_map(run->container, run->memory, PAGE, &options, NULL));
		if (mapped)
			assert_true(open_plainly(run->container, OTHER, &other) < 0);
		assert_null(other);
		step_partly(run, vfa_container_unmap_all(run->container));
		step(run, open_plainly(run->container, OTHER, &other));
		vfa_device_close(other);
		step(run, 0);
	}
	vfa_device_close(device);
	vfa_container_close(run->container);
}

static void ask(struct run *run)
{
	struct vfa_address_info info = VFA_ADDRESS_INFO_INIT;
	struct vfa_verdict verdict = VFA_VERDICT_INIT;
	char text[256];

	step(run, vfa_container_check_map(run->container, NULL, PAGE, NULL, &verdict));
	if (step(run, vfa_container_describe(run->container, 0x10000, &info)))
		step(run, vfa_address_explain(&info, VFA_ACCESS_READ, text, sizeof(text)));
}

/* Mappings in and out of a window, which go with the last device. */
static void windows_and_questions(struct run *run)
{
	const struct vfa_window window = { { 0x10000, 0x1ffff }, VFA_WINDOW_BAR, NVME };
	struct vfa_map_options options = at(0x10000);
	struct vfa_device *device = NULL;
	bool added;

	if (!step(run,
		  vfa_container_open(run->machine->host, run->machine->backend, &run->container)))
		return;
	step(run, vfa_container_keep_mappings(run->container, false));
	added = step(run, vfa_container_add_window(run->container, &window));
	if (step(run, open_plainly(run->container, EDU, &device))) {
		step(run, vfa_container_map(run->container, run->memory, PAGE, &options, NULL));
		step(run, vfa_container_map(run->container, run->memory, PAGE, NULL, NULL));
		ask(run);
		if (added)
			step(run, vfa_container_remove_window(run->container, &window));
	}
	vfa_device_close(device);
	step(run, 0);
	vfa_container_close(run->container);
}

/* A device brings windows along, and takes them with it. */
static void windows_of_a_device(struct run *run)
{
	const struct tree_resource bar = { 0, 0x10000, 0x1ffff, TREE_MEMORY };
	struct vfa_topology *topology = NULL;
	struct vfa_device *device = NULL;
	struct vfa_p2p *p2p = NULL;

	tree_write_resources(&run->machine->tree, RIGHT, 13, &bar, 1);
	if (step(run, vfa_topology_new(run->machine->host, &topology))) {
		step(run, vfa_topology_windows(topology, LEFT, NULL, 0));
		if (step(run, vfa_p2p_new(topology, LEFT, RIGHT, &p2p)))
			vfa_p2p_free(p2p);
	}
	vfa_topology_free(topology);
	if (!step(run,
		  vfa_container_open(run->machine->host, run->machine->backend, &run->container)))
		return;
	if (step(run, vfa_device_open(run->container, LEFT, NULL, &device))) {
		step(run, vfa_device_windows(device, NULL, 0));
		step(run, vfa_container_map(run->container, run->memory, PAGE, NULL, NULL));
	}
	vfa_device_close(device);
	step(run, 0);
	assert_int_equal(vfa_container_windows(run->container, NULL, 0), 0);
	vfa_container_close(run->container);
}

/* A get that cannot let the pool grow leaves it as it is. */
static void use_pool(struct run *run)
{
	struct vfa_pool_options options = VFA_POOL_OPTIONS_INIT;
	struct vfa_pool *pool = NULL;
	struct vfa_piece pieces[8];
	size_t count = 0;

	options.max_count = 8;
	options.cache_size = 2;
	if (!step(run, vfa_pool_new(run->container, PAGE, 2, &options, &pool)))
		return;
	for (size_t i = 0; i < 8; i++) {
		size_t before = vfa_pool_count(pool);

		if (step(run, vfa_pool_get(pool, &pieces[count])))
			count++;
		else
			assert_int_equal(vfa_pool_count(pool), before);
		assert_int_equal(vfa_pool_count_free(pool), vfa_pool_count(pool) - count);
	}
	while (count--)
		assert_ok(vfa_pool_put(pool, pieces[count].vaddr));
	vfa_pool_free(pool);
	step(run, 0);
}

static void a_pool(struct run *run)
{
	struct vfa_device *device = NULL;

	if (!step(run,
		  vfa_container_open(run->machine->host, run->machine->backend, &run->container)))
		return;
	if (step(run, open_plainly(run->container, EDU, &device)))
		use_pool(run);
	vfa_device_close(device);
	step(run, 0);
	vfa_container_close(run->container);
}

/* All nodes come from somebody else. */
static void passed_nodes(struct run *run)
{
	bool type1 = run->machine->backend == VFA_BACKEND_TYPE1;
	int control = open_node(run->machine, type1 ? "vfio/vfio" : "iommu");
	int node = open_node(run->machine, type1 ? "vfio/4" : "vfio/devices/vfio0");
	struct vfa_device *device = NULL;

	step(run, 0);
	if (control >= 0 && node >= 0 &&
	    step(run, vfa_container_open_fd(run->machine->host, run->machine->backend, control,
					    &run->container))) {
		if (step(run,
			 vfa_device_open_fd(run->container, EDU, node, &without_windows, &device)))
			use_mappings(run);
		vfa_device_close(device);
		vfa_container_close(run->container);
	}
	if (control >= 0)
		close_node(control);
	if (node >= 0)
		close_node(node);
}

static void snapshots(struct run *run)
{
	struct vfa_host *host = run->machine->host;
	struct vfa_viability *viability = NULL;
	struct vfa_probe *probe = NULL;
	struct vfa_group *group = NULL;
	uint32_t numbers[8];

	step(run, vfa_group_list(host, numbers, 8));
	if (step(run, vfa_group_new(host, 9, &group)))
		vfa_group_free(group);
	if (step(run, vfa_group_new_for_device(host, EDU, &group)))
		vfa_group_free(group);
	if (step(run, vfa_viability_new(host, 6, &viability)))
		vfa_viability_free(viability);
	if (step(run, vfa_probe_new(host, NULL, &probe)))
		vfa_probe_free(probe);
	if (step(run, vfa_probe_new(host, SHARED, &probe)))
		vfa_probe_free(probe);
	step(run, vfa_host_check_backend(host, run->machine->backend));
}

static void write_registers(const struct tree *tree)
{
	static const char *const devices[] = {
		EDU, NVME, SHARED, "0000:00:06.1", OTHER, LEFT, RIGHT
	};
	struct config config;

	config_init(&config, 0x1b36, 0x0010);
	config_add_express(&config, PCI_EXP_TYPE_ENDPOINT);
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		tree_write_config(tree, devices[i], &config, 0);
	config_init(&config, 0x1b36, 0x000c);
	config_make_bridge(&config, 1, 1);
	config_add_express(&config, PCI_EXP_TYPE_ROOT_PORT);
	tree_write_config(tree, PORT, &config, 0);
}

/* What could not be read may be missing from a report that says so, and from no other. */
static void check_report(const struct vfa_topology *topology, const struct vfa_isolation *isolation)
{
	int port = vfa_topology_find_function(topology, PORT);
	const struct vfa_isolation_member *member;

	if (vfa_isolation_is_supported(isolation) == VFA_UNKNOWN)
		return;
	assert_int_equal(vfa_isolation_count_steps(isolation), 2);
	/* A link that is not there is an answer too: no IOMMU covers the port. */
	if (vfa_topology_get_function(topology, port)->group < 0)
		return;
	for (size_t i = 0; (member = vfa_isolation_get_member(isolation, i)); i++)
		assert_int_equal(member->culprit, port);
}

static void reports_on_isolation(struct run *run)
{
	const struct vfa_acs_change change = { PORT, VFA_ACS_ISOLATION, 0 };
	struct vfa_isolation *isolation = NULL;
	struct vfa_topology *topology = NULL;
	int32_t groups[8];

	write_registers(&run->machine->tree);
	if (step(run, vfa_topology_new(run->machine->host, &topology))) {
		step(run, vfa_topology_predict(topology, &change, 1, groups, 8));
		if (step(run, vfa_isolation_new(topology, LEFT, NULL, 0, &isolation))) {
			check_report(topology, isolation);
			vfa_isolation_free(isolation);
		}
	}
	vfa_topology_free(topology);
}

/* The refusals themselves do system calls and allocate. */
static void refusals(struct run *run)
{
	struct vfa_container *container = NULL;
	struct vfa_device *device = NULL;

	if (vfa_container_open(run->machine->host, run->machine->backend, &container) < 0)
		return;
	assert_true(open_plainly(container, SHARED, &device) < 0);
	assert_true(vfa_error_last()->message[0]);
	fake_set_group_busy(7, true);
	assert_true(open_plainly(container, OTHER, &device) < 0);
	fake_set_group_busy(7, false);
	assert_true(open_plainly(container, "0000:00:06.1", &device) < 0);
	assert_null(device);
	vfa_container_close(container);
}

/* What could not be read is unknown, and never told as a no. */
static void check_coherency(struct run *run, int result, const struct vfa_coherency *coherency)
{
	if (!step(run, result))
		return;
	assert_int_not_equal(coherency->device, VFA_NO);
	assert_int_not_equal(coherency->iommu, VFA_NO);
	assert_int_equal(coherency->verdict, VFA_COHERENCY_MAY_BREAK);
}

static void use_no_snoop(struct run *run, struct vfa_device *device)
{
	struct vfa_coherency coherency = VFA_COHERENCY_INIT;
	struct vfa_wbinvd wbinvd = VFA_WBINVD_INIT;

	check_coherency(run, vfa_device_coherency(device, &coherency), &coherency);
	if (step(run, vfa_coherency_needs_wbinvd(&device, 1, &wbinvd)))
		assert_int_equal(wbinvd.needed, VFA_UNKNOWN);
	if (step_partly(run, vfa_device_disable_no_snoop(device)))
		assert_int_equal(fake_get_config(NVME, CONFIG_CONTROL), PCI_EXP_DEVCTL_RELAX_EN);
	step_partly(run, vfa_device_enable_no_snoop(device));
}

/* A device that issues no-snoop transactions, which the IOMMU lets through. */
static void questions_of_coherency(struct run *run)
{
	struct config config = config_express(0x020000, PCI_EXP_TYPE_ENDPOINT, true);
	struct vfa_coherency coherency = VFA_COHERENCY_INIT;
	struct machine *machine = run->machine;
	struct vfa_device *device = NULL;

	fake_set_coherent(5, false);
	fake_set_config(NVME, 0, config.bytes, sizeof(config.bytes));
	tree_write_config(&machine->tree, NVME, &config, 0);
	check_coherency(run, vfa_coherency_read(machine->host, NVME, &coherency), &coherency);
	if (!step(run, vfa_container_open(machine->host, machine->backend, &run->container)))
		return;
	if (step(run, open_plainly(run->container, NVME, &device)))
		use_no_snoop(run, device);
	vfa_device_close(device);
	step(run, 0);
	vfa_container_close(run->container);
}

static void check_nothing_left(const struct machine *machine)
{
	assert_int_equal(fake_count_vectors(), 0);
	assert_int_equal(fake_count_mappings(), 0);
	assert_int_equal(fake_count_objects(), 0);
	assert_int_equal(count_fds(), machine->fds);
}

typedef void (*scenario)(struct run *run);

/* Memory that is shared, in bytes of address space: all that is mapped for DMA here. */
static size_t count_shared(void)
{
	FILE *file = fopen("/proc/self/maps", "re");
	unsigned long start, end;
	char line[512], kind;
	size_t size = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%lx-%lx %*3c%c", &start, &end, &kind) == 3 && kind == 's')
			size += end - start;
	fclose(file);
	return size;
}

static unsigned int play(struct machine *machine, scenario play_it)
{
	struct run run = { .machine = machine };
	size_t shared = count_shared();

	take_snapshot(&run, &run.before);
	fake_set_huge_pages(64 << 10, 1);
	run.memory = memory_new(PAGE);
	play_it(&run);
	memory_free(run.memory, PAGE);
	assert_int_equal(count_shared(), shared);
	machine->log[0] = '\0';
	return run.failures;
}

/* Undisturbed, the scenario is one that succeeds. */
static void check_undisturbed(struct machine *machine, scenario play_it)
{
	fake_fail_call(0, 0);
	assert_int_equal(play(machine, play_it), 0);
	check_nothing_left(machine);
}

static void fail_call(struct machine *machine, scenario play_it, unsigned int n, int err)
{
	fake_fail_call(n, err);
	play(machine, play_it);
	check_nothing_left(machine);
}

/* By an errno that is unknown there, and then by all that the kernel can give. */
static void fail_each_call_by_any_errno(void **state, scenario play_it)
{
	unsigned int n = 0;

	check_undisturbed(*state, play_it);
	for (fail_call(*state, play_it, ++n, EDOM); fake_has_failed();
	     fail_call(*state, play_it, ++n, EDOM)) {
		const int *errors = fake_failed_errors();

		assert_non_null(errors);
		/* What one errno leaves behind has to do where all is slow. */
		for (; *errors && !is_slow(); errors++)
			fail_call(*state, play_it, n, *errors);
	}
	fake_fail_call(0, 0);
	assert_true(n > 5);
}

/* Of maps, unmaps and options, which are done then. */
static void fail_each_answer(void **state, scenario play_it)
{
	struct machine *machine = *state;
	unsigned int n = 0;

	do {
		fake_fail_answer(++n);
		play(machine, play_it);
		check_nothing_left(machine);
	} while (fake_has_failed());
	fake_fail_answer(0);
	assert_true(n > 1);
}

static void fail_each_allocation(void **state, scenario play_it)
{
	struct machine *machine = *state;
	unsigned int n = 0;
	bool came;

	check_undisturbed(machine, play_it);
	do {
		allocations_fail_at(++n);
		play(machine, play_it);
		came = allocations_stop();
		check_nothing_left(machine);
	} while (came);
	assert_true(n > 1);
}

/* A signal at any point is no failure at all. */
static void interrupt_each_call(void **state, scenario play_it)
{
	struct machine *machine = *state;
	unsigned int n = 0;

	do {
		fake_fail_call(++n, EINTR);
		assert_int_equal(play(machine, play_it), 0);
		check_nothing_left(machine);
	} while (fake_has_failed());
	fake_fail_call(0, 0);
}

#define SCENARIO(name)                                                                             \
	static void each_call_of_##name##_may_fail(void **state)                                   \
	{                                                                                          \
		fail_each_call_by_any_errno(state, name);                                          \
	}                                                                                          \
	static void each_allocation_of_##name##_may_fail(void **state)                             \
	{                                                                                          \
		fail_each_allocation(state, name);                                                 \
	}

#define UNANSWERED(name)                                                                           \
	static void each_answer_to_##name##_may_fail(void **state)                                 \
	{                                                                                          \
		fail_each_answer(state, name);                                                     \
	}

#define INTERRUPTED(name)                                                                          \
	static void signals_do_not_disturb_##name(void **state)                                    \
	{                                                                                          \
		interrupt_each_call(state, name);                                                  \
	}

SCENARIO(the_whole_life)
SCENARIO(a_change_of_devices)
SCENARIO(rows_of_mappings)
SCENARIO(a_choice_of_accounting)
SCENARIO(buffers)
SCENARIO(huge_buffers)
SCENARIO(buffers_of_two_threads)
SCENARIO(a_collision)
SCENARIO(windows_and_questions)
SCENARIO(windows_of_a_device)
SCENARIO(a_pool)
SCENARIO(passed_nodes)
SCENARIO(questions_of_coherency)
SCENARIO(reports_on_isolation)
SCENARIO(snapshots)
SCENARIO(refusals)
UNANSWERED(the_whole_life)
UNANSWERED(a_change_of_devices)
UNANSWERED(buffers)
UNANSWERED(a_choice_of_accounting)
UNANSWERED(rows_of_mappings)
INTERRUPTED(the_whole_life)
INTERRUPTED(a_change_of_devices)
INTERRUPTED(buffers)
INTERRUPTED(huge_buffers)
INTERRUPTED(buffers_of_two_threads)
UNANSWERED(windows_and_questions)
INTERRUPTED(a_collision)
INTERRUPTED(questions_of_coherency)
INTERRUPTED(windows_and_questions)
UNANSWERED(a_pool)
INTERRUPTED(a_pool)
INTERRUPTED(reports_on_isolation)
INTERRUPTED(snapshots)

#define CASES(name)                                                                                \
	ON_BOTH(each_call_of_##name##_may_fail), ON_BOTH(each_allocation_of_##name##_may_fail)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASES(the_whole_life),
		CASES(a_change_of_devices),
		CASES(rows_of_mappings),
		CASES(a_choice_of_accounting),
		CASES(buffers),
		CASES(huge_buffers),
		CASES(buffers_of_two_threads),
		CASES(a_collision),
		CASES(windows_and_questions),
		CASES(windows_of_a_device),
		CASES(a_pool),
		CASES(passed_nodes),
		CASES(questions_of_coherency),
		/* No backend has a part in it. */
		ON_TYPE1(each_call_of_reports_on_isolation_may_fail),
		ON_TYPE1(each_allocation_of_reports_on_isolation_may_fail),
		CASES(snapshots),
		CASES(refusals),
		ON_BOTH(each_answer_to_the_whole_life_may_fail),
		ON_BOTH(each_answer_to_a_change_of_devices_may_fail),
		ON_BOTH(each_answer_to_buffers_may_fail),
		ON_BOTH(each_answer_to_a_choice_of_accounting_may_fail),
		ON_BOTH(each_answer_to_rows_of_mappings_may_fail),
		ON_BOTH(signals_do_not_disturb_the_whole_life),
		ON_BOTH(signals_do_not_disturb_a_change_of_devices),
		ON_BOTH(signals_do_not_disturb_buffers),
		ON_BOTH(signals_do_not_disturb_huge_buffers),
		ON_BOTH(signals_do_not_disturb_buffers_of_two_threads),
		ON_IOMMUFD(each_answer_to_windows_and_questions_may_fail),
		ON_BOTH(signals_do_not_disturb_a_collision),
		ON_BOTH(signals_do_not_disturb_questions_of_coherency),
		ON_BOTH(signals_do_not_disturb_windows_and_questions),
		ON_BOTH(each_answer_to_a_pool_may_fail),
		ON_BOTH(signals_do_not_disturb_a_pool),
		ON_TYPE1(signals_do_not_disturb_reports_on_isolation),
		ON_BOTH(signals_do_not_disturb_snapshots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
