/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* vfa bind and vfa unbind: give functions to vfio-pci, and back. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <vfa/driver.h>
#include <vfa/error.h>
#include <vfa/group.h>

#include "base/bdf.h"
#include "base/host.h"
#include "command.h"
#include "fail.h"
#include "module.h"
#include "remembered.h"
#include "topology/pci.h"

/* One run of the command. */
struct run {
	const struct request *request;
	struct vfa_host *host; /* the request's, but heard */
	uint32_t flags;
	char undo[4096]; /* addresses, each behind a space */
};

typedef int (*change_fn)(struct vfa_host *host, const char *bdf,
			 const struct vfa_driver_options *options, struct vfa_driver_change *ret);

/* The lines that are written are told at this level, as shell commands. */
static void print_line(void *data, enum vfa_log_level level, const char *message)
{
	(void)data;
	if (level == VFA_LOG_DEBUG)
		printf("  %s\n", message);
}

static int listen_to(struct vfa_host *host, struct vfa_host **ret)
{
	struct vfa_host_options options = VFA_HOST_OPTIONS_INIT;

	options.sysfs = host->sysfs;
	options.dev = host->dev;
	options.proc = host->proc;
	options.log_level = VFA_LOG_DEBUG;
	options.log = print_line;
	return vfa_host_new(&options, ret) ? fail() : STATUS_FINE;
}

static bool is_dry(const struct run *run)
{
	return run->flags & VFA_DRIVER_DRY_RUN;
}

static int start(struct run *run, const struct request *request)
{
	run->request = request;
	if (request_option(request, "force"))
		run->flags |= VFA_DRIVER_FORCE;
	if (request_option(request, "dry-run"))
		run->flags |= VFA_DRIVER_DRY_RUN;
	if (request_option(request, "host") && !is_dry(run))
		return fail_because("the machine that --host names can only be read");
	if (request->host->captured || (!is_dry(run) && !request_option(request, "verbose")))
		return host_hold(request->host, &run->host) ? fail() : STATUS_FINE;
	return listen_to(request->host, &run->host);
}

static const char *name_of(const char *driver)
{
	return driver[0] ? driver : "no driver";
}

static void print_change(const struct run *run, const char *bdf,
			 const struct vfa_driver_change *change, const char *target)
{
	const char *to = is_dry(run) && !target ? "the kernel's choice" : name_of(change->to);
	const char *done = is_dry(run) ? " (not done)" : "";

	printf("%s (%04" PRIx32 " %04" PRIx32 "): ", bdf, pci_read_number(run->host, bdf, "vendor"),
	       pci_read_number(run->host, bdf, "device"));
	if (!change->changed)
		printf("%s already\n", name_of(change->to));
	else if (!strcmp(change->from, change->to))
		printf("%s, with another override%s\n", name_of(change->to), done);
	else
		printf("%s -> %s%s\n", name_of(change->from), to, done);
}

static int refuse_module(const char *driver, int err)
{
	struct utsname kernel;

	if (err != -ENOENT || uname(&kernel) < 0)
		return fail_because("cannot load the module %s: %s", driver, strerror(-err));
	fail_because("cannot load the module %s: there is none in /lib/modules/%s", driver,
		     kernel.release);
	hint("install the modules of this kernel, or start a kernel that has it");
	return STATUS_REFUSED;
}

static int load(const struct run *run, const char *driver)
{
	int err;

	if (is_dry(run)) {
		printf("  modprobe %s\n", driver);
		note("%s is not loaded: what would be written afterwards is not known", driver);
		return STATUS_REFUSED;
	}
	if (request_option(run->request, "verbose"))
		printf("  modprobe %s\n", driver);
	err = module_load(driver);
	return err ? refuse_module(driver, err) : STATUS_FINE;
}

/* Once more, when it was only the module that was missing. */
static int change_driver(const struct run *run, change_fn change, const char *bdf,
			 const char *driver, const char *override, struct vfa_driver_change *ret)
{
	struct vfa_driver_options options = VFA_DRIVER_OPTIONS_INIT;

	options.flags = run->flags;
	options.driver = driver;
	options.override = override;
	if (!change(run->host, bdf, &options, ret))
		return STATUS_FINE;
	if (vfa_error_last()->cause != VFA_CAUSE_NO_DRIVER)
		return fail();
	if (load(run, driver))
		return STATUS_REFUSED;
	return change(run->host, bdf, &options, ret) ? fail() : STATUS_FINE;
}

static uint32_t id_of(const struct run *run, const char *bdf)
{
	return pci_read_number(run->host, bdf, "vendor") << 16 |
	       pci_read_number(run->host, bdf, "device");
}

/* What is remembered holds for this device, and it is still where it was put. */
static bool recall(const struct run *run, const char *bdf, const char *driver,
		   struct remembered *ret)
{
	return remembered_read(bdf, ret) && ret->id == id_of(run, bdf) &&
	       !strcmp(ret->given, driver);
}

static void print_undo(struct run *run)
{
	if (run->undo[0])
		printf("undo: vfa unbind%s\n", run->undo);
	run->undo[0] = '\0';
}

static void add_undo(struct run *run, const char *bdf)
{
	size_t used = strlen(run->undo);

	if (used + 1 + strlen(bdf) >= sizeof(run->undo)) {
		print_undo(run);
		used = 0;
	}
	snprintf(run->undo + used, sizeof(run->undo) - used, " %s", bdf);
}

