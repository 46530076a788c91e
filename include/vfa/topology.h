/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * The PCI functions of a machine, how they are connected, and what their config
 * space says of isolation.
 *
 * A topology is a snapshot: it has nothing open, never changes, and may be read by all
 * threads. Reading config space takes privilege: without it the kernel shows 64
 * bytes, which have no capabilities. What they would have told is then unknown,
 * and config_error says why.
 */

#ifndef VFA_TOPOLOGY_H
#define VFA_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vfa/answer.h>
#include <vfa/host.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vfa_topology;

/**
 * enum vfa_function_type - a function's place in PCI Express
 *
 * PCI Express Base Specification, PCI Express Capabilities Register, Device/Port Type.
 */
enum vfa_function_type {
	VFA_FUNCTION_UNKNOWN = 0,  /* its capabilities could not be read */
	VFA_FUNCTION_CONVENTIONAL, /* no PCI Express capability */
	VFA_FUNCTION_ENDPOINT,
	VFA_FUNCTION_LEGACY_ENDPOINT,
	VFA_FUNCTION_ROOT_PORT,
	VFA_FUNCTION_UPSTREAM_PORT,   /* of a switch */
	VFA_FUNCTION_DOWNSTREAM_PORT, /* of a switch */
	VFA_FUNCTION_PCI_BRIDGE,      /* from PCI Express to conventional PCI */
	VFA_FUNCTION_EXPRESS_BRIDGE,  /* from conventional PCI to PCI Express */
	VFA_FUNCTION_ROOT_ENDPOINT,   /* integrated into the root complex */
	VFA_FUNCTION_ROOT_COLLECTOR,  /* of events in the root complex */
};

/** enum vfa_acs_bit - Access Control Services, as in the ACS Capability and Control Registers */
enum vfa_acs_bit {
	VFA_ACS_SV = 1 << 0, /* Source Validation */
	VFA_ACS_TB = 1 << 1, /* Translation Blocking */
	VFA_ACS_RR = 1 << 2, /* P2P Request Redirect */
	VFA_ACS_CR = 1 << 3, /* P2P Completion Redirect */
	VFA_ACS_UF = 1 << 4, /* Upstream Forwarding */
	VFA_ACS_EC = 1 << 5, /* P2P Egress Control */
	VFA_ACS_DT = 1 << 6, /* Direct Translated P2P */
};

/* What the kernel asks of every port between a device and the root complex. */
#define VFA_ACS_ISOLATION (VFA_ACS_SV | VFA_ACS_RR | VFA_ACS_CR | VFA_ACS_UF)

/**
 * struct vfa_acs - a function's Access Control Services
 * @present: whether it has the capability
 * @capability: enum vfa_acs_bit that it has
 * @control: enum vfa_acs_bit that are on
 */
struct vfa_acs {
	enum vfa_answer present;
	uint16_t capability;
	uint16_t control;
};

/**
 * struct vfa_function_feature - a capability that can be turned on
 * @present: whether the function has it
 * @enabled: whether it is on
 */
struct vfa_function_feature {
	enum vfa_answer present;
	enum vfa_answer enabled;
};

/**
 * struct vfa_function - one function of a PCI device
 * @bdf: its address such as "0000:00:04.0"
 * @driver: the driver it is bound to, or an empty string
 * @domain, @bus, @slot, @number: the parts of @bdf
 * @vendor, @device: ids
 * @class_code: class, subclass and interface (24 bits)
 * @type: its place in PCI Express
 * @parent: index of the bridge above, -1 on a root bus
 * @physical: index of the physical function of a virtual one, else -1
 * @group: number of its IOMMU group, -1 for none. Groups that VFIO makes up without an
 *	IOMMU do not count
 * @is_bridge: it has a bus below
 * @is_multifunction: of a slot with several functions, as its header or number tell
 * @secondary_bus, @subordinate_bus: the first and last bus below a bridge
 * @acs: Access Control Services
 * @ats: Address Translation Services: it may ask for and use translated addresses
 * @pri: the Page Request Interface; of a virtual function its physical function's
 * @pasid: Process Address Space IDs; likewise
 * @no_snoop: whether Enable No Snoop is set in Device Control; VFA_NO without the
 *	register; likewise
 * @config_error: 0 when its capabilities could be read; -EACCES without the
 *	privilege; -ENODEV when it reads as all ones: asleep or gone; another errno of
 *	reading the file
 * @vf_count: how many virtual functions it has now
 * @vf_max: how many it can have; 0 for a function without SR-IOV
 *
 * Later releases may add fields at the end.
 */
