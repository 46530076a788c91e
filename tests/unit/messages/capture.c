/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Why a captured machine is not read, or not opened. */

#include <stdio.h>

#include "messages/messages.h"

#define ANEW                                                                                       \
	"this is no capture, or a damaged one: make it anew on its machine:\n"                     \
	"  vfa capture FILE"

static int try_capture(struct machine *machine, const char *text, struct vfa_host **ret)
{
	char path[128];

	tree_write(&machine->tree, text, "machine.vfa");
	snprintf(path, sizeof(path), "%s/machine.vfa", machine->tree.root);
	return vfa_host_open_capture(path, NULL, ret);
}

static void captured_is_told(void **state)
{
	struct vfa_container *container = NULL;
	struct vfa_host *host;

	assert_ok(try_capture(*state, "vfa capture 1\nend\n", &host));
	SAYS(vfa_container_open(host, VFA_BACKEND_AUTO, &container), CAPTURED,
	     "open a container: this is a captured machine, which can only be read",
	     "do it on the machine itself");
	SAYS(vfa_host_check_backend(host, VFA_BACKEND_TYPE1), CAPTURED,
	     "open /dev/vfio/vfio: this is a captured machine, which can only be read",
	     "do it on the machine itself");
	SAYS(vfa_driver_bind(host, "0000:00:04.0", NULL, NULL), CAPTURED,
	     "change a driver: this is a captured machine, which can only be read",
	     "do it on the machine itself");
	vfa_host_free(host);
}

static void bad_capture_is_told(void **state)
{
	struct vfa_host *host = NULL;

	SAYS(try_capture(*state, "", &host), BAD_CAPTURE,
	     "/machine.vfa, line 1: a capture starts with \"vfa capture 1\"", ANEW);
	SAYS(try_capture(*state, "vfa capture 1\ndir /sys\n", &host), BAD_CAPTURE,
	     "/machine.vfa, line 2: the end is missing: it was cut", ANEW);
	SAYS(try_capture(*state, "vfa capture 2\n", &host), BAD_CAPTURE,
	     "/machine.vfa: a capture of another version than 1",
	     "read it with the libvfa that wrote it, or a newer one");
	assert_null(host);
}

static void roots_of_a_capture_are_told(void **state)
{
	struct vfa_host_options options = VFA_HOST_OPTIONS_INIT;
	struct vfa_host *host = NULL;

	options.sysfs = "/sys";
	SAYS(vfa_host_open_capture("machine.vfa", &options, &host), BAD_ARGUMENT,
	     "a captured machine has roots of its own",
	     "leave sysfs, dev and proc of the options NULL");
	assert_null(host);
}

const struct CMUnitTest capture_messages[] = {
	CASE(captured_is_told),
	CASE(bad_capture_is_told),
	CASE(roots_of_a_capture_are_told),
};

const size_t capture_messages_count = sizeof(capture_messages) / sizeof(capture_messages[0]);
