/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Page faults are read, and answered. */

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "device.h"
#include "fault_queue.h"
#include "fixture.h"
#include "uapi/iommufd.h"

#define ADDRESS 0x40000000ull

struct waiting {
	struct space space;
	struct vfa_fault_queue *queue;
	int fd;
};

static struct waiting open_queue(void **state)
{
	struct waiting waiting = { .space = open_space(state) };

	assert_ok(vfa_fault_queue_open(waiting.space.container, &waiting.queue));
	waiting.fd = vfa_fault_queue_fd(waiting.queue);
	assert_true(waiting.fd >= 0);
	return waiting;
}

static void close_queue(struct waiting waiting)
{
	vfa_fault_queue_close(waiting.queue);
	assert_int_equal(fake_count_kind(FAKE_OBJECT_FAULT_QUEUE), 0);
	close_space(waiting.space);
}

static void report(const struct waiting *waiting, uint32_t pasid, uint32_t group, size_t count)
{
	struct fake_fault fault = {
		.device_id = waiting->space.device->join.device_id,
		.pasid = pasid,
		.group = group,
		.access = UAPI_IOMMU_PGFAULT_PERM_READ | UAPI_IOMMU_PGFAULT_PERM_PRIV,
		.address = ADDRESS,
		.count = count,
	};

	fake_report_fault(waiting->fd, &fault);
}

static bool is_ready(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) == 1;
}

static size_t handled(void)
{
	return fake_count_answers(VFA_PAGE_HANDLED);
}

static size_t invalid(void)
{
	return fake_count_answers(VFA_PAGE_INVALID);
}

static void a_request_is_read_and_answered(void **state)
{
	struct waiting waiting = open_queue(state);
	struct vfa_page_request request;

	assert_false(is_ready(waiting.fd));
	assert_int_equal(vfa_fault_queue_read(waiting.queue, &request, 1), 0);
	report(&waiting, 7, 3, 1);
	assert_true(is_ready(waiting.fd));
	assert_int_equal(vfa_fault_queue_read(waiting.queue, &request, 1), 1);
	assert_false(is_ready(waiting.fd));
	assert_string_equal(request.bdf, EDU);
	assert_int_equal(request.device_id, waiting.space.device->join.device_id);
	assert_int_equal(request.flags, VFA_PAGE_HAS_PASID | VFA_PAGE_LAST);
	assert_int_equal(request.pasid, 7);
	assert_int_equal(request.group, 3);
	assert_int_equal(request.access, VFA_PAGE_READ | VFA_PAGE_PRIV);
	assert_int_equal(request.length, 0);
	assert_true(request.address == ADDRESS);
	assert_true(request.reserved[0] == 0);
	assert_int_equal(handled(), 0);
	assert_ok(vfa_fault_queue_respond(waiting.queue, request.cookie, VFA_PAGE_HANDLED));
	assert_int_equal(handled(), 1);
	close_queue(waiting);
	assert_int_equal(invalid(), 0);
}

static void a_request_may_have_no_pasid(void **state)
{
	struct waiting waiting = open_queue(state);
	struct vfa_page_request request;

	report(&waiting, FAKE_NO_PASID, 0, 1);
	assert_int_equal(vfa_fault_queue_read(waiting.queue, &request, 1), 1);
	assert_int_equal(request.flags, VFA_PAGE_LAST);
	assert_ok(vfa_fault_queue_respond(waiting.queue, request.cookie, VFA_PAGE_INVALID));
	assert_int_equal(invalid(), 1);
	close_queue(waiting);
}

static void groups_come_whole(void **state)
{
	struct waiting waiting = open_queue(state);
	struct vfa_page_request list[8];

	report(&waiting, 7, 1, 3);
	report(&waiting, 7, 2, 2);
	report(&waiting, 7, 3, 4);
	assert_int_equal(vfa_fault_queue_read(waiting.queue, list, 8), 5);
	assert_true(is_ready(waiting.fd));
	assert_int_equal(list[0].flags, VFA_PAGE_HAS_PASID);
	assert_int_equal(list[1].flags, VFA_PAGE_HAS_PASID);
	assert_int_equal(list[2].flags, VFA_PAGE_HAS_PASID | VFA_PAGE_LAST);
	assert_true(list[2].address == ADDRESS + 2 * PAGE);
	assert_int_equal(list[0].cookie, list[2].cookie);
	assert_int_equal(list[3].group, 2);
	assert_int_not_equal(list[3].cookie, list[0].cookie);
	assert_ok(vfa_fault_queue_respond(waiting.queue, list[3].cookie, VFA_PAGE_HANDLED));
	assert_ok(vfa_fault_queue_respond(waiting.queue, list[0].cookie, VFA_PAGE_HANDLED));
	assert_int_equal(vfa_fault_queue_read(waiting.queue, list, 8), 4);
	assert_ok(vfa_fault_queue_respond(waiting.queue, list[0].cookie, VFA_PAGE_HANDLED));
	assert_int_equal(handled(), 3);
	close_queue(waiting);
}

