/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * PASIDs and page faults on the real iommufd, with the kernel's own mock devices. A mock
 * device asks for one page at a time, so that groups of more are left to the unit tests.
 */

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "mock.h"

#define PATIENCE_MS 30000
#define IOVA        (MOCK_START + 0x100000)
#define ALL         64

/* A device, its container, and an address space beside it. */
struct mocked {
	struct vfa_host *host;
	struct vfa_container *container;
	struct vfa_container *space;
	struct vfa_device *device;
};

static struct vfa_container *open_beside(struct vm *vm, struct vfa_container *container)
{
	struct vfa_container *space = NULL;

	assert_ok(vfa_container_open_beside(container, &space));
	vm_own_container(vm, space);
	return space;
}

static struct mocked open_mock(struct vm *vm, const char *bdf)
{
	struct mocked mocked = { .host = mock_host(vm) };

	assert_ok(vfa_container_open(mocked.host, VFA_BACKEND_IOMMUFD, &mocked.container));
	vm_own_container(vm, mocked.container);
	mocked.device = vm_device(vm, mocked.container, bdf);
	mocked.space = open_beside(vm, mocked.container);
	return mocked;
}

static uint32_t attach(const struct mocked *mocked, struct vfa_fault_queue *queue)
{
	struct vfa_pasid_options options = VFA_PASID_OPTIONS_INIT;
	uint32_t pasid = 0;

	options.faults = queue;
	assert_ok(vfa_pasid_attach(mocked->device, mocked->space, &options, &pasid));
	return pasid;
}

static void map(struct vfa_container *space, void *memory, size_t size, uint64_t iova)
{
	struct vfa_map_options options = vm_fixed(iova);

	assert_ok(vfa_container_map(space, memory, size, &options, NULL));
}

/* All that a mock device has left is gone with it. */
static void nothing_is_left(void)
{
	assert_int_equal(mock_count(), 0);
}

static void hardware_info_is_that_of_the_mock(void **state)
{
	struct vfa_iommu_info info = VFA_IOMMU_INFO_INIT;
	struct mocked mocked = open_mock(*state, MOCK);
	uint32_t reg;

	assert_ok(vfa_iommu_get_info(mocked.device, &info));
	assert_int_equal(info.type, VFA_IOMMU_OTHER);
	assert_int_equal(info.kernel_type, MOCK_TYPE);
	assert_int_equal(info.pasid_bits, MOCK_BITS);
	assert_int_equal(info.is_pasid_told, 1);
	assert_true(info.capabilities & VFA_IOMMU_DIRTY_TRACKING);
	assert_false(info.capabilities & VFA_IOMMU_PASID_EXEC);
	assert_int_equal(info.data_size, 8);
	memcpy(&reg, info.registers.raw + 4, sizeof(reg));
	assert_int_equal(reg, MOCK_REGISTER);
	assert_int_equal(info.registers.raw[8], 0);

	mocked.device = vm_device(*state, mocked.container, PLAIN_MOCK);
	assert_ok(vfa_iommu_get_info(mocked.device, &info));
	assert_int_equal(info.pasid_bits, 0);
	assert_int_equal(info.is_pasid_told, 1);
}

static void a_pasid_leads_to_another_address_space(void **state)
{
	struct mocked mocked = open_mock(*state, MOCK);
	char *own = vm_memory(*state, PAGE_SIZE), *other = vm_memory(*state, 4 * PAGE_SIZE);
	uint32_t pasid, table;

	map(mocked.container, own, PAGE_SIZE, IOVA);
	pasid = attach(&mocked, NULL);
	table = mock_table(MOCK, pasid);
	assert_true(pasid > 0 && table > 0);
	assert_true(mock_pasid_leads_to(MOCK, pasid, table));
	assert_false(mock_reaches(MOCK, table, IOVA, own, PAGE_SIZE));
	map(mocked.space, other, 4 * PAGE_SIZE, IOVA);
	assert_true(mock_reaches(MOCK, table, IOVA, other, 4 * PAGE_SIZE));
	assert_ok(vfa_container_unmap_all(mocked.space));
	assert_false(mock_reaches(MOCK, table, IOVA, other, PAGE_SIZE));
	map(mocked.space, own, PAGE_SIZE, IOVA);
	assert_true(mock_reaches(MOCK, table, IOVA, own, PAGE_SIZE));
	assert_ok(vfa_pasid_detach(mocked.device, mocked.space));
	assert_true(mock_pasid_leads_to(MOCK, pasid, 0));
}

