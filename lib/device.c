/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "device.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <vfa/config.h>

#include "adopt.h"
#include "base/api.h"
#include "base/error.h"
#include "base/options.h"
#include "base/sysfs.h"
#include "base/token.h"
#include "irq.h"
#include "join.h"
#include "kvm.h"
#include "peer.h"
#include "refusal.h"
#include "region.h"
#include "topology/reach.h"

int device_ioctl(struct vfa_device *device, unsigned long request, void *argument)
{
	return sys_ioctl(device_syscalls(device), device->fd, request, argument);
}

static int read_info(struct vfa_device *device)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	int err = device_ioctl(device, VFIO_DEVICE_GET_INFO, &info);

	if (err < 0)
		return error_kernel(err, "%s: VFIO_DEVICE_GET_INFO", device->bdf);
	device->flags = info.flags;
	device->irq_count = info.num_irqs;
	return region_read_all(device, info.num_regions);
}

/*
 * All ones is what a bus answers for a device that does not. Not for its ids, which VFIO
 * makes up for virtual functions.
 */
static int check_presence(struct vfa_device *device)
{
	uint32_t class_code;
	int err;

	if (!(device->flags & VFIO_DEVICE_FLAGS_PCI))
		return 0;
	err = vfa_region_read(device, VFA_REGION_CONFIG, PCI_CLASS_REVISION, &class_code,
			      sizeof(class_code));
	if (err || class_code != UINT32_MAX)
		return err;
	return error_set(
		ENODEV, VFA_CAUSE_DEVICE_GONE,
		"%s reads as all ones: it is asleep (D3cold) or gone\n"
		"see power_state in its sysfs directory; the parameter disable_idle_d3=1 of "
		"vfio_pci keeps devices awake; remove and rescan it if it fell off the bus",
		device->bdf);
}

/* Everything but the container's part; the half-built device is the caller's to free. */
static int set_up(struct vfa_device *device)
{
	int err = read_info(device);

	return err ? err : check_presence(device);
}

static void free_device(struct vfa_device *device)
{
	if (!device)
		return;
	region_release_all(device);
	peer_forget_device(device);
	pthread_mutex_destroy(&device->lock);
	container_release(device->container);
	free(device->windows);
	free(device);
}

static struct vfa_device *new_device(struct vfa_container *container, const char *bdf)
{
	struct vfa_device *device = calloc(1, sizeof(*device));

	if (!device)
		return NULL;
	strcpy(device->bdf, bdf);
	pthread_mutex_init(&device->lock, NULL);
	device->container = container;
	container_hold(container);
	return device;
}

/* They matter to the choice of IOVAs only: a device without is as good as before. */
static int find_windows(struct vfa_device *device)
{
	struct vfa_host *host = device->container->host;
	struct error_record saved;
	int count;

	error_save(&saved);
	count = reach_windows_of(host, device->bdf, &device->windows);
	if (count == -ENOMEM)
		return error_memory();
	error_restore(&saved);
	if (count < 0)
		host_log(host, VFA_LOG_WARNING,
			 "%s: what it reaches without the IOMMU is not known: %s", device->bdf,
			 strerrordesc_np(-count));
	if (count > 0)
		host_log(host, VFA_LOG_INFO,
			 "%s may reach %d BARs and bridge windows without the IOMMU: no IOVA is "
			 "chosen there",
			 device->bdf, count);
	device->window_count = count > 0 ? count : 0;
	return 0;
}

static int join_and_set_up(struct vfa_device *device, const struct pci_function *function, int fd,
			   const char *vf_token)
{
	struct joining joining = {
		.device = device,
		.function = function,
		.fd = fd,
		.vf_token = vf_token,
	};
	int err = join_begin(&joining);

	if (err)
		return err;
	err = set_up(device);
	if (!err)
		err = join_finish(&joining);
	if (err)
		join_abandon(&joining);
	return err;
}

static int open_device(struct vfa_container *container, const struct pci_function *function, int fd,
		       const struct vfa_device_options *options, struct vfa_device **ret)
{
	struct vfa_device *device = new_device(container, function->bdf);
	int err = 0;

	if (!device)
		return error_memory();
	if (!function->noiommu && !(options->flags & VFA_DEVICE_NO_WINDOWS))
		err = find_windows(device);
	if (!err)
		err = join_and_set_up(device, function, fd, options->vf_token);
	if (err) {
		free_device(device);
		return err;
	}
	*ret = device;
	return 0;
}

