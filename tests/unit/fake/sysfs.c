/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "fake/sysfs.h"

#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH  512
#define SHORT 128 /* of a device below sys/devices */

static void must(int ok, const char *what, const char *path)
{
	if (ok)
		return;
	fprintf(stderr, "fake sysfs: %s %s: %s\n", what, path, strerror(errno));
	abort();
}

static void path_of(const struct tree *tree, char path[PATH], const char *format, va_list list)
{
	int used = snprintf(path, PATH, "%s/", tree->root);

	vsnprintf(path + used, PATH - used, format, list);
}

#define FORMAT_PATH(path)                                                                          \
	do {                                                                                       \
		va_list list_;                                                                     \
		va_start(list_, format);                                                           \
		path_of(tree, path, format, list_);                                                \
		va_end(list_);                                                                     \
	} while (0)

static void make_directory(const char *path)
{
	must(!mkdir(path, 0755) || errno == EEXIST, "mkdir", path);
}

static void make_parents(char *path)
{
	char *slash = strrchr(path, '/');

	*slash = '\0';
	if (access(path, F_OK)) {
		make_parents(path);
		make_directory(path);
	}
	*slash = '/';
}

void tree_mkdir(const struct tree *tree, const char *format, ...)
{
	char path[PATH];

	FORMAT_PATH(path);
	make_parents(path);
	make_directory(path);
}

void tree_write(const struct tree *tree, const char *text, const char *format, ...)
{
	char path[PATH];
	FILE *file;

	FORMAT_PATH(path);
	make_parents(path);
	file = fopen(path, "we");
	must(file && !fchmod(fileno(file), 0600) && fputs(text, file) >= 0 && !fclose(file),
	     "write", path);
}

void tree_link(const struct tree *tree, const char *target, const char *format, ...)
{
	char path[PATH];

	FORMAT_PATH(path);
	make_parents(path);
	must(!symlink(target, path), "link", path);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status;
	(void)kind;
	(void)walk;
	must(!remove(path), "remove", path);
	return 0;
}

static void remove_all(const char *path)
{
	must(!nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS), "remove", path);
}

void tree_remove(const struct tree *tree, const char *format, ...)
{
	char path[PATH];

	FORMAT_PATH(path);
	remove_all(path);
}

static void add_driver(const struct tree *tree, const char *name)
{
	tree_write(tree, "", "sys/bus/pci/drivers/%s/bind", name);
	tree_write(tree, "", "sys/bus/pci/drivers/%s/unbind", name);
}