/* The new page table has it from the start. */
static void what_is_mapped_before_is_reached_too(void **state)
{
	struct mocked mocked = open_mock(*state, MOCK);
	char *memory = vm_memory(*state, PAGE_SIZE);
	uint32_t pasid;

	pasid = attach(&mocked, NULL);
	map(mocked.space, memory, PAGE_SIZE, IOVA);
	assert_ok(vfa_pasid_detach(mocked.device, mocked.space));
	pasid = attach(&mocked, NULL);
	assert_true(mock_reaches(MOCK, mock_table(MOCK, pasid), IOVA, memory, PAGE_SIZE));
}

static void a_pair_has_one_pasid(void **state)
{
	struct mocked mocked = open_mock(*state, MOCK);
	uint32_t pasid = attach(&mocked, NULL);
	uint32_t table = mock_table(MOCK, pasid);

	assert_int_equal(attach(&mocked, NULL), pasid);
	assert_int_equal(mock_table(MOCK, pasid), table);
	assert_int_equal(vfa_pasid_list(mocked.device, NULL, 0), 1);
	assert_ok(vfa_pasid_detach(mocked.device, mocked.space));
	assert_true(mock_pasid_leads_to(MOCK, pasid, 0));
	assert_int_equal(vfa_pasid_list(mocked.device, NULL, 0), 0);
	assert_refused(vfa_pasid_detach(mocked.device, mocked.space), ENOENT, VFA_CAUSE_NO_PASID);
}

static int attach_given(const struct mocked *mocked, struct vfa_container *space, uint32_t given)
{
	struct vfa_pasid_options options = VFA_PASID_OPTIONS_INIT;
	uint32_t pasid = 0;
	int err;

	options.flags = VFA_PASID_FIXED;
	options.pasid = given;
	err = vfa_pasid_attach(mocked->device, space, &options, &pasid);
	assert_int_equal(pasid, err ? 0 : given);
	return err;
}

static void pasids_are_given(void **state)
{
	struct mocked mocked = open_mock(*state, MOCK);
	struct vfa_container *second = open_beside(*state, mocked.container);
	uint32_t last = (1u << MOCK_BITS) - 1;

	assert_refused(attach_given(&mocked, mocked.space, 0), EINVAL, VFA_CAUSE_BAD_ARGUMENT);
	assert_refused(attach_given(&mocked, mocked.space, last + 1), EINVAL,
		       VFA_CAUSE_BAD_ARGUMENT);
	assert_ok(attach_given(&mocked, mocked.space, last));
	assert_true(mock_pasid_leads_to(MOCK, last, mock_table(MOCK, last)));
	assert_refused(attach_given(&mocked, second, last), EBUSY, VFA_CAUSE_PASID_IN_USE);
	assert_ok(attach_given(&mocked, second, 1));
	assert_int_equal(vfa_pasid_list(mocked.device, NULL, 0), 2);
}

