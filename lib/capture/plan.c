/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "capture/plan.h"

#include <stdbool.h>
#include <string.h>

#include "capture/filter.h"

#define FUNCTION "/sys/bus/pci/devices/*/"
/* Interfaces and the like that no device of the machine has tell of its user alone. */
#define BELOW_PCI "*/devices/*pci[0-9a-f]*:[0-9a-f]*/*"
#define GROUP     "/sys/kernel/iommu_groups/*/"

const struct plan_item plan[] = {
	/* PCI functions. */
	{ .pattern = "/sys/bus/pci/devices" },
	{ .pattern = "/sys/bus/pci/devices/*" },
	{ .pattern = FUNCTION "config", .kind = PLAN_CONFIG },
	{ .pattern = FUNCTION "vendor" },
	{ .pattern = FUNCTION "device" },
	{ .pattern = FUNCTION "class" },
	{ .pattern = FUNCTION "revision" },
	{ .pattern = FUNCTION "subsystem_vendor" },
	{ .pattern = FUNCTION "subsystem_device" },
	{ .pattern = FUNCTION "resource" },
	{ .pattern = FUNCTION "irq" },
	{ .pattern = FUNCTION "enable" },
	{ .pattern = FUNCTION "numa_node" },
	{ .pattern = FUNCTION "local_cpulist" },
	{ .pattern = FUNCTION "power_state" },
	{ .pattern = FUNCTION "power/control" },
	{ .pattern = FUNCTION "power/runtime_status" },
	{ .pattern = FUNCTION "d3cold_allowed" },
	{ .pattern = FUNCTION "reset", .kind = PLAN_NODE }, /* is there, and not to be read */
	{ .pattern = FUNCTION "reset_method" },
	{ .pattern = FUNCTION "ari_enabled" },
	{ .pattern = FUNCTION "msi_bus" },
	{ .pattern = FUNCTION "msi_irqs/*" },
	{ .pattern = FUNCTION "dma_mask_bits" },
	{ .pattern = FUNCTION "consistent_dma_mask_bits" },
	{ .pattern = FUNCTION "current_link_speed" },
	{ .pattern = FUNCTION "current_link_width" },
	{ .pattern = FUNCTION "max_link_speed" },
	{ .pattern = FUNCTION "max_link_width" },
	{ .pattern = FUNCTION "boot_vga" },
	{ .pattern = FUNCTION "p2pmem/*" },
	{ .pattern = FUNCTION "sriov_totalvfs" },
	{ .pattern = FUNCTION "sriov_numvfs" },
	{ .pattern = FUNCTION "sriov_drivers_autoprobe" },
	{ .pattern = FUNCTION "physfn" },
	{ .pattern = FUNCTION "virtfn*" },

	/* Who has them. */
	{ .pattern = FUNCTION "driver" },
	{ .pattern = FUNCTION "driver_override" },
	{ .pattern = FUNCTION "vfio-dev" },
	{ .pattern = FUNCTION "vfio-dev/*/dev" },
	{ .pattern = "/sys/bus/pci/drivers/*" },
	{ .pattern = "/sys/bus/pci/drivers/*/module" },

	/* What hangs on them: interfaces, disks, screens. */
	{ .pattern = "/sys/class/net/*/flags", .only = BELOW_PCI },
	{ .pattern = "/sys/class/net/*/operstate", .only = BELOW_PCI },
	{ .pattern = "/sys/class/net/*/master", .only = BELOW_PCI },
	{ .pattern = "/sys/class/drm/*", .only = BELOW_PCI },
	{ .pattern = "/sys/class/drm/*/enabled", .only = BELOW_PCI },
	{ .pattern = "/sys/class/drm/*/status", .only = BELOW_PCI },
	{ .pattern = "/sys/class/graphics/*", .only = BELOW_PCI },
	{ .pattern = FUNCTION "virtio*/driver" },
	/* No loops, RAM disks and CD drives. */
	{ .pattern = "/sys/class/block/[!lrz]*" },
	{ .pattern = "/sys/class/block/[!lrz]*/dev" },
	{ .pattern = "/sys/class/block/[!lrz]*/partition" },
	{ .pattern = "/sys/class/block/[!lrz]*/holders" },
	{ .pattern = "/sys/class/block/[!lrz]*/holders/*" },
	{ .pattern = "/sys/class/block/[!lrz]*/slaves/*" },
	{ .pattern = "/sys/class/block/dm-*/dm/name", .filter = filter_names },
	{ .pattern = "/proc/self/mountinfo", .filter = filter_mounts },
	{ .pattern = "/proc/swaps", .filter = filter_swaps },

	/* IOMMUs and their groups. */
	{ .pattern = FUNCTION "iommu" },
	{ .pattern = FUNCTION "iommu/intel-iommu/*" },
	{ .pattern = FUNCTION "iommu/amd-iommu/*" },
	{ .pattern = FUNCTION "iommu_group" },
	{ .pattern = "/sys/class/iommu" },
	{ .pattern = "/sys/class/iommu/*" },
	{ .pattern = "/sys/class/iommu/*/intel-iommu/*" },
	{ .pattern = "/sys/class/iommu/*/amd-iommu/*" },
	{ .pattern = "/sys/kernel/iommu_groups" },
	{ .pattern = GROUP "name" },
	{ .pattern = GROUP "type" },
	{ .pattern = GROUP "reserved_regions" },
	{ .pattern = GROUP "devices" },
	{ .pattern = GROUP "devices/*" },
	{ .pattern = GROUP "devices/*/driver" },
	{ .pattern = GROUP "devices/*/subsystem" },
	{ .pattern = "/sys/kernel/irq/*/chip_name" },

	/* VFIO and what it needs. */
	{ .pattern = "/sys/class/vfio" },
	{ .pattern = "/sys/class/vfio-dev" },
	{ .pattern = "/sys/bus/mdev" },
	{ .pattern = "/sys/module/iommufd" },
	{ .pattern = "/sys/module/iommufd/parameters/*" },
	{ .pattern = "/sys/module/irqbypass" },
	{ .pattern = "/sys/module/kvm" },
	{ .pattern = "/sys/module/vfio*" },
	{ .pattern = "/sys/module/vfio*/parameters/*" },
	{ .pattern = "/sys/module/*_vfio*" },
	{ .pattern = "/dev/iommu", .kind = PLAN_NODE },
	{ .pattern = "/dev/kvm", .kind = PLAN_NODE },
	{ .pattern = "/dev/vfio" },
	{ .pattern = "/dev/vfio/[!d]*", .kind = PLAN_NODE },
	{ .pattern = "/dev/vfio/devices" },
	{ .pattern = "/dev/vfio/devices/*", .kind = PLAN_NODE },

	/* Memory, the kernel, and who asks. */
	{ .pattern = "/sys/kernel/mm/hugepages/*/nr_hugepages" },
	{ .pattern = "/sys/kernel/mm/hugepages/*/free_hugepages" },
	{ .pattern = "/sys/kernel/mm/hugepages/*/resv_hugepages" },
	{ .pattern = "/sys/devices/system/node/has_memory" },
	{ .pattern = "/sys/kernel/security/lockdown" },
	{ .pattern = "/proc/cmdline", .filter = filter_command_line },
	{ .pattern = "/proc/self/limits", .filter = filter_limits },
	{ .pattern = "/proc/self/ns/user" },
	{ .pattern = "/proc/self/status", .filter = filter_status },
	{ .pattern = "/proc/sys/kernel/osrelease" },
};

const size_t plan_count = sizeof(plan) / sizeof(plan[0]);