/* It is not lost, and neither is what comes after it. */
static void tell_of_too_little_room(struct waiting waiting)
{
	struct vfa_page_request list[8] = { { .cookie = 77 } };

	report(&waiting, 7, 1, 5);
	report(&waiting, 7, 2, 1);
	assert_fails(vfa_fault_queue_read(waiting.queue, list, 2), EMSGSIZE, NO_ROOM);
	assert_non_null(strstr(vfa_error_last()->hint, "a list of 5"));
	assert_int_equal(list[0].cookie, 77);
	assert_fails(vfa_fault_queue_read(waiting.queue, list, 4), EMSGSIZE, NO_ROOM);
	assert_int_equal(vfa_fault_queue_read(waiting.queue, list, 5), 5);
	assert_int_equal(list[4].group, 1);
	assert_true(list[4].address == ADDRESS + 4 * PAGE);
	assert_ok(vfa_fault_queue_respond(waiting.queue, list[0].cookie, VFA_PAGE_HANDLED));
	assert_int_equal(vfa_fault_queue_read(waiting.queue, list, 8), 1);
	assert_int_equal(list[0].group, 2);
	assert_ok(vfa_fault_queue_respond(waiting.queue, list[0].cookie, VFA_PAGE_HANDLED));
	assert_int_equal(vfa_fault_queue_read(waiting.queue, list, 8), 0);
	close_queue(waiting);
}

static void too_little_room_is_told(void **state)
{
	tell_of_too_little_room(open_queue(state));
}

/* Where the kernel says that there is nothing, while the fd is ready. */
static void an_older_kernel_hides_no_group(void **state)
{
	fake_set_old_fault_queues(true);
	tell_of_too_little_room(open_queue(state));
}

/* What no list can take is the kernel's to tell of. */
static void a_group_without_end_is_refused(void **state)
{
	struct waiting waiting = open_queue(state);
	struct vfa_page_request list[2];

	report(&waiting, 7, 1, 5000);
	assert_fails(vfa_fault_queue_read(waiting.queue, list, 2), EINVAL, KERNEL);
	close_queue(waiting);
	assert_int_equal(invalid(), 1);
}

static void a_group_is_answered_once(void **state)
{
	struct waiting waiting = open_queue(state);
	struct vfa_page_request request;

	assert_fails(vfa_fault_queue_respond(waiting.queue, 1, VFA_PAGE_HANDLED), ENOENT,
		     NO_REQUEST);
	report(&waiting, 7, 1, 1);
	assert_fails(vfa_fault_queue_respond(waiting.queue, 1, VFA_PAGE_HANDLED), ENOENT,
		     NO_REQUEST);
	assert_int_equal(vfa_fault_queue_read(waiting.queue, &request, 1), 1);
	assert_fails(vfa_fault_queue_respond(waiting.queue, request.cookie, 2), EINVAL,
		     BAD_ARGUMENT);
	assert_ok(vfa_fault_queue_respond(waiting.queue, request.cookie, VFA_PAGE_INVALID));
	assert_fails(vfa_fault_queue_respond(waiting.queue, request.cookie, VFA_PAGE_INVALID),
		     ENOENT, NO_REQUEST);
	assert_int_equal(invalid(), 1);
	close_queue(waiting);
}

static void closing_leaves_the_answers_to_the_kernel(void **state)
{
	struct waiting waiting = open_queue(state);
	struct vfa_page_request request;

	report(&waiting, 7, 1, 1);
	report(&waiting, 7, 2, 1);
	assert_int_equal(vfa_fault_queue_read(waiting.queue, &request, 1), 1);
	close_queue(waiting);
	assert_int_equal(invalid(), 2);
}

static void a_queue_outlives_its_handles(void **state)
{
	struct waiting waiting = open_queue(state);
	size_t objects = fake_count_objects();

	assert_true(fault_queue_id(waiting.queue) > 0);
	assert_ptr_equal(fault_queue_container(waiting.queue), waiting.space.container);
	fault_queue_hold(waiting.queue);
	vfa_fault_queue_close(waiting.queue);
	assert_int_equal(fake_count_objects(), objects);
	close_space(waiting.space);
	assert_int_equal(fake_count_kind(FAKE_OBJECT_FAULT_QUEUE), 1);
	fault_queue_release(waiting.queue);
	assert_int_equal(fake_count_objects(), 0);
}