static void remember(struct run *run, const char *bdf, const struct vfa_driver_change *change)
{
	struct remembered before;
	int err;

	/* Bound once more, it still goes back to where it was at first. */
	if (!recall(run, bdf, change->from, &before)) {
		before.id = id_of(run, bdf);
		strcpy(before.driver, change->from);
		strcpy(before.override, change->override);
	}
	strcpy(before.given, change->to);
	err = remembered_write(bdf, &before);
	if (err) {
		note("cannot remember what %s was bound to: /run/vfa: %s", bdf, strerror(-err));
		printf("undo: vfa unbind --driver '%s' %s\n", before.driver, bdf);
		return;
	}
	add_undo(run, bdf);
}

/* A bridge only has to lose the driver that is in the way: VFIO takes none. */
static int bind_one(struct run *run, const char *bdf)
{
	struct vfa_driver_change change = VFA_DRIVER_CHANGE_INIT;
	const char *driver = request_option(run->request, "driver");
	bool freed =
		!driver && request_option(run->request, "group") && pci_is_bridge(run->host, bdf);
	int status;

	if (!driver)
		driver = freed ? "" : "vfio-pci";
	status = change_driver(run, freed ? vfa_driver_unbind : vfa_driver_bind, bdf, driver, NULL,
			       &change);
	if (status)
		return status;
	print_change(run, bdf, &change, driver);
	if (change.changed && !is_dry(run))
		remember(run, bdf, &change);
	return STATUS_FINE;
}

static int bind_blockers(struct run *run, const char *bdf)
{
	const struct vfa_group_member *member;
	int status = STATUS_FINE;
	struct vfa_group *group;

	if (vfa_group_new_for_device(run->host, bdf, &group))
		return fail();
	for (size_t i = 0; i < vfa_group_count_members(group); i++) {
		member = vfa_group_get_member(group, i);
		if (member->role == VFA_MEMBER_KERNEL && strcmp(member->name, bdf) &&
		    bind_one(run, member->name))
			status = STATUS_REFUSED;
	}
	vfa_group_free(group);
	return status;
}

static int bind_named(struct run *run, const char *word)
{
	char bdf[BDF_SIZE];
	int status;

	if (bdf_parse(word, bdf))
		return fail();
	status = bind_one(run, bdf);
	if (request_option(run->request, "group") && bind_blockers(run, bdf))
		status = STATUS_REFUSED;
	return status;
}

static int unbind_named(struct run *run, const char *word)
{
	const char *driver = request_option(run->request, "driver"), *override = NULL;
	struct vfa_driver_change change = VFA_DRIVER_CHANGE_INIT;
	struct pci_function function;
	struct remembered before;
	char bdf[BDF_SIZE];

	if (bdf_parse(word, bdf))
		return fail();
	pci_read(run->host, bdf, &function);
	if (!driver && recall(run, bdf, function.driver, &before)) {
		driver = before.driver;
		override = before.override;
	}
	if (change_driver(run, vfa_driver_unbind, bdf, driver, override, &change))
		return STATUS_REFUSED;
	print_change(run, bdf, &change, driver);
	if (!is_dry(run))
		remembered_forget(bdf);
	return STATUS_FINE;
}

static int run_all(const struct request *request, int (*act)(struct run *run, const char *word))
{
	struct run run = { .flags = 0 };
	int status = start(&run, request);

	if (status)
		return status;
	for (int i = 0; i < request->count; i++)
		if (act(&run, request->arguments[i]))
			status = STATUS_REFUSED;
	print_undo(&run);
	vfa_host_free(run.host);
	return status;
}

static int run_bind(const struct request *request)
{
	return run_all(request, bind_named);
}

static int run_unbind(const struct request *request)
{
	return run_all(request, unbind_named);
}

static const struct option_spec bind_options[] = {
	{ "driver", 'd', "NAME", "the driver, instead of vfio-pci" },
	{ "group", 'g', NULL, "also what else keeps the group of a device from being used" },
	{ "force", 'f', NULL, "though a device is in use" },
	{ "dry-run", 'N', NULL, "print what would be written, and change nothing" },
	{ "verbose", 'v', NULL, "print what is written" },
	{ NULL },
};

const struct command command_bind = {
	.name = "bind",
	.arguments = "BDF...",
	.min = 1,
	.max = -1,
	.summary = "Give devices to vfio-pci, and remember their drivers",
	.details = "The drivers are remembered in /run/vfa until vfa unbind.",
	.options = bind_options,
	.run = run_bind,
};

static const struct option_spec unbind_options[] = {
	{ "driver", 'd', "NAME", "the driver, instead of the remembered one; '' for none" },
	{ "force", 'f', NULL, "though a device is in use" },
	{ "dry-run", 'N', NULL, "print what would be written, and change nothing" },
	{ "verbose", 'v', NULL, "print what is written" },
	{ NULL },
};

const struct command command_unbind = {
	.name = "unbind",
	.arguments = "BDF...",
	.min = 1,
	.max = -1,
	.summary = "Give devices back to their drivers",
	.details = "To those that vfa bind has remembered, else to the kernel's choice.",
	.options = unbind_options,
	.run = run_unbind,
};
