/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What the kernel tells of the IOMMU in front of a device. */

#include <errno.h>
#include <string.h>

#include "fake/iommufd.h"
#include "fake/lock.h"
#include "uapi/iommufd.h"

void fake_set_iommu(uint32_t group, const struct fake_iommu *iommu)
{
	fake_lock();
	fake_group_find(group, false)->iommu = *iommu;
	fake_unlock();
}

/* As much as there is room for, and zeros behind what there is. */
static void copy_registers(const struct fake_iommu *iommu, void *to, uint32_t room)
{
	size_t size = room < iommu->size ? room : iommu->size;

	if (size)
		memcpy(to, iommu->registers, size);
	if (room > size)
		memset((char *)to + size, 0, room - size);
}

long fake_iommu_info(struct fake_iommufd *iommufd, struct uapi_iommu_hw_info *command)
{
	const struct fake_iommufd_object *object;
	const struct fake_iommu *iommu;

	if (!fake_settings.iommu_info)
		return -ENOTTY;
	if (command->flags || command->reserved[0] || command->reserved[1] || command->reserved[2])
		return -EOPNOTSUPP;
	object = fake_iommufd_object_find(iommufd, command->dev_id, FAKE_DEVICE);
	if (!object)
		return -ENOENT;
	iommu = &object->device->group->iommu;
	copy_registers(iommu, (void *)(uintptr_t)command->data_uptr, command->data_len);
	command->data_len = iommu->size;
	command->out_data_type = iommu->type;
	command->out_capabilities = iommu->capabilities;
	command->out_max_pasid_log2 = fake_settings.pasids ? iommu->pasid_bits : 0;
	return 0;
}