/* Of a device in another container of the same iommufd, say. */
static void a_device_that_is_not_known_has_no_name(void **state)
{
	struct waiting waiting = open_queue(state);
	struct fake_fault fault = { .device_id = 99, .pasid = 1, .count = 1 };
	struct vfa_page_request request;

	fake_report_fault(waiting.fd, &fault);
	assert_int_equal(vfa_fault_queue_read(waiting.queue, &request, 1), 1);
	assert_string_equal(request.bdf, "");
	assert_int_equal(request.device_id, 99);
	close_queue(waiting);
}

/* A PASID that leads to another address space, and reports there. */
struct leading {
	struct waiting waiting;
	struct vfa_container *space;
	uint32_t pasid;
};

static struct leading open_leading(void **state)
{
	struct vfa_pasid_options options = VFA_PASID_OPTIONS_INIT;
	struct fake_iommu iommu = { .type = UAPI_IOMMU_HW_INFO_TYPE_AMD, .pasid_bits = 8 };
	struct leading leading = { .waiting = open_queue(state) };

	fake_set_iommu(4, &iommu);
	options.faults = leading.waiting.queue;
	assert_ok(vfa_container_open_beside(leading.waiting.space.container, &leading.space));
	assert_ok(vfa_pasid_attach(leading.waiting.space.device, leading.space, &options,
				   &leading.pasid));
	return leading;
}

static void detaching_answers_what_is_open(void **state)
{
	struct leading leading = open_leading(state);
	struct vfa_fault_queue *queue = leading.waiting.queue;
	struct vfa_page_request list[2];

	report(&leading.waiting, leading.pasid, 1, 1);
	report(&leading.waiting, leading.pasid, 2, 1);
	report(&leading.waiting, leading.pasid + 1, 3, 1);
	assert_int_equal(vfa_fault_queue_read(queue, list, 1), 1);
	assert_ok(vfa_pasid_detach(leading.waiting.space.device, leading.space));
	assert_int_equal(invalid(), 2);
	assert_fails(vfa_fault_queue_respond(queue, list[0].cookie, VFA_PAGE_HANDLED), ENOENT,
		     NO_REQUEST);
	assert_int_equal(vfa_fault_queue_read(queue, list, 2), 1);
	assert_int_equal(list[0].group, 3);
	vfa_container_close(leading.space);
	close_queue(leading.waiting);
}

/* Of which the caller has only been told how large it is. */
static void detaching_drops_a_group_that_did_not_fit(void **state)
{
	struct leading leading = open_leading(state);
	struct vfa_fault_queue *queue = leading.waiting.queue;
	struct vfa_page_request request;

	report(&leading.waiting, leading.pasid, 1, 5);
	report(&leading.waiting, leading.pasid + 1, 2, 1);
	assert_fails(vfa_fault_queue_read(queue, &request, 1), EMSGSIZE, NO_ROOM);
	assert_ok(vfa_pasid_detach(leading.waiting.space.device, leading.space));
	assert_int_equal(invalid(), 1);
	assert_int_equal(vfa_fault_queue_read(queue, &request, 1), 1);
	assert_int_equal(request.group, 2);
	vfa_container_close(leading.space);
	close_queue(leading.waiting);
}

static void detaching_leaves_the_groups_of_others(void **state)
{
	struct leading leading = open_leading(state);
	struct vfa_fault_queue *queue = leading.waiting.queue;
	struct vfa_page_request list[2];

	report(&leading.waiting, leading.pasid + 1, 1, 2);
	assert_fails(vfa_fault_queue_read(queue, list, 1), EMSGSIZE, NO_ROOM);
	assert_ok(vfa_pasid_detach(leading.waiting.space.device, leading.space));
	assert_int_equal(vfa_fault_queue_read(queue, list, 2), 2);
	assert_int_equal(list[1].group, 1);
	vfa_container_close(leading.space);
	close_queue(leading.waiting);
}

static void a_pasid_holds_its_queue(void **state)
{
	struct leading leading = open_leading(state);

	vfa_fault_queue_close(leading.waiting.queue);
	assert_int_equal(fake_count_kind(FAKE_OBJECT_FAULT_QUEUE), 1);
	assert_ok(vfa_pasid_detach(leading.waiting.space.device, leading.space));
	assert_int_equal(fake_count_kind(FAKE_OBJECT_FAULT_QUEUE), 0);
	vfa_container_close(leading.space);
	close_space(leading.waiting.space);
}

