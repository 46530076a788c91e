/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "topology/function.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topology/express.h"
#include "topology/pci.h"

#define DEVICES "bus/pci/devices"

static int read_config(const struct config_space *config, unsigned int offset, uint32_t *ret)
{
	const struct function_config *from = (const struct function_config *)config;
	uint8_t bytes[4];
	int size = from->error ? from->error
			       : sysfs_read_piece(&from->file, offset, bytes, sizeof(bytes));

	if (size < 0)
		return size;
	if (size < (int)sizeof(bytes))
		return -ENODATA;
	*ret = bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t)bytes[3] << 24;
	return 0;
}

void function_config_open(const struct vfa_host *host, const char *bdf, struct function_config *ret)
{
	char path[SYSFS_PATH];

	sysfs_path(host, path, DEVICES "/%s/config", bdf);
	ret->space.read = read_config;
	ret->error = sysfs_open(host, path, &ret->file);
}

void function_config_close(const struct function_config *config)
{
	if (!config->error)
		sysfs_close(&config->file);
}

static int read_express(const struct config_space *config, struct vfa_function *ret)
{
	struct express express;
	int err = express_read(config, &express);

	if (err)
		return err;
	ret->type = express.type;
	ret->no_snoop = express.no_snoop ? VFA_YES : VFA_NO;
	return 0;
}

static int read_acs(const struct config_space *config, struct vfa_acs *ret)
{
	int offset = capability_find_extended(config, PCI_EXT_CAP_ID_ACS), capability, control;

	if (offset <= 0) {
		if (!offset)
			ret->present = VFA_NO;
		return offset;
	}
	capability = config_read16(config, offset + PCI_ACS_CAP);
	control = config_read16(config, offset + PCI_ACS_CTRL);
	if (capability < 0 || control < 0)
		return capability < 0 ? capability : control;
	*ret = (struct vfa_acs){ VFA_YES, capability & 0x7f, control & 0x7f };
	return 0;
}

/* @control: offset of the control register, in which @enable is the bit. */
static int read_feature(const struct config_space *config, uint16_t id, unsigned int control,
			uint16_t enable, struct vfa_function_feature *ret)
{
	int offset = capability_find_extended(config, id), value;

	if (offset < 0)
		return offset;
	if (!offset) {
		*ret = (struct vfa_function_feature){ VFA_NO, VFA_NO };
		return 0;
	}
	value = config_read16(config, offset + control);
	if (value < 0)
		return value;
	*ret = (struct vfa_function_feature){ VFA_YES, value & enable ? VFA_YES : VFA_NO };
	return 0;
}

/* Of a port to a slot; the first version of its capability ends before the register. */
static bool forwards_ari(const struct config_space *config, enum vfa_function_type type)
{
	int offset, flags, control;

	if (type != VFA_FUNCTION_ROOT_PORT && type != VFA_FUNCTION_DOWNSTREAM_PORT)
		return false;
	offset = capability_find(config, PCI_CAP_ID_EXP);
	flags = offset > 0 ? config_read16(config, offset + PCI_EXP_FLAGS) : 0;
	if (flags < 0 || (flags & PCI_EXP_FLAGS_VERS) < 2)
		return false;
	control = config_read16(config, offset + PCI_EXP_DEVCTL2);
	return control > 0 && control & PCI_EXP_DEVCTL2_ARI;
}

/* What decides the way of a request. */
static int read_routing(const struct config_space *config, struct vfa_function *ret)
{
	int err = read_express(config, ret);

	if (!err)
		err = read_acs(config, &ret->acs);
	return err == -ENODATA ? -EACCES : err;
}

static int read_features(const struct config_space *config, struct vfa_function *ret)
{
	int err = read_feature(config, PCI_EXT_CAP_ID_ATS, PCI_ATS_CTRL, PCI_ATS_CTRL_ENABLE,
			       &ret->ats);

	if (!err)
		err = read_feature(config, PCI_EXT_CAP_ID_PRI, PCI_PRI_CTRL, PCI_PRI_CTRL_ENABLE,
				   &ret->pri);
	if (!err)
		err = read_feature(config, PCI_EXT_CAP_ID_PASID, PCI_PASID_CTRL,
				   PCI_PASID_CTRL_ENABLE, &ret->pasid);
	return err == -ENODATA ? -EACCES : err;
}

static int read_header(const struct config_space *config, bool is_virtual,
		       struct function_links *links, struct vfa_function *ret)
{
	uint32_t ids, buses;
	int kind, err = config->read(config, PCI_VENDOR_ID, &ids);

	if (err)
		return err;
	/* A virtual function has no ids of its own in config space. */
	if (ids == UINT32_MAX && !is_virtual)
		return -ENODEV;
	kind = config_read8(config, PCI_HEADER_TYPE);
	if (kind < 0)
		return kind;
	links->has_neighbours = kind & 0x80;
	if ((kind & 0x7f) != PCI_HEADER_TYPE_BRIDGE)
		return 0;
	err = config->read(config, PCI_PRIMARY_BUS, &buses);
	if (err)
		return err;
	ret->is_bridge = true;
	ret->secondary_bus = buses >> 8;
	ret->subordinate_bus = buses >> 16;
	return 0;
}