struct vfa_function {
	const char *bdf;
	const char *driver;
	uint32_t domain;
	uint8_t bus;
	uint8_t slot;
	uint8_t number;
	bool is_bridge;
	bool is_multifunction;
	uint8_t secondary_bus;
	uint8_t subordinate_bus;
	uint16_t vendor;
	uint16_t device;
	uint32_t class_code;
	enum vfa_function_type type;
	int32_t parent;
	int32_t physical;
	int32_t group;
	struct vfa_acs acs;
	struct vfa_function_feature ats;
	struct vfa_function_feature pri;
	struct vfa_function_feature pasid;
	enum vfa_answer no_snoop;
	int config_error;
	uint16_t vf_count;
	uint16_t vf_max;
};

/**
 * vfa_topology_new() - take a snapshot of a machine's PCI functions
 * @host: the machine, or NULL for this one
 * @ret: the topology, to be freed with vfa_topology_free()
 *
 * Reads some words of every function's config space, which wakes a sleeping one. A function
 * that goes away meanwhile is left out.
 *
 * Return: 0, also for a machine without PCI, or
 *	-EINVAL: @ret is NULL
 *	-ENOMEM: no memory
 *	any other errno of reading sysfs
 *
 * Kernel: /sys/bus/pci/devices. PCI Express Base Specification, chapter 7.
 */
int vfa_topology_new(struct vfa_host *host, struct vfa_topology **ret);

/**
 * vfa_topology_free() - free a snapshot
 * @topology: the topology, or NULL
 */
void vfa_topology_free(struct vfa_topology *topology);

/**
 * vfa_topology_count_functions() - how many functions the machine has
 * @topology: the topology, not NULL
 */
size_t vfa_topology_count_functions(const struct vfa_topology *topology);

/**
 * vfa_topology_get_function() - one function
 * @topology: the topology, not NULL
 * @index: from 0 to vfa_topology_count_functions() - 1, ascending by address
 *
 * Return: the function, valid as long as @topology; NULL when @index is too large.
 */
const struct vfa_function *vfa_topology_get_function(const struct vfa_topology *topology,
						     size_t index);

/**
 * vfa_topology_find_function() - a function by its address
 * @topology: the topology
 * @bdf: "0000:00:04.0" or "00:04.0"
 *
 * Return: its index, or
 *	-EINVAL: a NULL argument, or @bdf does not parse (VFA_CAUSE_BAD_BDF)
 *	-ENODEV: no such function (VFA_CAUSE_NO_DEVICE)
 */
int vfa_topology_find_function(const struct vfa_topology *topology, const char *bdf);

/**
 * vfa_topology_virtual_functions() - the virtual functions of a physical one
 * @topology: the topology
 * @physical: its index
 * @indexes: filled in ascending order, may be NULL when @max is 0
 * @max: number of elements in @indexes
 *
 * The way back is the field physical of struct vfa_function.
 *
 * Return: how many there are in the snapshot, which may exceed @max; 0 for any function
 * without; -EINVAL for a NULL argument, or when @physical is too large.
 *
 * Kernel: /sys/bus/pci/devices/BDF/physfn.
 */
int vfa_topology_virtual_functions(const struct vfa_topology *topology, size_t physical,
				   size_t *indexes, size_t max);

/**
 * vfa_function_type_name() - such as "endpoint" or "root port"
 * @type: any value; "unknown" for one this library does not know
 */
const char *vfa_function_type_name(enum vfa_function_type type);

/**
 * vfa_acs_bit_name() - "SV", "TB", "RR", "CR", "UF", "EC" or "DT"
 * @bit: one of them; "unknown" for anything else
 */
const char *vfa_acs_bit_name(enum vfa_acs_bit bit);

#ifdef __cplusplus
}
#endif

#endif
