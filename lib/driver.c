/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <vfa/driver.h>

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/api.h"
#include "base/error.h"
#include "base/options.h"
#include "base/sysfs.h"
#include "driver_use.h"
#include "rebind.h"
#include "refusal_driver.h"
#include "topology/pci.h"

#define FLAGS (VFA_DRIVER_FORCE | VFA_DRIVER_DRY_RUN)

/* A change that is asked for. */
struct change {
	struct vfa_driver_options options;
	struct pci_function function;
	struct rebind rebind;
};

static bool is_driver_name(const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < length; i++) {
		if (name[i] == '/' || !isgraph((unsigned char)name[i]))
			return false;
	}
	return length < VFA_DRIVER_NAME - 1 && name[0] != '.';
}

static int check_options(const struct vfa_driver_options *options)
{
	if (options->flags & ~FLAGS)
		return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				 "vfa_driver_options: flags 0x%x are unknown\n"
				 "use enum vfa_driver_flag",
				 options->flags & ~FLAGS);
	if (options->driver && !is_driver_name(options->driver))
		return refuse_driver_name("driver", options->driver);
	if (options->override && !is_driver_name(options->override))
		return refuse_driver_name("override", options->override);
	return 0;
}

static int check_arguments(const struct vfa_driver_options *options,
			   const struct vfa_driver_change *ret, struct vfa_driver_options *given)
{
	int err =
		options_copy("vfa_driver_options", options, sizeof(*given), given, sizeof(*given));

	if (!err)
		err = check_options(given);
	if (!err && ret)
		err = options_check_result("vfa_driver_change", ret, sizeof(*ret));
	return err;
}

static int start(struct vfa_host *host, const char *bdf, struct change *change)
{
	struct rebind *rebind = &change->rebind;
	int err = bdf_parse(bdf, rebind->bdf);

	if (err)
		return err;
	rebind->host = host;
	rebind->dry_run = change->options.flags & VFA_DRIVER_DRY_RUN;
	pci_read(host, rebind->bdf, &change->function);
	if (!change->function.exists)
		return pci_refuse_missing(rebind->bdf);
	return rebind_start(rebind);
}

static int check_driver(const struct rebind *rebind, const char *driver)
{
	char path[SYSFS_PATH];

	sysfs_path(rebind->host, path, "bus/pci/drivers/%s", driver);
	if (!sysfs_exists(rebind->host, path))
		return refuse_no_driver(rebind, driver);
	if (strstr(driver, "vfio") && pci_is_bridge(rebind->host, rebind->bdf))
		return refuse_bridge(rebind, driver);
	return 0;
}

/* Without a driver nothing can use it. */
static int check_use(const struct change *change)
{
	if (!change->rebind.first.driver[0])
		return 0;
	return driver_check_use(change->rebind.host, &change->function,
				change->options.flags & VFA_DRIVER_FORCE);
}

static int give_to(struct change *change, const struct binding *wanted)
{
	struct rebind *rebind = &change->rebind;
	int err = 0;

	if (strcmp(rebind->first.driver, wanted->driver)) {
		if (wanted->driver[0])
			err = check_driver(rebind, wanted->driver);
		if (!err)
			err = check_use(change);
	}
	if (err)
		return err;
	err = rebind_to(rebind, wanted);
	return err ? rebind_undo(rebind, wanted->driver, err) : 0;
}

static int bind(struct change *change)
{
	const struct binding *first = &change->rebind.first;
	const char *driver = change->options.driver ? change->options.driver : "vfio-pci";
	struct binding wanted;

	if (!driver[0])
		return refuse_driver_name("driver", driver);
	if (change->options.override)
		return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				 "vfa_driver_options: override is set for a bind\n"
				 "leave it NULL: the override names the driver");
	if (!strcmp(first->driver, driver))
		return 0;
	strcpy(wanted.driver, driver);
	strcpy(wanted.override, driver);
	return give_to(change, &wanted);
}

/* Its driver is there because somebody wanted it, not because the kernel chose it. */
static bool is_given_away(const struct change *change)
{
	const struct binding *first = &change->rebind.first;

	return pci_is_vfio_bound(&change->function) ||
	       (first->override[0] && !strcmp(first->driver, first->override));
}

static int give_to_kernel(struct change *change, const char *override)
{
	struct rebind *rebind = &change->rebind;
	struct binding wanted = rebind->first;
	int err;

	if (rebind->first.driver[0] && !is_given_away(change)) {
		strcpy(wanted.override, override);
		return give_to(change, &wanted);
	}
	err = check_use(change);
	if (err)
		return err;
	err = rebind_probe(rebind, override);
	return err ? rebind_undo(rebind, NULL, err) : 0;
}

static int unbind(struct change *change)
{
	const char *override = change->options.override ? change->options.override : "";
	struct binding wanted;

	if (!change->options.driver)
		return give_to_kernel(change, override);
	strcpy(wanted.driver, change->options.driver);
	strcpy(wanted.override, override);
	return give_to(change, &wanted);
}

static void tell(const struct rebind *rebind, struct vfa_driver_change *ret)
{
	const struct binding *first = &rebind->first, *now = &rebind->now;
	struct vfa_driver_change change = {
		.changed = strcmp(first->driver, now->driver) ||
			   strcmp(first->override, now->override),
	};

	strcpy(change.from, first->driver);
	strcpy(change.to, now->driver);
	strcpy(change.override, first->override);
	if (change.changed && !rebind->dry_run)
		host_log(rebind->host, VFA_LOG_INFO, "%s: %s -> %s", rebind->bdf,
			 first->driver[0] ? first->driver : "no driver",
			 now->driver[0] ? now->driver : "no driver");
	if (ret)
		options_return(&change, sizeof(change), ret);
}

static int run(struct vfa_host *host, const char *bdf, const struct vfa_driver_options *options,
	       int (*act)(struct change *change), struct vfa_driver_change *ret)
{
	struct change change = { .options = { .flags = 0 } };
	int err = check_arguments(options, ret, &change.options);

	if (!err)
		err = host_hold(host, &host);
	if (err)
		return err;
	err = host_require_live(host, "change a driver");
	if (!err)
		err = start(host, bdf, &change);
	if (!err)
		err = act(&change);
	if (!err)
		tell(&change.rebind, ret);
	vfa_host_free(host);
	return err;
}

VFA_API int vfa_driver_bind(struct vfa_host *host, const char *bdf,
			    const struct vfa_driver_options *options, struct vfa_driver_change *ret)
{
	return run(host, bdf, options, bind, ret);
}

VFA_API int vfa_driver_unbind(struct vfa_host *host, const char *bdf,
			      const struct vfa_driver_options *options,
			      struct vfa_driver_change *ret)
{
	return run(host, bdf, options, unbind, ret);
}