/* Devices are nested below the bridges above them: the last address before its own. */
int function_parent(const struct vfa_host *host, const char *bdf, char ret[BDF_SIZE])
{
	char path[SYSFS_PATH], target[SYSFS_PATH];
	struct bdf_parts parts;
	char *name;
	int err;

	sysfs_path(host, path, DEVICES "/%s", bdf);
	err = sysfs_link(host, path, target);
	if (err)
		return err;
	name = strrchr(target, '/');
	if (!name)
		return 0;
	*name = '\0';
	name = strrchr(target, '/');
	if (!name || !bdf_split(name + 1, &parts))
		return 0;
	strcpy(ret, name + 1);
	return 1;
}

int function_physical(const struct vfa_host *host, const char *bdf, char ret[BDF_SIZE])
{
	char path[SYSFS_PATH], name[BDF_SIZE];
	struct bdf_parts parts;
	int err;

	sysfs_path(host, path, DEVICES "/%s/physfn", bdf);
	err = sysfs_link_name(host, path, name, sizeof(name));
	if (err == -ENOENT)
		return 0;
	if (err || !bdf_split(name, &parts))
		return err ? err : -EINVAL;
	strcpy(ret, name);
	return 1;
}

static int check_link(int result)
{
	if (result >= 0)
		return 0;
	return result == -ENOENT ? -ENODEV : result;
}

/* A bridge that is not known of would make a device look isolated. */
static int read_links(const struct vfa_host *host, const char *bdf, struct function_links *ret)
{
	int err;

	memset(ret, 0, sizeof(*ret));
	strcpy(ret->bdf, bdf);
	err = check_link(function_parent(host, bdf, ret->parent));
	return err ? err : check_link(function_physical(host, bdf, ret->physical));
}

/* Without one it would look as if no IOMMU covered it, and merge nobody. */
static int read_group(const struct vfa_host *host, const char *bdf, int32_t *ret)
{
	char path[SYSFS_PATH], name[16], *end;
	long number;
	int err;

	sysfs_path(host, path, DEVICES "/%s/iommu_group", bdf);
	err = sysfs_link_name(host, path, name, sizeof(name));
	if (err)
		return err == -ENOENT ? 0 : err;
	number = strtol(name, &end, 10);
	if (end != name && !*end && number >= 0 && number <= INT32_MAX &&
	    !pci_is_noiommu_group(host, number))
		*ret = number;
	return 0;
}

static void read_config_space(const struct vfa_host *host, enum function_parts parts,
			      struct function_links *links, struct vfa_function *ret)
{
	struct function_config config;

	function_config_open(host, ret->bdf, &config);
	ret->config_error = read_header(&config.space, links->physical[0], links, ret);
	if (!ret->config_error)
		ret->config_error = read_routing(&config.space, ret);
	if (!ret->config_error && parts == FUNCTION_WHOLE)
		ret->config_error = read_features(&config.space, ret);
	links->forwards_ari = forwards_ari(&config.space, ret->type);
	function_config_close(&config);
}

static const struct vfa_function unread = {
	.parent = -1,
	.physical = -1,
	.group = -1,
	.acs.present = VFA_UNKNOWN,
	.ats = { VFA_UNKNOWN, VFA_UNKNOWN },
	.pri = { VFA_UNKNOWN, VFA_UNKNOWN },
	.pasid = { VFA_UNKNOWN, VFA_UNKNOWN },
	.no_snoop = VFA_UNKNOWN,
};

static void read_identity(const struct vfa_host *host, struct vfa_function *ret)
{
	ret->vendor = pci_read_number(host, ret->bdf, "vendor");
	ret->device = pci_read_number(host, ret->bdf, "device");
	ret->class_code = pci_read_number(host, ret->bdf, "class");
}

/* Asking how many there are waits for a change that is under way: only where there can be some. */
static void read_virtual(const struct vfa_host *host, struct vfa_function *ret)
{
	ret->vf_max = pci_read_number(host, ret->bdf, "sriov_totalvfs");
	if (ret->vf_max)
		ret->vf_count = pci_read_number(host, ret->bdf, "sriov_numvfs");
}

static int read_driver(const struct vfa_host *host, struct vfa_function *ret)
{
	char name[PCI_DRIVER_SIZE];

	pci_read_driver(host, ret->bdf, name);
	ret->driver = strdup(name);
	return ret->driver ? 0 : -ENOMEM;
}

/* A link may lead nowhere, on a machine that was made up. */
static bool is_there(const struct vfa_host *host, const char *bdf)
{
	char path[SYSFS_PATH];

	sysfs_path(host, path, DEVICES "/%s", bdf);
	return sysfs_exists(host, path);
}

static int read_rest(const struct vfa_host *host, bool is_virtual, struct vfa_function *ret)
{
	if (!is_there(host, ret->bdf))
		return -ENODEV;
	read_identity(host, ret);
	if (!is_virtual)
		read_virtual(host, ret);
	return read_driver(host, ret);
}

static void set_address(const struct bdf_parts *address, struct vfa_function *ret)
{
	ret->domain = address->domain;
	ret->bus = address->bus;
	ret->slot = address->slot;
	ret->number = address->function;
}

int function_read(const struct vfa_host *host, const char *bdf, enum function_parts parts,
		  struct function_links *links, struct vfa_function *ret)
{
	struct bdf_parts address;
	int err;

	if (!bdf_split(bdf, &address))
		return -ENODEV;
	err = read_links(host, bdf, links);
	if (err)
		return err;
	*ret = unread;
	ret->bdf = links->bdf;
	set_address(&address, ret);
	err = read_group(host, bdf, &ret->group);
	if (err)
		return err;
	read_config_space(host, parts, links, ret);
	return parts == FUNCTION_WHOLE ? read_rest(host, links->physical[0], ret) : 0;
}