static void two_pasids_lead_to_two_address_spaces(void **state)
{
	struct mocked mocked = open_mock(*state, MOCK), second = mocked;
	char *one = vm_memory(*state, PAGE_SIZE), *two = vm_memory(*state, PAGE_SIZE);
	uint32_t pasids[2], tables[2];

	second.space = open_beside(*state, mocked.container);
	pasids[0] = attach(&mocked, NULL);
	pasids[1] = attach(&second, NULL);
	assert_int_not_equal(pasids[0], pasids[1]);
	for (int i = 0; i < 2; i++)
		tables[i] = mock_table(MOCK, pasids[i]);
	map(mocked.space, one, PAGE_SIZE, IOVA);
	map(second.space, two, PAGE_SIZE, IOVA);
	assert_true(mock_reaches(MOCK, tables[0], IOVA, one, PAGE_SIZE));
	assert_true(mock_reaches(MOCK, tables[1], IOVA, two, PAGE_SIZE));
	assert_false(mock_reaches(MOCK, tables[0], IOVA, two, PAGE_SIZE));
	assert_ok(vfa_pasid_detach(mocked.device, mocked.space));
	assert_true(mock_pasid_leads_to(MOCK, pasids[0], 0));
	assert_true(mock_pasid_leads_to(MOCK, pasids[1], tables[1]));
	assert_true(mock_reaches(MOCK, tables[1], IOVA, two, PAGE_SIZE));
}

/* With the one of the device's own container. */
static void a_pasid_may_lead_to_the_own_address_space(void **state)
{
	struct mocked mocked = open_mock(*state, MOCK);
	char *memory = vm_memory(*state, PAGE_SIZE);
	uint32_t pasid;

	mocked.space = mocked.container;
	pasid = attach(&mocked, NULL);
	map(mocked.container, memory, PAGE_SIZE, IOVA);
	assert_true(mock_reaches(MOCK, mock_table(MOCK, pasid), IOVA, memory, PAGE_SIZE));
	assert_ok(vfa_pasid_detach(mocked.device, mocked.container));
}

static void the_mock_decides_what_can_be_mapped(void **state)
{
	struct mocked mocked = open_mock(*state, MOCK);
	struct vfa_map_options options = vm_fixed(MOCK_LAST + 1);
	char *memory = vm_memory(*state, PAGE_SIZE);
	struct vfa_iova_range range;

	attach(&mocked, NULL);
	assert_int_equal(vfa_container_iova_ranges(mocked.space, &range, 1), 1);
	assert_true(range.start == MOCK_START && range.last == MOCK_LAST);
	assert_refused(vfa_container_map(mocked.space, memory, PAGE_SIZE, &options, NULL), EINVAL,
		       VFA_CAUSE_OUTSIDE_APERTURE);
}

static void a_device_without_pasids_is_refused(void **state)
{
	struct mocked mocked = open_mock(*state, PLAIN_MOCK);
	uint32_t pasid = 0;

	assert_refused(vfa_pasid_attach(mocked.device, mocked.space, NULL, &pasid), EOPNOTSUPP,
		       VFA_CAUSE_NO_PASID);
	assert_int_equal(pasid, 0);
}

static void close_queue(void *queue)
{
	vfa_fault_queue_close(queue);
}

static struct vfa_fault_queue *open_queue(struct vm *vm, struct vfa_container *container)
{
	struct vfa_fault_queue *queue = NULL;

	assert_ok(vfa_fault_queue_open(container, &queue));
	vm_after(vm, close_queue, queue);
	return queue;
}

/* Which the kernel here has apart, but sysfs in one group. */
static void a_group_is_attached_whole(void **state)
{
	struct vfa_pasid_options options = VFA_PASID_OPTIONS_INIT;
	struct mocked mocked = open_mock(*state, MOCK_LEFT);
	struct vfa_device *devices[2] = { mocked.device };
	uint32_t pasid = 0, table;

	devices[1] = vm_device(*state, mocked.container, MOCK_RIGHT);
	assert_refused(vfa_pasid_attach(mocked.device, mocked.space, NULL, &pasid), EINVAL,
		       VFA_CAUSE_PASID_GROUP);
	options.faults = open_queue(*state, mocked.container);
	assert_refused(vfa_pasid_attach_group(devices, 2, mocked.space, &options, &pasid),
		       EOPNOTSUPP, VFA_CAUSE_NO_FEATURE);
	assert_ok(vfa_pasid_attach_group(devices, 2, mocked.space, NULL, &pasid));
	table = mock_table(MOCK_LEFT, pasid);
	assert_int_equal(mock_table(MOCK_RIGHT, pasid), table);
	assert_true(mock_pasid_leads_to(MOCK_LEFT, pasid, table));
	assert_true(mock_pasid_leads_to(MOCK_RIGHT, pasid, table));
	assert_refused(vfa_pasid_detach(mocked.device, mocked.space), EBUSY, VFA_CAUSE_PASID_GROUP);
	assert_ok(vfa_pasid_detach_group(devices, 2, mocked.space));
	assert_true(mock_pasid_leads_to(MOCK_LEFT, pasid, 0));
	assert_true(mock_pasid_leads_to(MOCK_RIGHT, pasid, 0));
}