/* The kernel has no errno of its own for it. */
static int check_token(const char *bdf, const char *vf_token)
{
	unsigned char uuid[16];

	if (!vf_token || token_parse(vf_token, uuid))
		return 0;
	return error_set(EINVAL, VFA_CAUSE_VF_TOKEN,
			 "%s: the VF token \"%.64s\" is not a UUID\n"
			 "give it in the form 00112233-4455-6677-8899-aabbccddeeff",
			 bdf, vf_token);
}

static int check_options(const char *bdf, const struct vfa_device_options *options)
{
	if (options->flags & ~(uint64_t)VFA_DEVICE_NO_WINDOWS)
		return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				 "%s: flags 0x%" PRIx64 " has bits that are no flag\n"
				 "use enum vfa_device_flag",
				 bdf, options->flags);
	return check_token(bdf, options->vf_token);
}

static int check_arguments(const struct vfa_container *container, const char *bdf,
			   const struct vfa_device_options *options, struct vfa_device **ret,
			   char full[BDF_SIZE], struct vfa_device_options *given)
{
	int err;

	if (!container)
		return error_null("container");
	if (!ret)
		return error_null("ret");
	err = options_copy("vfa_device_options", options,
			   OPTIONS_UP_TO(struct vfa_device_options, vf_token), given,
			   sizeof(*given));
	if (!err)
		err = bdf_parse(bdf, full);
	return err ? err : check_options(full, given);
}

static int look_up(const struct vfa_container *container, const char bdf[BDF_SIZE],
		   struct pci_function *ret)
{
	if (container->wanted == VFA_BACKEND_TYPE1 || container->wanted == VFA_BACKEND_NOIOMMU)
		return pci_require_by_group(container->host, bdf, ret);
	return pci_require(container->host, bdf, ret);
}

VFA_API int vfa_device_open(struct vfa_container *container, const char *bdf,
			    const struct vfa_device_options *options, struct vfa_device **ret)
{
	struct vfa_device_options given;
	struct pci_function function;
	char full[BDF_SIZE];
	int err = check_arguments(container, bdf, options, ret, full, &given);

	if (err)
		return err;
	err = look_up(container, full, &function);
	if (!err)
		err = refuse_unready(container->host, container->wanted, &function);
	if (err)
		return err;
	return open_device(container, &function, -1, &given, ret);
}

/* Of group nodes the kernel knows whether the device is theirs; of device nodes sysfs does. */
static int check_node(const struct vfa_host *host, const struct pci_function *function, int fd)
{
	char path[SYSFS_PATH], number[32];
	unsigned int wanted_major, wanted_minor;
	struct stat node;

	sysfs_path(host, path, "bus/pci/devices/%s/vfio-dev/%s/dev", function->bdf,
		   function->vfio_node);
	if (!function->has_node || sysfs_read(host, path, number, sizeof(number)) < 0 ||
	    sscanf(number, "%u:%u", &wanted_major, &wanted_minor) != 2)
		return 0;
	if (fstat(fd, &node) || !S_ISCHR(node.st_mode) || major(node.st_rdev) != wanted_major ||
	    minor(node.st_rdev) == wanted_minor)
		return 0;
	return error_set(ENODEV, VFA_CAUSE_BAD_FD,
			 "fd %d is the device node of another device than %s\n"
			 "pass an open %s/vfio/devices/%s",
			 fd, function->bdf, host->dev, function->vfio_node);
}

/* Another file has other requests, or takes none before it is bound. */
static int check_adopted(struct vfa_device *device)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	int err = device_ioctl(device, VFIO_DEVICE_GET_INFO, &info);

	if (err != -ENOTTY && err != -EINVAL)
		return 0;
	return error_set(ENOTTY, VFA_CAUSE_BAD_MESSAGE,
			 "the fd that came over the socket for %s is not an open device\n"
			 "have the other side send by vfa_share_send",
			 device->bdf);
}

