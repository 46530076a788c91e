/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * What comes and goes: PCI functions, their drivers, and VFIO's nodes.
 *
 * A monitor hears of what happens on this machine from when it is opened. It is an fd
 * for the caller's loop: poll it, and read events until none is left. To miss nothing,
 * open the monitor first, look at the machine then (vfa/topology.h, vfa/group.h), and
 * read events last; some of those are of what has been seen already.
 *
 * The handle owns its fd. One thread at a time may use a monitor.
 */

#ifndef VFA_MONITOR_H
#define VFA_MONITOR_H

#include <stdint.h>
#include <vfa/host.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vfa_monitor;

/** enum vfa_monitor_source - who tells of events */
enum vfa_monitor_source {
	VFA_MONITOR_AUTO = 0, /* udev where it runs, else the kernel */
	VFA_MONITOR_KERNEL,   /* at once: nodes may not have their final owner and mode yet */
	VFA_MONITOR_UDEV,     /* when udev's rules are done: nodes can be opened */
};

/** enum vfa_monitor_action - what happened, in the kernel's words */
enum vfa_monitor_action {
	VFA_MONITOR_ADD = 1,
	VFA_MONITOR_REMOVE,
	VFA_MONITOR_CHANGE,
	VFA_MONITOR_MOVE,
	VFA_MONITOR_ONLINE,
	VFA_MONITOR_OFFLINE,
	VFA_MONITOR_BIND,   /* a driver has taken it */
	VFA_MONITOR_UNBIND, /* its driver has let go of it */
};

/** enum vfa_monitor_subsystem - what it happened to */
enum vfa_monitor_subsystem {
	VFA_MONITOR_PCI = 1,    /* a function */
	VFA_MONITOR_VFIO,       /* a group's node, /dev/vfio/N */
	VFA_MONITOR_VFIO_DEVICE /* a device's node, /dev/vfio/devices/vfioN */
};

/**
 * struct vfa_monitor_options - what to hear
 * @struct_size: set by VFA_MONITOR_OPTIONS_INIT
 * @source: who tells
 * @buffer_size: bytes that the kernel may hold for events not read yet, about 1 KiB for
 *	each; 0 for 8 MiB. More than net.core.rmem_max takes CAP_NET_ADMIN, and is cut to
 *	that without
 */
struct vfa_monitor_options {
	uint32_t struct_size;
	enum vfa_monitor_source source;
	uint64_t buffer_size;
};

#define VFA_MONITOR_OPTIONS_INIT                                                                   \
	{                                                                                          \
		sizeof(struct vfa_monitor_options), (enum vfa_monitor_source)0, 0                  \
	}

/**
 * struct vfa_monitor_event - something that happened
 * @struct_size: set by VFA_MONITOR_EVENT_INIT
 * @action: what
 * @subsystem: to what kind of object
 * @group: of a group's node its number, which noiommu's share; else -1
 * @bdf: the function, or the one that a device's node belongs to; empty for a group's node
 * @driver: that the function is bound to now; empty for none, and for nodes
 * @node: path of the node in /dev; empty where there is none
 * @path: the object's directory below /sys
 *
 * A node that is added comes after its function is bound, as a rule; one that is
 * removed, before it is unbound. Linux 6.1 tells of devices' nodes, but has none: @node
 * is empty then.
 */
struct vfa_monitor_event {
	uint32_t struct_size;
	enum vfa_monitor_action action;
	enum vfa_monitor_subsystem subsystem;
	int32_t group;
	char bdf[20];
	char driver[64];
	char node[64];
	char path[512];
};

#define VFA_MONITOR_EVENT_INIT                                                                     \
	{                                                                                          \
		sizeof(struct vfa_monitor_event), (enum vfa_monitor_action)0,                      \
			(enum vfa_monitor_subsystem)0, 0, "", "", "", ""                           \
	}

/**
 * vfa_monitor_open() - start to listen
 * @host: the machine, NULL for this one; its roots do not matter
 * @options: NULL for none
 * @ret: the monitor, to be closed with vfa_monitor_close()
 *
 * Only events of PCI and VFIO arrive. No privilege is needed. Kernel and udev tell their
 * events to each network namespace, or to their own: in a container there may be none.
 *
 * Return: 0, or
 *	-EINVAL: @ret is NULL, bad @options or an unknown source
 *	-ENOENT: udev was asked for, and does not run here (VFA_CAUSE_NO_UDEV)
 *	-EOPNOTSUPP: @host is a captured machine (VFA_CAUSE_CAPTURED)
 *	-ENOMEM: no memory
 *	any other errno of the kernel (VFA_CAUSE_KERNEL)
 *
 * Kernel: a netlink socket of NETLINK_KOBJECT_UEVENT, with a filter.
 */
int vfa_monitor_open(struct vfa_host *host, const struct vfa_monitor_options *options,
		     struct vfa_monitor **ret);

/**
 * vfa_monitor_close() - stop listening
 * @monitor: the monitor, or NULL
 */
void vfa_monitor_close(struct vfa_monitor *monitor);

/**
 * vfa_monitor_fd() - the fd to poll for POLLIN
 * @monitor: the monitor
 *
 * Return: the fd, which belongs to @monitor; -EINVAL when that is NULL.
 */
int vfa_monitor_fd(const struct vfa_monitor *monitor);

/**
 * vfa_monitor_source() - who tells this monitor of events
 * @monitor: the monitor
 *
 * Return: VFA_MONITOR_KERNEL or VFA_MONITOR_UDEV, or -EINVAL when @monitor is NULL.
 */
int vfa_monitor_source(const struct vfa_monitor *monitor);

/**
 * vfa_monitor_read() - take the next event, without waiting for it
 * @monitor: the monitor
 * @ret: the event
 *
 * Read on until there is none before polling again.
 *
 * Return: 1, 0 when there is none, or
 *	-EINVAL: an argument is NULL, or bad struct_size
 *	-ENOBUFS: events have been lost since they came faster than they were read: look
 *		at the machine anew, and read on (VFA_CAUSE_EVENTS_LOST)
 *	any other errno of the kernel (VFA_CAUSE_KERNEL)
 */
int vfa_monitor_read(struct vfa_monitor *monitor, struct vfa_monitor_event *ret);

/**
 * vfa_monitor_wait() - wait for the next event
 * @monitor: the monitor
 * @timeout_ms: how long at most; 0 to look only, negative for ever
 * @ret: the event
 *
 * Return: 0, or
 *	-ETIMEDOUT: nothing happened (VFA_CAUSE_TIMEOUT)
 *	the errors of vfa_monitor_read()
 */
int vfa_monitor_wait(struct vfa_monitor *monitor, int timeout_ms, struct vfa_monitor_event *ret);

/**
 * vfa_monitor_action_name() - the kernel's word for an action
 * @action: any value
 *
 * Return: a static string such as "add"; "unknown" for a value this library does not know.
 */
const char *vfa_monitor_action_name(enum vfa_monitor_action action);

/**
 * vfa_monitor_subsystem_name() - the kernel's word for a subsystem
 * @subsystem: any value
 *
 * Return: "pci", "vfio" or "vfio-dev"; "unknown" for a value this library does not know.
 */
const char *vfa_monitor_subsystem_name(enum vfa_monitor_subsystem subsystem);

#ifdef __cplusplus
}
#endif

#endif