/* Handles go in any order; what is in the kernel goes with the last of them. */
static void closing_the_device_ends_its_pasids(void **state)
{
	struct vfa_container *container, *space;
	struct vfa_host *host = mock_host(*state);
	struct vfa_device *device;
	uint32_t pasid = 0;

	assert_ok(vfa_container_open(host, VFA_BACKEND_IOMMUFD, &container));
	assert_ok(vfa_container_open_beside(container, &space));
	assert_ok(vfa_device_open(container, MOCK, NULL, &device));
	assert_int_equal(mock_count(), 1);
	assert_ok(vfa_pasid_attach(device, space, NULL, &pasid));
	vfa_container_close(container);
	vfa_container_close(space);
	assert_true(mock_pasid_leads_to(MOCK, pasid, mock_table(MOCK, pasid)));
	vfa_device_close(device);
	nothing_is_left();
}

static bool becomes_ready(struct vfa_fault_queue *queue)
{
	struct pollfd poll_fd = { .fd = vfa_fault_queue_fd(queue), .events = POLLIN };

	return poll(&poll_fd, 1, PATIENCE_MS) == 1 && poll_fd.revents & POLLIN;
}

/* Requests come one by one: a worker of the kernel reports them. */
static int read_all(struct vfa_fault_queue *queue, struct vfa_page_request *list, int count)
{
	int done = 0, got;

	while (done < count && becomes_ready(queue)) {
		got = assert_ok(vfa_fault_queue_read(queue, list + done, ALL - done));
		done += got;
	}
	return done;
}

static void a_page_fault_is_read_and_answered(void **state)
{
	struct mocked mocked = open_mock(*state, MOCK);
	struct vfa_fault_queue *queue = open_queue(*state, mocked.container);
	char *memory = vm_memory(*state, PAGE_SIZE);
	struct vfa_page_request request;
	uint32_t pasid = attach(&mocked, queue);

	assert_int_equal(vfa_fault_queue_read(queue, &request, 1), 0);
	assert_ok(mock_ask(MOCK, pasid, 5, VFA_PAGE_READ | VFA_PAGE_WRITE, IOVA));
	assert_true(becomes_ready(queue));
	assert_int_equal(vfa_fault_queue_read(queue, &request, 1), 1);
	assert_string_equal(request.bdf, MOCK);
	assert_int_equal(request.flags, VFA_PAGE_HAS_PASID | VFA_PAGE_LAST);
	assert_int_equal(request.pasid, pasid);
	assert_int_equal(request.group, 5);
	assert_int_equal(request.access, VFA_PAGE_READ | VFA_PAGE_WRITE);
	assert_true(request.address == IOVA);
	assert_int_equal(request.length, 0);
	map(mocked.space, memory, PAGE_SIZE, request.address);
	assert_true(mock_reaches(MOCK, mock_table(MOCK, pasid), IOVA, memory, PAGE_SIZE));
	assert_refused(vfa_fault_queue_respond(queue, request.cookie + 1, VFA_PAGE_HANDLED), ENOENT,
		       VFA_CAUSE_NO_REQUEST);
	assert_ok(vfa_fault_queue_respond(queue, request.cookie, VFA_PAGE_HANDLED));
	assert_refused(vfa_fault_queue_respond(queue, request.cookie, VFA_PAGE_HANDLED), ENOENT,
		       VFA_CAUSE_NO_REQUEST);
	assert_int_equal(vfa_fault_queue_read(queue, &request, 1), 0);
}

