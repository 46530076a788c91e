/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "topology/no_snoop.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "topology/express.h"
#include "topology/function.h"

#define CLASS_DISPLAY 0x03

/* More than that cannot be above a function: buses have 8 bits. */
#define MAX_BRIDGES 255

/* A function that is asked about, by itself or for another. */
struct asked {
	const struct vfa_host *host;
	const char *bdf;
	const char *role; /* of the function in the sentences */
	const struct config_space *config;
};

static void __attribute__((format(printf, 3, 4)))
answer(struct no_snoop *ret, enum vfa_answer value, const char *format, ...)
{
	va_list arguments;

	ret->answer = value;
	va_start(arguments, format);
	vsnprintf(ret->origin, sizeof(ret->origin), format, arguments);
	va_end(arguments);
}

static void answer_unread(struct no_snoop *ret, const char *role, const char *bdf, int err)
{
	if (err == -ENODATA)
		answer(ret, VFA_UNKNOWN,
		       "the capabilities of %s%s cannot be read: the kernel shows them to "
		       "CAP_SYS_ADMIN only",
		       role, bdf);
	else if (err == -ENODEV)
		answer(ret, VFA_UNKNOWN, "%s%s reads as all ones: it is asleep or gone", role, bdf);
	else
		answer(ret, VFA_UNKNOWN, "%s%s cannot be read: %s", role, bdf, strerror(-err));
}

/* Graphics of the root complex choose by page tables of their own, as Intel's do. */
static bool chooses_by_itself(const struct asked *asked)
{
	char parent[BDF_SIZE];
	int class_code = config_read8(asked->config, PCI_CLASS_DEVICE + 1);

	return class_code == CLASS_DISPLAY && function_parent(asked->host, asked->bdf, parent) != 1;
}

static void answer_register(const struct asked *asked, const struct express *express,
			    struct no_snoop *ret)
{
	if (!express->no_snoop && chooses_by_itself(asked))
		answer(ret, VFA_UNKNOWN,
		       "%s%s is graphics of the root complex, whose page tables choose what "
		       "snoops, though its Enable No Snoop is clear",
		       asked->role, asked->bdf);
	else
		answer(ret, express->no_snoop ? VFA_YES : VFA_NO,
		       "Enable No Snoop, bit 11 of Device Control (0x%x) of %s%s, is %s",
		       express->offset + PCI_EXP_DEVCTL, asked->role, asked->bdf,
		       express->no_snoop ? "set" : "clear");
}

/* Below a bridge of conventional PCI, which passes requests on as its own. */
static void answer_below(const char *bridge, const struct express *express, struct no_snoop *ret)
{
	if (express->type != VFA_FUNCTION_PCI_BRIDGE)
		answer(ret, VFA_UNKNOWN,
		       "it is on a PCI Express link, below %s, but no PCI Express capability "
		       "tells of Enable No Snoop",
		       bridge);
	else if (express->no_snoop)
		answer(ret, VFA_UNKNOWN,
		       "conventional PCI has no No Snoop, but its bridge %s may set it: Enable No "
		       "Snoop is set there",
		       bridge);
	else
		answer(ret, VFA_NO,
		       "conventional PCI has no No Snoop, and Enable No Snoop of its bridge %s is "
		       "clear",
		       bridge);
}

static void answer_on_root_bus(const struct asked *asked, struct no_snoop *ret)
{
	if (chooses_by_itself(asked))
		answer(ret, VFA_UNKNOWN,
		       "%s%s is graphics of the root complex, whose page tables choose what "
		       "snoops",
		       asked->role, asked->bdf);
	else
		answer(ret, VFA_NO,
		       "%s%s has no PCI Express capability, and conventional PCI has no No Snoop",
		       asked->role, asked->bdf);
}

/*
 * The first bridge above that has a PCI Express capability: 1 with its @express, 0 when there
 * is none up to the root bus, or -errno about @bridge.
 */
static int find_express_bridge(const struct asked *asked, char bridge[BDF_SIZE],
			       struct express *express)
{
	struct function_config config;
	int found, err;

	strcpy(bridge, asked->bdf);
	for (int i = 0; i < MAX_BRIDGES; i++) {
		found = function_parent(asked->host, bridge, bridge);
		if (found <= 0)
			return found;
		function_config_open(asked->host, bridge, &config);
		err = express_require(&config.space, express);
		function_config_close(&config);
		if (err || express->offset)
			return err ? err : 1;
	}
	return -ELOOP;
}

static void answer_conventional(const struct asked *asked, struct no_snoop *ret)
{
	struct express express = { 0 };
	char bridge[BDF_SIZE];
	int found = find_express_bridge(asked, bridge, &express);

	if (found > 0)
		answer_below(bridge, &express, ret);
	else if (found < 0)
		answer_unread(ret, "", bridge, found);
	else
		answer_on_root_bus(asked, ret);
}

static void answer_without_register(const struct asked *asked, struct no_snoop *ret)
{
	int extended = capability_find(asked->config, PCI_CAP_ID_PCIX);

	if (extended < 0)
		answer_unread(ret, asked->role, asked->bdf, extended);
	else if (extended)
		answer(ret, VFA_UNKNOWN,
		       "%s%s is PCI-X, whose transactions have No Snoop, and no register forbids "
		       "it",
		       asked->role, asked->bdf);
	else
		answer_conventional(asked, ret);
}

static void ask(const struct asked *asked, struct no_snoop *ret)
{
	struct express express = { 0 };
	int err = express_require(asked->config, &express);

	if (err)
		answer_unread(ret, asked->role, asked->bdf, err);
	else if (express.offset)
		answer_register(asked, &express, ret);
	else
		answer_without_register(asked, ret);
}

/* In a virtual function Enable No Snoop is reserved, and reads as 0. */
static void ask_physical(const struct vfa_host *host, const char *bdf, struct no_snoop *ret)
{
	struct function_config config;
	const struct asked asked = { host, bdf, "its physical function ", &config.space };

	function_config_open(host, bdf, &config);
	ask(&asked, ret);
	function_config_close(&config);
}

void no_snoop_read(const struct vfa_host *host, const char *bdf, const struct config_space *config,
		   struct no_snoop *ret)
{
	const struct asked asked = { host, bdf, "", config };
	char path[SYSFS_PATH], physical[BDF_SIZE];
	int found = function_physical(host, bdf, physical);

	sysfs_path(host, path, "bus/pci/devices/%s", bdf);
	if (!found && !sysfs_exists(host, path))
		found = -ENOENT;
	if (found > 0) {
		ask_physical(host, physical, ret);
		return;
	}
	ask(&asked, ret);
	if (found < 0 && ret->answer != VFA_YES)
		answer(ret, VFA_UNKNOWN,
		       "sysfs does not tell whether %s is a virtual function, which a physical one "
		       "rules: %s",
		       bdf, strerror(-found));
}
