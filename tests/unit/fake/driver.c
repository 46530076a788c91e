/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * The driver core: the made-up sysfs reacts when bind, unbind, driver_override and
 * drivers_probe are written, by the rules and with the errnos of Linux.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake/internal.h"
#include "fake/lock.h"

#define PATH  768
#define NAME  256
#define RULES 8

/* What a driver's probe answers, and what the kernel would choose for a device. */
static struct {
	char driver[NAME];
	int err;
} probes[RULES];

static struct {
	char bdf[NAME];
	char driver[NAME];
} natives[RULES];

static struct {
	unsigned int countdown;
	void (*act)(void *data);
	void *data;
} visitor;

static unsigned int writes;
static char newcomer[NAME];
static char sys_root[NAME];

void fake_drivers_reset(const char *dev)
{
	const char *end = strrchr(dev, '/');

	snprintf(sys_root, sizeof(sys_root), "%.*s/sys", (int)(end ? end - dev : 0), dev);
	memset(probes, 0, sizeof(probes));
	memset(natives, 0, sizeof(natives));
	memset(&visitor, 0, sizeof(visitor));
	writes = 0;
	newcomer[0] = '\0';
}

void fake_set_new(const char *bdf)
{
	fake_lock();
	snprintf(newcomer, sizeof(newcomer), "%s", bdf);
	fake_unlock();
}

void fake_set_probe_errno(const char *driver, int err)
{
	size_t i = 0;

	fake_lock();
	while (probes[i].driver[0] && strcmp(probes[i].driver, driver))
		i++;
	snprintf(probes[i].driver, NAME, "%s", driver);
	probes[i].err = err;
	fake_unlock();
}

void fake_set_native_driver(const char *bdf, const char *driver)
{
	size_t i = 0;

	fake_lock();
	while (natives[i].bdf[0] && strcmp(natives[i].bdf, bdf))
		i++;
	snprintf(natives[i].bdf, NAME, "%s", bdf);
	snprintf(natives[i].driver, NAME, "%s", driver);
	fake_unlock();
}

void fake_visit_write(unsigned int n, void (*act)(void *data), void *data)
{
	fake_lock();
	visitor.countdown = n;
	visitor.act = act;
	visitor.data = data;
	fake_unlock();
}

unsigned int fake_count_writes(void)
{
	return writes;
}

static const char *native_of(const char *bdf)
{
	for (size_t i = 0; i < RULES; i++)
		if (!strcmp(natives[i].bdf, bdf))
			return natives[i].driver;
	return "";
}

static int probe_errno(const char *driver)
{
	for (size_t i = 0; i < RULES; i++)
		if (!strcmp(probes[i].driver, driver))
			return probes[i].err;
	return 0;
}

static void device_path(const char *bdf, const char *name, char ret[PATH])
{
	snprintf(ret, PATH, "%.240s/bus/pci/devices/%.64s/%.64s", sys_root, bdf, name);
}

static bool has_device(const char *bdf)
{
	char path[PATH];

	device_path(bdf, "", path);
	return !access(path, F_OK);
}

static void driver_of(const char *bdf, char ret[NAME])
{
	char path[PATH], target[PATH];
	ssize_t size;

	device_path(bdf, "driver", path);
	size = readlink(path, target, sizeof(target) - 1);
	target[size > 0 ? size : 0] = '\0';
	snprintf(ret, NAME, "%.255s", strrchr(target, '/') ? strrchr(target, '/') + 1 : target);
}

static void override_of(const char *bdf, char ret[NAME])
{
	char path[PATH];
	FILE *file;

	ret[0] = '\0';
	device_path(bdf, "driver_override", path);
	file = fopen(path, "re");
	if (!file || !fgets(ret, NAME, file))
		ret[0] = '\0';
	if (file)
		fclose(file);
	ret[strcspn(ret, "\n")] = '\0';
	if (!strcmp(ret, "(null)"))
		ret[0] = '\0';
}

/* A VFIO driver's device has a directory of its own as long as it is bound. */
static void show_node(const char *bdf, bool there)
{
	char shown[PATH], hidden[PATH];

	device_path(bdf, "vfio-dev", shown);
	device_path(bdf, ".vfio-dev", hidden);
	(void)rename(there ? hidden : shown, there ? shown : hidden);
}