static void many_page_faults_are_answered(void **state)
{
	struct mocked mocked = open_mock(*state, MOCK);
	struct vfa_fault_queue *queue = open_queue(*state, mocked.container);
	struct vfa_page_request list[ALL];
	uint32_t pasid = attach(&mocked, queue);

	for (uint32_t i = 0; i < ALL; i++)
		assert_ok(mock_ask(MOCK, pasid, i, VFA_PAGE_READ, IOVA + i * PAGE_SIZE));
	assert_int_equal(read_all(queue, list, ALL), ALL);
	for (uint32_t i = 0; i < ALL; i++) {
		assert_int_equal(list[i].group, i);
		assert_true(list[i].address == IOVA + i * PAGE_SIZE);
		assert_ok(vfa_fault_queue_respond(queue, list[i].cookie,
						  i % 2 ? VFA_PAGE_HANDLED : VFA_PAGE_INVALID));
	}
	for (uint32_t i = 0; i < ALL; i++)
		assert_int_equal(vfa_fault_queue_respond(queue, list[i].cookie, VFA_PAGE_HANDLED),
				 -ENOENT);
}

/* Each is told by its PASID; detaching one answers what is open of it, and nothing else. */
static void detaching_answers_what_is_open(void **state)
{
	struct mocked mocked = open_mock(*state, MOCK), second = mocked;
	struct vfa_fault_queue *queue = open_queue(*state, mocked.container);
	struct vfa_page_request list[ALL];
	uint32_t pasids[2], cookies[2] = { 0, 0 };

	second.space = open_beside(*state, mocked.container);
	pasids[0] = attach(&mocked, queue);
	pasids[1] = attach(&second, queue);
	for (int i = 0; i < 2; i++)
		assert_ok(mock_ask(MOCK, pasids[i], i, VFA_PAGE_READ, IOVA));
	assert_int_equal(read_all(queue, list, 2), 2);
	for (int i = 0; i < 2; i++)
		cookies[list[i].pasid == pasids[1]] = list[i].cookie;
	assert_ok(mock_ask(MOCK, pasids[0], 2, VFA_PAGE_READ, IOVA));
	assert_true(becomes_ready(queue));
	assert_ok(vfa_pasid_detach(mocked.device, mocked.space));
	assert_int_equal(vfa_fault_queue_read(queue, list, ALL), 0);
	assert_refused(vfa_fault_queue_respond(queue, cookies[0], VFA_PAGE_HANDLED), ENOENT,
		       VFA_CAUSE_NO_REQUEST);
	assert_ok(mock_ask(MOCK, pasids[1], 3, VFA_PAGE_READ, IOVA));
	assert_int_equal(read_all(queue, list, 1), 1);
	assert_int_equal(list[0].cookie, cookies[0]); /* it is this one's now */
	for (int i = 0; i < 2; i++)
		assert_ok(vfa_fault_queue_respond(queue, cookies[i], VFA_PAGE_HANDLED));
}

static void devices_are_told_apart(void **state)
{
	struct mocked mocked = open_mock(*state, MOCK), other = mocked;
	struct vfa_fault_queue *queue = open_queue(*state, mocked.container);
	struct vfa_page_request list[ALL];
	bool seen[2] = { false, false };
	uint32_t pasid;

	other.device = vm_device(*state, mocked.container, OTHER_MOCK);
	pasid = attach(&mocked, queue);
	assert_int_equal(attach(&other, queue), pasid); /* each group has its own */
	assert_ok(mock_ask(MOCK, pasid, 0, VFA_PAGE_READ, IOVA));
	assert_ok(mock_ask(OTHER_MOCK, pasid, 1, VFA_PAGE_EXEC, IOVA));
	assert_int_equal(read_all(queue, list, 2), 2);
	for (int i = 0; i < 2; i++) {
		assert_string_equal(list[i].bdf, list[i].group ? OTHER_MOCK : MOCK);
		assert_int_equal(list[i].access, list[i].group ? VFA_PAGE_EXEC : VFA_PAGE_READ);
		seen[list[i].group] = true;
		assert_ok(vfa_fault_queue_respond(queue, list[i].cookie, VFA_PAGE_INVALID));
	}
	assert_true(seen[0] && seen[1]);
}

