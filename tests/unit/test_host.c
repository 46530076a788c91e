/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "base/host.h"

#include <string.h>

#include "fixture.h"

static void options_of_no_size_are_refused(void **state)
{
	struct vfa_host_options options = { .sysfs = "/sys" };
	struct vfa_host *host = (struct vfa_host *)1;

	(void)state;
	assert_fails(vfa_host_new(&options, &host), EINVAL, BAD_ARGUMENT);
	assert_ptr_equal(host, (struct vfa_host *)1);
}

static void options_of_a_newer_header_are_taken_while_unset(void **state)
{
	struct {
		struct vfa_host_options options;
		uint64_t newer;
	} given = { .options = VFA_HOST_OPTIONS_INIT };
	struct vfa_host *host = NULL;

	(void)state;
	given.options.struct_size = sizeof(given);
	assert_ok(vfa_host_new(&given.options, &host));
	vfa_host_free(host);
	given.newer = 1;
	host = NULL;
	assert_fails(vfa_host_new(&given.options, &host), EINVAL, BAD_ARGUMENT);
	assert_null(host);
}

static void a_null_result_is_refused(void **state)
{
	(void)state;
	assert_fails(vfa_host_new(NULL, NULL), EINVAL, BAD_ARGUMENT);
	vfa_host_free(NULL);
}

static void strings_are_copied(void **state)
{
	struct vfa_host_options options = VFA_HOST_OPTIONS_INIT;
	char path[] = "/elsewhere";
	struct vfa_host *host;

	(void)state;
	options.sysfs = path;
	assert_ok(vfa_host_new(&options, &host));
	memset(path, 'x', sizeof(path) - 1);
	assert_string_equal(host->sysfs, "/elsewhere");
	assert_string_equal(host->dev, "/dev");
	vfa_host_free(host);
}

static void a_container_keeps_its_host_alive(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = open_container(machine);

	vfa_host_free(machine->host);
	machine->host = NULL;
	vfa_device_close(open_device(container, EDU));
	vfa_container_close(container);
}

static void a_present_backend_is_found(void **state)
{
	struct machine *machine = *state;

	assert_ok(vfa_host_check_backend(machine->host, machine->backend));
	assert_int_equal(fake_count_objects(), 0);
	assert_int_equal(count_fds(), machine->fds);
}

static void a_missing_iommufd_is_told(void **state)
{
	struct machine *machine = *state;

	remove_iommufd(machine);
	assert_fails(vfa_host_check_backend(machine->host, VFA_BACKEND_IOMMUFD), ENOENT,
		     NO_IOMMUFD);
	assert_ok(vfa_host_check_backend(machine->host, VFA_BACKEND_TYPE1));
}

/* A static node whose module does not load opens with ENODEV. */
static void a_missing_vfio_is_told(void **state)
{
	struct machine *machine = *state;

	remove_vfio(machine);
	assert_fails(vfa_host_check_backend(machine->host, VFA_BACKEND_TYPE1), ENOENT, NO_VFIO);
	assert_ok(vfa_host_check_backend(machine->host, VFA_BACKEND_IOMMUFD));
	fake_set_open_errno("vfio/vfio", ENODEV);
	assert_fails(vfa_host_check_backend(machine->host, VFA_BACKEND_TYPE1), ENOENT, NO_VFIO);
}

static void a_missing_type1_is_told(void **state)
{
	struct machine *machine = *state;

	fake_set_type1(false);
	assert_fails(vfa_host_check_backend(machine->host, VFA_BACKEND_TYPE1), ENOENT, NO_TYPE1);
}

static void a_missing_noiommu_is_told(void **state)
{
	struct machine *machine = *state;

	assert_int_equal(vfa_host_check_backend(machine->host, VFA_BACKEND_NOIOMMU), -ENOENT);
	fake_set_noiommu(true);
	assert_ok(vfa_host_check_backend(machine->host, VFA_BACKEND_NOIOMMU));
}

static void a_node_of_somebody_else_is_told(void **state)
{
	struct machine *machine = *state;

	fake_set_open_errno("iommu", EACCES);
	assert_fails(vfa_host_check_backend(machine->host, VFA_BACKEND_IOMMUFD), EACCES, ACCESS);
	fake_set_open_errno("iommu", EPERM);
	assert_fails(vfa_host_check_backend(machine->host, VFA_BACKEND_IOMMUFD), EPERM, DENIED);
	fake_set_open_errno("iommu", EMFILE);
	assert_fails(vfa_host_check_backend(machine->host, VFA_BACKEND_IOMMUFD), EMFILE, KERNEL);
}

static void only_named_backends_are_checked(void **state)
{
	struct machine *machine = *state;

	assert_fails(vfa_host_check_backend(machine->host, VFA_BACKEND_AUTO), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_host_check_backend(machine->host, 77), EINVAL, BAD_ARGUMENT);
}

static void backends_have_names(void **state)
{
	(void)state;
	assert_string_equal(vfa_backend_name(VFA_BACKEND_AUTO), "auto");
	assert_string_equal(vfa_backend_name(VFA_BACKEND_TYPE1), "type1");
	assert_string_equal(vfa_backend_name(VFA_BACKEND_IOMMUFD), "iommufd");
	assert_string_equal(vfa_backend_name(VFA_BACKEND_NOIOMMU), "noiommu");
	assert_string_equal(vfa_backend_name(77), "unknown");
}

static void the_log_hears_what_it_wants(void **state)
{
	struct machine *machine = *state;

	host_log(machine->host, VFA_LOG_DEBUG, "too much");
	host_log(machine->host, VFA_LOG_INFO, "decided %d", 4);
	assert_string_equal(machine->log, "2 decided 4\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_of_no_size_are_refused),
		cmocka_unit_test(options_of_a_newer_header_are_taken_while_unset),
		cmocka_unit_test(a_null_result_is_refused),
		cmocka_unit_test(strings_are_copied),
		ON_BOTH(a_container_keeps_its_host_alive),
		ON_BOTH(a_present_backend_is_found),
		CASE(a_missing_iommufd_is_told),
		CASE(a_missing_vfio_is_told),
		CASE(a_missing_type1_is_told),
		CASE(a_missing_noiommu_is_told),
		CASE(a_node_of_somebody_else_is_told),
		CASE(only_named_backends_are_checked),
		cmocka_unit_test(backends_have_names),
		CASE(the_log_hears_what_it_wants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
