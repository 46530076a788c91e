/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "refusal_driver.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/append.h"
#include "base/sysfs.h"
#include "topology/pci.h"

bool rebind_is_gone(const struct rebind *rebind)
{
	char path[SYSFS_PATH];

	sysfs_path(rebind->host, path, "bus/pci/devices/%s", rebind->bdf);
	return !sysfs_exists(rebind->host, path);
}

int refuse_gone(const struct rebind *rebind)
{
	return error_set(ENODEV, VFA_CAUSE_NO_DEVICE,
			 "%s has gone: it was unplugged while its driver was changed\n"
			 "plug it in again, and repeat",
			 rebind->bdf);
}

int refuse_driver_name(const char *what, const char *name)
{
	return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
			 "%s \"%.32s\": no driver can have this name\n"
			 "give one of those in /sys/bus/pci/drivers, of at most %d letters",
			 what, name, VFA_DRIVER_NAME - 2);
}

int refuse_no_driver(const struct rebind *rebind, const char *driver)
{
	return error_set(ENOENT, VFA_CAUSE_NO_DRIVER,
			 "%s: there is no PCI driver %s in the kernel\n"
			 "load its module, which often has the same name:\n"
			 "  modprobe %s",
			 rebind->bdf, driver, driver);
}

int refuse_bridge(const struct rebind *rebind, const char *driver)
{
	return error_set(EINVAL, VFA_CAUSE_DRIVER_REFUSED,
			 "%s is a bridge, which %s does not take\n"
			 "leave it on its driver: pcieport does not keep a group from being used",
			 rebind->bdf, driver);
}

int refuse_read(const struct rebind *rebind, const char *path, int err)
{
	if (rebind_is_gone(rebind))
		return refuse_gone(rebind);
	return error_kernel(err, "%s: read %s", rebind->bdf, path);
}

int refuse_write(const struct rebind *rebind, const char *path, int err)
{
	if (rebind_is_gone(rebind))
		return refuse_gone(rebind);
	if (err == -EACCES || err == -EPERM)
		return error_set(err, VFA_CAUSE_ACCESS,
				 "%s: no right to write to %s\n"
				 "changing a driver takes root, in the first user namespace",
				 rebind->bdf, path);
	if (err == -EROFS)
		return error_set(err, VFA_CAUSE_DENIED,
				 "%s: %s cannot be written: sysfs is mounted for reading only\n"
				 "it is so in most containers: change the driver outside",
				 rebind->bdf, path);
	return error_kernel(err, "%s: write to %s", rebind->bdf, path);
}

/* "bound to nvme" */
static void describe(const char *driver, char *ret, size_t size)
{
	if (driver[0])
		snprintf(ret, size, "bound to %s", driver);
	else
		snprintf(ret, size, "bound to no driver");
}

int refuse_raced(const struct rebind *rebind, const char *wanted, const char *found)
{
	char should[96], is[96];

	describe(wanted, should, sizeof(should));
	describe(found, is, sizeof(is));
	return error_set(EBUSY, VFA_CAUSE_IN_USE,
			 "%s should be %s now, and is %s: somebody else changes its driver too\n"
			 "end that, such as a udev rule or driverctl(8), and repeat",
			 rebind->bdf, should, is);
}

static int refuse_probe(const struct rebind *rebind, const char *driver, int err)
{
	struct pci_function function;
	int missing = 0;

	if (strstr(driver, "vfio"))
		missing = pci_require(rebind->host, rebind->bdf, &function);
	if (missing)
		return missing;
	return error_set(err, VFA_CAUSE_DRIVER_REFUSED,
			 "%s: %s refused it: %s\n"
			 "the kernel's log may tell why: dmesg | tail",
			 rebind->bdf, driver, strerrordesc_np(-err) ?: "an unknown errno");
}

int refuse_bind(const struct rebind *rebind, const char *driver, const char *path, int err)
{
	struct pci_function function;

	if (rebind_is_gone(rebind))
		return refuse_gone(rebind);
	if (!sysfs_exists(rebind->host, path))
		return refuse_no_driver(rebind, driver);
	pci_read(rebind->host, rebind->bdf, &function);
	if (err == -EBUSY && function.driver[0])
		return refuse_raced(rebind, driver, function.driver);
	if (err == -EACCES || err == -EPERM || err == -EROFS)
		return refuse_write(rebind, path, err);
	return refuse_probe(rebind, driver, err);
}

int refuse_restored(const struct rebind *rebind, const struct error_record *failure)
{
	const struct vfa_error *error = vfa_error_last();
	char message[1024], hint[768], state[96];

	error_restore(failure);
	snprintf(message, sizeof(message), "%s", error->message);
	snprintf(hint, sizeof(hint), "%s", error->hint);
	describe(rebind->now.driver, state, sizeof(state));
	return error_set(error->code, error->cause, "%s; it is %s%s\n%s", message, state,
			 strcmp(rebind->now.driver, rebind->first.driver) ? "" : ", as before",
			 hint);
}

/* What is missing to be as at first. */
static void print_commands(const struct rebind *rebind, char *text, size_t size)
{
	const char *sysfs = rebind->host->sysfs, *bdf = rebind->bdf;
	const char *driver = rebind->first.driver, *override = rebind->first.override;
	bool differs = strcmp(rebind->now.driver, driver);

	text[0] = '\0';
	if (differs && rebind->now.driver[0])
		append_whole(text, size, "\n  echo %s > %s/bus/pci/drivers/%s/unbind", bdf, sysfs,
			     rebind->now.driver);
	if (differs && driver[0])
		append_whole(text, size,
			     "\n  echo %3$s > %1$s/bus/pci/devices/%2$s/driver_override"
			     "\n  echo %2$s > %1$s/bus/pci/drivers/%3$s/bind",
			     sysfs, bdf, driver);
	append_whole(text, size, "\n  echo %s%s> %s/bus/pci/devices/%s/driver_override", override,
		     override[0] ? " " : "", sysfs, bdf);
}

int refuse_unrestored(const struct rebind *rebind, const struct error_record *failure)
{
	const struct vfa_error *error = vfa_error_last();
	char message[768], reason[512], state[96], commands[1024];

	snprintf(reason, sizeof(reason), "%s", error->message);
	error_restore(failure);
	snprintf(message, sizeof(message), "%s", error->message);
	describe(rebind->first.driver, state, sizeof(state));
	print_commands(rebind, commands, sizeof(commands));
	return error_set(error->code, VFA_CAUSE_NOT_RESTORED,
			 "%s; and it is not %s any more, as it was: %s\n"
			 "put it back as root, once what is in the way is gone:%s",
			 message, state, reason, commands);
}