static void closing_leaves_the_answers_to_the_kernel(void **state)
{
	struct mocked mocked = open_mock(*state, MOCK);
	struct vfa_fault_queue *queue = NULL;
	struct vfa_page_request request;
	uint32_t pasid;

	assert_ok(vfa_fault_queue_open(mocked.container, &queue));
	pasid = attach(&mocked, queue);
	for (uint32_t i = 0; i < 2; i++)
		assert_ok(mock_ask(MOCK, pasid, i, VFA_PAGE_READ, IOVA));
	assert_true(becomes_ready(queue));
	assert_int_equal(vfa_fault_queue_read(queue, &request, 1), 1);
	vfa_fault_queue_close(queue); /* the PASID holds it on */
	assert_ok(mock_ask(MOCK, pasid, 2, VFA_PAGE_READ, IOVA));
	assert_ok(vfa_pasid_detach(mocked.device, mocked.space));
	assert_true(mock_pasid_leads_to(MOCK, pasid, 0));
}

static void another_queue_for_a_pair_is_refused(void **state)
{
	struct vfa_pasid_options options = VFA_PASID_OPTIONS_INIT;
	struct mocked mocked = open_mock(*state, MOCK);
	uint32_t pasid = attach(&mocked, open_queue(*state, mocked.container));

	options.faults = open_queue(*state, mocked.container);
	assert_refused(vfa_pasid_attach(mocked.device, mocked.space, &options, &pasid), EBUSY,
		       VFA_CAUSE_PASID_IN_USE);
}

static void a_queue_of_another_iommufd_is_refused(void **state)
{
	struct vfa_pasid_options options = VFA_PASID_OPTIONS_INIT;
	struct mocked mocked = open_mock(*state, MOCK);
	struct vfa_container *elsewhere = NULL;
	uint32_t pasid = 0;

	assert_ok(vfa_container_open(mocked.host, VFA_BACKEND_IOMMUFD, &elsewhere));
	vm_own_container(*state, elsewhere);
	options.faults = open_queue(*state, elsewhere);
	assert_refused(vfa_pasid_attach(mocked.device, mocked.space, &options, &pasid), EXDEV,
		       VFA_CAUSE_OTHER_IOMMUFD);
	assert_int_equal(pasid, 0);
}

/* The cases before have closed all that they opened. */
static void no_mock_device_is_left(void **state)
{
	(void)mock_host(*state);
	nothing_is_left();
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE_ONCE(hardware_info_is_that_of_the_mock),
		VM_CASE_ONCE(a_pasid_leads_to_another_address_space),
		VM_CASE_ONCE(what_is_mapped_before_is_reached_too),
		VM_CASE_ONCE(a_pair_has_one_pasid),
		VM_CASE_ONCE(pasids_are_given),
		VM_CASE_ONCE(two_pasids_lead_to_two_address_spaces),
		VM_CASE_ONCE(a_pasid_may_lead_to_the_own_address_space),
		VM_CASE_ONCE(the_mock_decides_what_can_be_mapped),
		VM_CASE_ONCE(a_device_without_pasids_is_refused),
		VM_CASE_ONCE(a_group_is_attached_whole),
		VM_CASE_ONCE(closing_the_device_ends_its_pasids),
		VM_CASE_ONCE(a_page_fault_is_read_and_answered),
		VM_CASE_ONCE(many_page_faults_are_answered),
		VM_CASE_ONCE(detaching_answers_what_is_open),
		VM_CASE_ONCE(devices_are_told_apart),
		VM_CASE_ONCE(closing_leaves_the_answers_to_the_kernel),
		VM_CASE_ONCE(another_queue_for_a_pair_is_refused),
		VM_CASE_ONCE(a_queue_of_another_iommufd_is_refused),
		VM_CASE_ONCE(no_mock_device_is_left),
	};

	return vm_run_cases("test_mock_pasid", cases);
}