static int set_override(const char *bdf, const char *name)
{
	char path[PATH];
	FILE *file;

	device_path(bdf, "driver_override", path);
	file = fopen(path, "we");
	if (!file)
		return -ENODEV;
	fprintf(file, "%s\n", name[0] ? name : "(null)");
	fclose(file);
	return 0;
}

static int unbind(const char *driver, const char *bdf)
{
	char path[PATH], bound[NAME];

	driver_of(bdf, bound);
	if (!has_device(bdf) || strcmp(bound, driver))
		return -ENODEV;
	device_path(bdf, "driver", path);
	unlink(path);
	show_node(bdf, false);
	return 0;
}

static bool matches(const char *driver, const char *bdf)
{
	char override[NAME];

	override_of(bdf, override);
	return !strcmp(driver, override[0] ? override : native_of(bdf));
}

static int bind(const char *driver, const char *bdf)
{
	char path[PATH], target[PATH], bound[NAME];

	if (!has_device(bdf) || !matches(driver, bdf) || !strcmp(bdf, newcomer))
		return -ENODEV;
	driver_of(bdf, bound);
	if (bound[0])
		return -EBUSY;
	if (probe_errno(driver))
		return -probe_errno(driver);
	device_path(bdf, "driver", path);
	snprintf(target, sizeof(target), "%.240s/bus/pci/drivers/%.64s", sys_root, driver);
	if (symlink(target, path))
		return -errno;
	show_node(bdf, strstr(driver, "vfio"));
	return 0;
}

/* What is there to bind or not, it says that all is well. */
static int probe(const char *bdf)
{
	char driver[NAME], path[PATH];

	if (!has_device(bdf))
		return -ENODEV;
	override_of(bdf, driver);
	if (!driver[0])
		snprintf(driver, NAME, "%.255s", native_of(bdf));
	snprintf(path, sizeof(path), "%.240s/bus/pci/drivers/%.255s", sys_root, driver);
	if (driver[0] && !access(path, F_OK))
		(void)bind(driver, bdf);
	return 0;
}

void fake_settle(void)
{
	char bdf[NAME];

	fake_lock();
	snprintf(bdf, sizeof(bdf), "%s", newcomer);
	newcomer[0] = '\0';
	if (bdf[0])
		(void)probe(bdf);
	fake_unlock();
}

/* The name of the directory that an attribute is in. */
static const char *owner_of(char *path, char *slash)
{
	*slash = '\0';
	return strrchr(path, '/') + 1;
}

static int store(char *path, const char *text)
{
	char *slash = strrchr(path, '/');

	if (strstr(path, " (deleted)"))
		return -ENODEV;
	if (!strcmp(slash, "/drivers_probe"))
		return probe(text);
	if (!strcmp(slash, "/driver_override"))
		return set_override(owner_of(path, slash), text);
	if (!strcmp(slash, "/unbind"))
		return unbind(owner_of(path, slash), text);
	return bind(owner_of(path, slash), text);
}

/* Somebody else's turn. */
static void let_visit(void)
{
	writes++;
	if (visitor.countdown && --visitor.countdown == 0)
		visitor.act(visitor.data);
}

static void path_of_fd(int fd, char ret[PATH])
{
	char link[32];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, ret, PATH - 1);
	ret[length > 0 ? length : 0] = '\0';
}

bool fake_is_attribute(int fd)
{
	char path[PATH];
	const char *name;

	path_of_fd(fd, path);
	name = strrchr(path, '/');
	return name && !strncmp(path, sys_root, strlen(sys_root)) &&
	       (!strcmp(name, "/bind") || !strcmp(name, "/unbind") ||
		!strcmp(name, "/driver_override") || !strcmp(name, "/drivers_probe"));
}

long fake_attribute_write(int fd, const void *buffer, size_t size)
{
	char path[PATH], text[NAME];
	int err;

	let_visit();
	path_of_fd(fd, path);
	snprintf(text, sizeof(text), "%.*s", (int)size, (const char *)buffer);
	text[strcspn(text, "\n")] = '\0';
	err = store(path, text);
	return err ? err : (long)size;
}
