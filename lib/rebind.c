/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "rebind.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/sysfs.h"
#include "refusal_driver.h"

#define DEVICE "bus/pci/devices/%s"
#define DRIVER "bus/pci/drivers/%s"

/* How long a function may be new, and how often to try. */
#define NEW_MS  5000
#define STEP_MS 10

static int read_driver(const struct rebind *rebind, char ret[VFA_DRIVER_NAME])
{
	char path[SYSFS_PATH];
	int err;

	sysfs_path(rebind->host, path, DEVICE "/driver", rebind->bdf);
	err = sysfs_link_name(rebind->host, path, ret, VFA_DRIVER_NAME);
	if (err == -ENOENT) {
		ret[0] = '\0';
		return 0;
	}
	return err ? refuse_read(rebind, path, err) : 0;
}

/* The kernel shows a null pointer, of one release or another, where there is none. */
static int read_override(const struct rebind *rebind, char ret[VFA_DRIVER_NAME])
{
	char path[SYSFS_PATH];
	int size;

	sysfs_path(rebind->host, path, DEVICE "/driver_override", rebind->bdf);
	size = sysfs_read(rebind->host, path, ret, VFA_DRIVER_NAME);
	if (size < 0 || size == VFA_DRIVER_NAME - 1)
		return refuse_read(rebind, path, size < 0 ? size : -ENAMETOOLONG);
	if (!strcmp(ret, "(null)"))
		ret[0] = '\0';
	return 0;
}

int rebind_start(struct rebind *rebind)
{
	int err = read_driver(rebind, rebind->first.driver);

	if (!err)
		err = read_override(rebind, rebind->first.override);
	rebind->now = rebind->first;
	return err;
}

static int write_line(struct rebind *rebind, const char *path, const char *text)
{
	int err;

	host_log(rebind->host, VFA_LOG_DEBUG, "echo %s%s> %s", text, text[0] ? " " : "", path);
	if (rebind->dry_run)
		return 0;
	err = sysfs_write(rebind->host, path, text);
	rebind->written = rebind->written || !err;
	return err;
}

/* The driver link is the only witness that counts. */
static int verify(struct rebind *rebind, const char *driver)
{
	char now[VFA_DRIVER_NAME];
	int err;

	if (rebind->dry_run)
		return 0;
	err = read_driver(rebind, now);
	if (err)
		return err;
	strcpy(rebind->now.driver, now);
	return strcmp(now, driver) ? refuse_raced(rebind, driver, now) : 0;
}

static int set_override(struct rebind *rebind, const char *override)
{
	char path[SYSFS_PATH];
	int err;

	if (!strcmp(rebind->now.override, override))
		return 0;
	sysfs_path(rebind->host, path, DEVICE "/driver_override", rebind->bdf);
	err = write_line(rebind, path, override);
	if (err)
		return refuse_write(rebind, path, err);
	strcpy(rebind->now.override, override);
	return 0;
}

/* By the driver's name: if it has lost the function meanwhile, nobody else does. */
static int leave_driver(struct rebind *rebind)
{
	char path[SYSFS_PATH];
	int err;

	if (!rebind->now.driver[0])
		return 0;
	sysfs_path(rebind->host, path, DRIVER "/unbind", rebind->now.driver);
	err = write_line(rebind, path, rebind->bdf);
	if (err)
		return refuse_write(rebind, path, err);
	rebind->now.driver[0] = '\0';
	rebind->moved = true;
	return verify(rebind, "");
}

/*
 * A function that has just come takes no driver until the kernel has set it up. The
 * kernel tries the one of its override then, and the next write waits for the outcome.
 */
static int bind_newcomer(struct rebind *rebind, const char *path)
{
	int err = -ENODEV, slept = 0;

	for (int ms = 0; ms < NEW_MS && err == -ENODEV; ms += STEP_MS) {
		slept = sys_poll(rebind->host->sys, NULL, 0, STEP_MS);
		if ((slept < 0 && slept != -EINTR) || rebind_is_gone(rebind))
			break;
		err = sysfs_write(rebind->host, path, rebind->bdf);
	}
	return err;
}

/* Busy is what it is for a driver that has it already, too. */
static bool has_driver(const struct rebind *rebind, const char *driver)
{
	char now[VFA_DRIVER_NAME];

	return !read_driver(rebind, now) && !strcmp(now, driver);
}

/* Unlike drivers_probe, the driver's own bind tells why it refuses. */
static int take_driver(struct rebind *rebind, const char *driver)
{
	char path[SYSFS_PATH];
	int err;

	sysfs_path(rebind->host, path, DRIVER "/bind", driver);
	err = write_line(rebind, path, rebind->bdf);
	if (err == -ENODEV && !rebind->first.driver[0])
		err = bind_newcomer(rebind, path);
	if (err && (err != -EBUSY || !has_driver(rebind, driver)))
		return refuse_bind(rebind, driver, path, err);
	strcpy(rebind->now.driver, driver);
	rebind->moved = true;
	return verify(rebind, driver);
}

static int change_driver(struct rebind *rebind, const struct binding *wanted)
{
	int err = set_override(rebind, wanted->driver[0] ? wanted->driver : wanted->override);

	if (!err)
		err = leave_driver(rebind);
	if (!err && wanted->driver[0])
		err = take_driver(rebind, wanted->driver);
	return err;
}

int rebind_to(struct rebind *rebind, const struct binding *wanted)
{
	int err = 0;

	if (strcmp(rebind->now.driver, wanted->driver))
		err = change_driver(rebind, wanted);
	return err ? err : set_override(rebind, wanted->override);
}

int rebind_probe(struct rebind *rebind, const char *override)
{
	char path[SYSFS_PATH];
	int err = set_override(rebind, override);

	if (!err)
		err = leave_driver(rebind);
	if (err)
		return err;
	sysfs_path(rebind->host, path, "bus/pci/drivers_probe");
	err = write_line(rebind, path, rebind->bdf);
	if (err)
		return refuse_write(rebind, path, err);
	rebind->moved = true;
	return rebind->dry_run ? 0 : read_driver(rebind, rebind->now.driver);
}

/* A driver that is neither of the two came of its own accord. */
static bool is_taken(const struct rebind *rebind, const char *target)
{
	return target && rebind->now.driver[0] && strcmp(rebind->now.driver, target) &&
	       strcmp(rebind->now.driver, rebind->first.driver);
}

static int go_back(struct rebind *rebind, const char *target)
{
	int err = read_driver(rebind, rebind->now.driver);

	if (err)
		return err;
	if (rebind->moved && !is_taken(rebind, target))
		return rebind_to(rebind, &rebind->first);
	err = set_override(rebind, rebind->first.override);
	if (err || !rebind->moved)
		return err;
	return refuse_raced(rebind, rebind->first.driver, rebind->now.driver);
}

int rebind_undo(struct rebind *rebind, const char *target, int err)
{
	struct error_record failure;
	int left;

	if (!rebind->written)
		return err;
	error_save(&failure);
	left = go_back(rebind, target);
	if (rebind_is_gone(rebind))
		return refuse_gone(rebind);
	return left ? refuse_unrestored(rebind, &failure) : refuse_restored(rebind, &failure);
}