static void closing_the_device_lets_go_of_the_queue(void **state)
{
	struct leading leading = open_leading(state);

	vfa_fault_queue_close(leading.waiting.queue);
	vfa_container_close(leading.space);
	close_space(leading.waiting.space);
	assert_int_equal(fake_count_objects(), 0);
}

static void a_queue_of_another_iommufd_is_refused(void **state)
{
	struct vfa_pasid_options options = VFA_PASID_OPTIONS_INIT;
	struct leading leading = open_leading(state);
	struct vfa_container *elsewhere = open_container(*state);
	uint32_t pasid = 0;

	assert_ok(vfa_fault_queue_open(elsewhere, &options.faults));
	assert_fails(
		vfa_pasid_attach(leading.waiting.space.device, leading.space, &options, &pasid),
		EXDEV, OTHER_IOMMUFD);
	assert_int_equal(pasid, 0);
	vfa_fault_queue_close(options.faults);
	vfa_container_close(elsewhere);
	vfa_container_close(leading.space);
	vfa_device_close(leading.waiting.space.device);
	leading.waiting.space.device = NULL;
	close_queue(leading.waiting);
}

static void the_fd_is_close_on_exec(void **state)
{
	struct waiting waiting = open_queue(state);

	assert_int_equal(fcntl(waiting.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	close_queue(waiting);
}

static void a_kernel_without_queues_is_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_fault_queue *queue = NULL;

	fake_set_fault_queues(false);
	assert_fails(vfa_fault_queue_open(space.container, &queue), EOPNOTSUPP, OLD_KERNEL);
	fake_set_fault_queues(true);
	fake_fail_ioctl(UAPI_IOMMU_FAULT_QUEUE_ALLOC, EMFILE);
	assert_fails(vfa_fault_queue_open(space.container, &queue), EMFILE, KERNEL);
	fake_fail_ioctl(0, 0);
	assert_null(queue);
	close_space(space);
}

static void type1_has_no_queues(void **state)
{
	struct space space = open_space(state);
	struct vfa_fault_queue *queue = NULL;

	assert_fails(vfa_fault_queue_open(space.container, &queue), EOPNOTSUPP, NOT_IOMMUFD);
	close_space(space);
}

static void an_undecided_container_has_no_queues(void **state)
{
	struct machine *machine = *state;
	struct vfa_fault_queue *queue = NULL;
	struct vfa_container *container;

	assert_ok(vfa_container_open(machine->host, VFA_BACKEND_AUTO, &container));
	assert_fails(vfa_fault_queue_open(container, &queue), ENODEV, WRONG_ORDER);
	vfa_container_close(container);
}

static void bad_arguments_are_refused(void **state)
{
	struct waiting waiting = open_queue(state);
	struct vfa_page_request request;
	struct vfa_fault_queue *queue;

	assert_fails(vfa_fault_queue_open(NULL, &queue), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_fault_queue_open(waiting.space.container, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_fault_queue_fd(NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_fault_queue_read(NULL, &request, 1), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_fault_queue_read(waiting.queue, NULL, 1), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_fault_queue_read(waiting.queue, &request, 0), EINVAL, EMPTY);
	assert_fails(vfa_fault_queue_respond(NULL, 1, VFA_PAGE_HANDLED), EINVAL, BAD_ARGUMENT);
	vfa_fault_queue_close(NULL);
	close_queue(waiting);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_IOMMUFD(a_request_is_read_and_answered),
		ON_IOMMUFD(a_request_may_have_no_pasid),
		ON_IOMMUFD(groups_come_whole),
		ON_IOMMUFD(too_little_room_is_told),
		ON_IOMMUFD(an_older_kernel_hides_no_group),
		ON_IOMMUFD(a_group_without_end_is_refused),
		ON_IOMMUFD(a_group_is_answered_once),
		ON_IOMMUFD(closing_leaves_the_answers_to_the_kernel),
		ON_IOMMUFD(a_queue_outlives_its_handles),
		ON_IOMMUFD(a_device_that_is_not_known_has_no_name),
		ON_IOMMUFD(detaching_answers_what_is_open),
		ON_IOMMUFD(detaching_drops_a_group_that_did_not_fit),
		ON_IOMMUFD(detaching_leaves_the_groups_of_others),
		ON_IOMMUFD(a_pasid_holds_its_queue),
		ON_IOMMUFD(closing_the_device_lets_go_of_the_queue),
		ON_IOMMUFD(a_queue_of_another_iommufd_is_refused),
		ON_IOMMUFD(the_fd_is_close_on_exec),
		ON_IOMMUFD(a_kernel_without_queues_is_told),
		ON_TYPE1(type1_has_no_queues),
		ON_IOMMUFD(an_undecided_container_has_no_queues),
		ON_IOMMUFD(bad_arguments_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
