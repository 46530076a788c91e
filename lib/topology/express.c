/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "topology/express.h"

#include <errno.h>
#include <linux/pci_regs.h>

static enum vfa_function_type type_of(unsigned int flags)
{
	static const enum vfa_function_type types[16] = {
		[PCI_EXP_TYPE_ENDPOINT] = VFA_FUNCTION_ENDPOINT,
		[PCI_EXP_TYPE_LEG_END] = VFA_FUNCTION_LEGACY_ENDPOINT,
		[PCI_EXP_TYPE_ROOT_PORT] = VFA_FUNCTION_ROOT_PORT,
		[PCI_EXP_TYPE_UPSTREAM] = VFA_FUNCTION_UPSTREAM_PORT,
		[PCI_EXP_TYPE_DOWNSTREAM] = VFA_FUNCTION_DOWNSTREAM_PORT,
		[PCI_EXP_TYPE_PCI_BRIDGE] = VFA_FUNCTION_PCI_BRIDGE,
		[PCI_EXP_TYPE_PCIE_BRIDGE] = VFA_FUNCTION_EXPRESS_BRIDGE,
		[PCI_EXP_TYPE_RC_END] = VFA_FUNCTION_ROOT_ENDPOINT,
		[PCI_EXP_TYPE_RC_EC] = VFA_FUNCTION_ROOT_COLLECTOR,
	};

	return types[(flags & PCI_EXP_FLAGS_TYPE) >> 4];
}

int express_read(const struct config_space *config, struct express *ret)
{
	int offset = capability_find(config, PCI_CAP_ID_EXP), flags, control;

	if (offset < 0)
		return offset;
	if (!offset) {
		*ret = (struct express){ .type = VFA_FUNCTION_CONVENTIONAL };
		return 0;
	}
	flags = config_read16(config, offset + PCI_EXP_FLAGS);
	control = config_read16(config, offset + PCI_EXP_DEVCTL);
	if (flags < 0 || control < 0)
		return flags < 0 ? flags : control;
	*ret = (struct express){
		.offset = offset,
		.type = type_of(flags),
		.no_snoop = control & PCI_EXP_DEVCTL_NOSNOOP_EN,
	};
	return 0;
}

/* Looked at last, so that all before it holds. */
int express_require(const struct config_space *config, struct express *ret)
{
	struct express express = { 0 };
	int err = express_read(config, &express);

	if (!err)
		err = config_require(config);
	if (!err)
		*ret = express;
	return err;
}