void tree_create(struct tree *tree)
{
	/* In memory where there is such a place: hundreds of trees are made and removed. */
	snprintf(tree->root, sizeof(tree->root), "%s/vfa-unit-XXXXXX",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	must(!!mkdtemp(tree->root), "mkdtemp", tree->root);
	snprintf(tree->sys, sizeof(tree->sys), "%s/sys", tree->root);
	snprintf(tree->dev, sizeof(tree->dev), "%s/dev", tree->root);
	snprintf(tree->proc, sizeof(tree->proc), "%s/proc", tree->root);

	tree_mkdir(tree, "sys/bus/pci/devices");
	tree_write(tree, "", "sys/bus/pci/drivers_probe");
	add_driver(tree, "vfio-pci");
	tree_mkdir(tree, "sys/devices/pci0000:00");
	tree_mkdir(tree, "sys/kernel/iommu_groups");
	tree_mkdir(tree, "sys/class/iommu/dmar0");
	tree_mkdir(tree, "sys/class/vfio");
	tree_mkdir(tree, "sys/class/vfio-dev");
	tree_mkdir(tree, "sys/module/vfio_pci");
	tree_write(tree, "N\n", "sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts");
	tree_write(tree, "65535\n", "sys/module/vfio_iommu_type1/parameters/dma_entry_limit");
	tree_write(tree, "N\n", "sys/module/iommufd/parameters/allow_unsafe_interrupts");
	tree_write(tree, "", "dev/vfio/vfio");
	tree_write(tree, "", "dev/iommu");
	tree_mkdir(tree, "dev/vfio/devices");
	/* This process as it is, but for what the fake kernel knows of it. */
	tree_write(tree, "", "proc/self/status");
	tree_link(tree, "/proc/self/maps", "proc/self/maps");
}

void tree_destroy(struct tree *tree)
{
	remove_all(tree->root);
}

void tree_add_group(const struct tree *tree, uint32_t number, const char *reserved)
{
	tree_mkdir(tree, "sys/kernel/iommu_groups/%u/devices", number);
	tree_write(tree, "DMA\n", "sys/kernel/iommu_groups/%u/type", number);
	tree_write(tree, reserved, "sys/kernel/iommu_groups/%u/reserved_regions", number);
	tree_write(tree, "", "dev/vfio/%u", number);
}

/* "pci0000:00/0000:00:04.0", below sys/devices. */
static void device_path(const struct tree_device *device, char path[SHORT])
{
	if (device->parent)
		snprintf(path, SHORT, "pci0000:00/%s/%s", device->parent, device->bdf);
	else
		snprintf(path, SHORT, "pci0000:00/%s", device->bdf);
}

static void add_group_links(const struct tree *tree, const struct tree_device *device,
			    const char *path)
{
	char target[PATH], up[SHORT] = "../../..";

	snprintf(target, sizeof(target), "../../../../devices/%s", path);
	tree_link(tree, target, "sys/kernel/iommu_groups/%d/devices/%s", device->group,
		  device->bdf);
	for (const char *parents = device->parent; parents; parents = strchr(parents + 1, '/'))
		strcat(up, "/..");
	snprintf(target, sizeof(target), "%s/kernel/iommu_groups/%d", up, device->group);
	tree_link(tree, target, "sys/devices/%s/iommu_group", path);
}

static void add_node(const struct tree *tree, const struct tree_device *device, const char *path)
{
	char text[32];

	snprintf(text, sizeof(text), "511:%d\n", device->cdev);
	tree_write(tree, text, "sys/devices/%s/vfio-dev/vfio%d/dev", path, device->cdev);
	tree_write(tree, "", "dev/vfio/devices/vfio%d", device->cdev);
}

static void write_number(const struct tree *tree, const char *format, uint32_t value,
			 const char *path, const char *name)
{
	char text[32];

	snprintf(text, sizeof(text), format, value);
	strcat(text, "\n");
	tree_write(tree, text, "sys/devices/%s/%s", path, name);
}

void tree_add_device(const struct tree *tree, const struct tree_device *device)
{
	char path[SHORT], target[PATH];

	device_path(device, path);
	snprintf(target, sizeof(target), "../../../devices/%s", path);
	tree_link(tree, target, "sys/bus/pci/devices/%s", device->bdf);
	write_number(tree, "0x%04x", device->vendor, path, "vendor");
	write_number(tree, "0x%04x", device->device, path, "device");
	write_number(tree, "0x%06x", device->class_code, path, "class");
	tree_write(tree, "(null)\n", "sys/devices/%s/driver_override", path);
	tree_write(tree, "D0\n", "sys/devices/%s/power_state", path);
	tree_write(tree, "flr bus\n", "sys/devices/%s/reset_method", path);
	if (device->group >= 0)
		add_group_links(tree, device, path);
	if (device->cdev >= 0)
		add_node(tree, device, path);
	tree_set_driver(tree, device->bdf, device->driver);
}

void tree_set_driver(const struct tree *tree, const char *bdf, const char *driver)
{
	char link[PATH], target[PATH];

	snprintf(link, sizeof(link), "%s/bus/pci/devices/%s/driver", tree->sys, bdf);
	unlink(link);
	if (!driver)
		return;
	add_driver(tree, driver);
	snprintf(target, sizeof(target), "%s/bus/pci/drivers/%s", tree->sys, driver);
	must(!symlink(target, link), "link", link);
}

void tree_add_holder(const struct tree *tree, int pid, const char *name, const char *node)
{
	char text[PATH];

	snprintf(text, sizeof(text), "%s\n", name);
	tree_write(tree, text, "proc/%d/comm", pid);
	snprintf(text, sizeof(text), "%s/%s", tree->dev, node);
	tree_link(tree, text, "proc/%d/fd/9", pid);
	tree_link(tree, "/dev/null", "proc/%d/fd/0", pid);
}

static void write_pages(const struct tree *tree, unsigned int kib, const char *name,
			unsigned int value)
{
	char text[32];

	snprintf(text, sizeof(text), "%u\n", value);
	tree_write(tree, text, "sys/kernel/mm/hugepages/hugepages-%ukB/%s", kib, name);
}

void tree_huge_pages(const struct tree *tree, unsigned int kib, unsigned int count,
		     unsigned int free, unsigned int reserved)
{
	write_pages(tree, kib, "nr_hugepages", count);
	write_pages(tree, kib, "free_hugepages", free);
	write_pages(tree, kib, "resv_hugepages", reserved);
}