static int copy_windows(struct vfa_device *device, const struct adopted *adopted)
{
	device->windows = calloc(adopted->window_count + 1, sizeof(*device->windows));
	if (!device->windows)
		return error_memory();
	if (adopted->window_count)
		memcpy(device->windows, adopted->windows,
		       adopted->window_count * sizeof(*device->windows));
	device->window_count = adopted->window_count;
	return 0;
}

static int prepare_adopted(struct vfa_device *device, const struct adopted *adopted)
{
	struct pci_function function;
	int err;

	pci_read(device->container->host, device->bdf, &function);
	err = check_node(device->container->host, &function, adopted->fd);
	if (!err)
		err = check_adopted(device);
	if (!err)
		err = copy_windows(device, adopted);
	return err ? err : set_up(device);
}

int device_adopt(struct vfa_container *container, const struct adopted *adopted,
		 struct vfa_device **ret)
{
	struct vfa_device *device = new_device(container, adopted->bdf);
	int err;

	if (!device) {
		sys_close(container->host->sys, adopted->fd);
		return error_memory();
	}
	device->fd = adopted->fd;
	device->join = (struct join){
		.bdf = device->bdf,
		.group = adopted->group,
		.fd = -1,
		.group_fd = -1,
		.device_fd = adopted->fd,
		.device_id = adopted->id,
	};
	err = prepare_adopted(device, adopted);
	if (err)
		sys_close(container->host->sys, adopted->fd);
	else
		err = join_adopt(device);
	if (err)
		free_device(device);
	else
		*ret = device;
	return err;
}

VFA_API int vfa_device_open_fd(struct vfa_container *container, const char *bdf, int fd,
			       const struct vfa_device_options *options, struct vfa_device **ret)
{
	struct vfa_device_options given;
	struct pci_function function;
	char full[BDF_SIZE];
	int err = check_arguments(container, bdf, options, ret, full, &given);

	if (err)
		return err;
	if (fd < 0)
		return error_set(EBADF, VFA_CAUSE_BAD_FD,
				 "fd %d is not open\npass the open node of %s or of its group", fd,
				 full);
	if (vfa_container_backend(container) == VFA_BACKEND_AUTO)
		return error_set(ENODEV, VFA_CAUSE_WRONG_ORDER,
				 "%s: the container has no backend yet, so the kind of fd is open\n"
				 "open the container with a backend by name",
				 full);
	pci_read(container->host, full, &function);
	err = check_node(container->host, &function, fd);
	if (err)
		return err;
	return open_device(container, &function, fd, &given, ret);
}

VFA_API void vfa_device_close(struct vfa_device *device)
{
	if (!device)
		return;
	peer_close_all(device);    /* type1 would go on leading there */
	kvm_forget_device(device); /* KVM would hold the device open */
	irq_release_all(device);
	region_release_all(device); /* so would a mapping */
	leave_container(device);
	free_device(device);
}

VFA_API const char *vfa_device_bdf(const struct vfa_device *device)
{
	return device->bdf;
}

VFA_API int vfa_device_group(const struct vfa_device *device)
{
	if (!device)
		return error_null("device");
	if (device->join.group < 0)
		return error_set(
			ENOENT, VFA_CAUSE_NO_GROUP,
			"%s: sysfs did not tell its group\nmake sysfs visible to this process",
			device->bdf);
	return device->join.group;
}

VFA_API int vfa_device_fd(const struct vfa_device *device)
{
	return device ? device->fd : error_null("device");
}

static int change_command(struct vfa_device *device, uint16_t clear, uint16_t set)
{
	uint16_t command;
	int err;

	if (!device)
		return error_null("device");
	pthread_mutex_lock(&device->lock);
	err = vfa_config_read16(device, PCI_COMMAND, &command);
	if (!err)
		err = vfa_config_write16(device, PCI_COMMAND, (command & ~clear) | set);
	pthread_mutex_unlock(&device->lock);
	return err;
}

VFA_API int vfa_device_enable_bus_master(struct vfa_device *device)
{
	return change_command(device, 0, PCI_COMMAND_MASTER);
}

VFA_API int vfa_device_disable_bus_master(struct vfa_device *device)
{
	return change_command(device, PCI_COMMAND_MASTER, 0);
}
