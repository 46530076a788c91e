/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * What takes a BAR away from those who have a dma-buf of it. The kernel does so before it
 * resets a device, whatever comes of the reset, and when registers are written that have it
 * decode no memory; what is revoked by then stays so.
 */

#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <vfa/config.h>

#include "base/error.h"
#include "device_config.h"
#include "gone.h"
#include "peer.h"

#define D3HOT 3 /* as the control register has it */

#define IN_LOW_POWER "it is in low power\ntake it back first: vfa_device_exit_low_power"

/* The word that a byte of config space is in, as it is from there on. */
static int read_from(const struct config_space *config, unsigned int place, uint32_t *ret)
{
	int err = config->read(config, place & ~3u, ret);

	*ret >>= 8 * (place & 3);
	return err;
}

/*
 * Where a capability has its control register, at @control in it; 0 where it has not all of
 * @bits at @where. Or -errno.
 */
static int find_control(const struct config_space *config, uint8_t id, unsigned int control,
			unsigned int where, uint32_t bits)
{
	int found = capability_find(config, id), err;
	uint32_t word = 0;

	if (found <= 0)
		return found;
	err = read_from(config, found + where, &word);
	if (err)
		return err;
	return (word & bits) == bits ? found + (int)control : 0;
}

int peer_registers_read(const struct vfa_device *device, struct peer_registers *ret)
{
	struct device_config config;
	int power, express, advanced, err;

	device_config(device, &config);
	power = find_control(&config.space, PCI_CAP_ID_PM, PCI_PM_CTRL, 0, 0);
	express = find_control(&config.space, PCI_CAP_ID_EXP, PCI_EXP_DEVCTL, PCI_EXP_DEVCAP,
			       PCI_EXP_DEVCAP_FLR);
	advanced = find_control(&config.space, PCI_CAP_ID_AF, PCI_AF_CTRL, PCI_AF_CAP,
				PCI_AF_CAP_TP | PCI_AF_CAP_FLR);
	err = power < 0 ? power : express < 0 ? express : advanced;
	if (err < 0)
		return error_device(device, err, "%s: read the capabilities", device->bdf);
	*ret = (struct peer_registers){ power, express, advanced };
	return 0;
}

void peer_note_revocation(struct vfa_device *device, const char *what)
{
	struct peer_list *list = device->peers;
	unsigned int revocable;

	if (!list)
		return;
	list->revocations++;
	revocable = list->revocable;
	if (revocable)
		host_log(device->container->host, VFA_LOG_WARNING,
			 "%s: %s takes away %u part%s of its BARs from those who reached them: "
			 "vfa_peer_restore",
			 device->bdf, what, revocable, revocable == 1 ? "" : "s");
}

/* The byte that a write puts at a place of config space, or -1. */
static int byte_at(uint64_t offset, const uint8_t *data, size_t size, unsigned int place)
{
	return place >= offset && place - offset < size ? data[place - offset] : -1;
}

void peer_note_config_write(struct vfa_device *device, uint64_t offset, const void *data,
			    size_t size)
{
	const struct peer_list *list = device->peers;
	const struct peer_registers *registers;
	int byte;

	if (!list)
		return;
	registers = &list->registers;
	byte = byte_at(offset, data, size, PCI_COMMAND);
	if (byte >= 0 && !(byte & PCI_COMMAND_MEMORY))
		peer_note_revocation(device, "Memory Space Enable off");
	byte = registers->power ? byte_at(offset, data, size, registers->power) : -1;
	if (byte >= 0 && (byte & PCI_PM_CTRL_STATE_MASK) == D3HOT)
		peer_note_revocation(device, "D3hot");
	byte = registers->express ? byte_at(offset, data, size, registers->express + 1) : -1;
	if (byte >= 0 && byte & PCI_EXP_DEVCTL_BCR_FLR >> 8)
		peer_note_revocation(device, "a Function Level Reset");
	byte = registers->advanced ? byte_at(offset, data, size, registers->advanced) : -1;
	if (byte >= 0 && byte & PCI_AF_CTRL_FLR)
		peer_note_revocation(device, "a Function Level Reset");
}

static bool is_in_low_power(struct vfa_device *device)
{
	bool low_power;

	pthread_mutex_lock(&device->lock);
	low_power = device->low_power;
	pthread_mutex_unlock(&device->lock);
	return low_power;
}

static int refuse_silent(const struct vfa_device *device, const char *why)
{
	return error_set(EIO, VFA_CAUSE_REGION_OFF, "%s decodes no memory: %s", device->bdf, why);
}

int refuse_low_power(const struct vfa_device *device)
{
	return refuse_silent(device, IN_LOW_POWER);
}

/* In low power it is not asked, which would wake it. */
int peer_decodes(struct peer_list *list, const char **why)
{
	struct vfa_device *device = list->device;
	uint16_t command, power = 0;
	int err;

	*why = IN_LOW_POWER;
	if (is_in_low_power(device))
		return 0;
	err = device_require_answer(device);
	if (!err)
		err = vfa_config_read16(device, PCI_COMMAND, &command);
	if (!err && list->registers.power)
		err = vfa_config_read16(device, list->registers.power, &power);
	if (err)
		return err;
	*why = "it is in D3hot\n"
	       "write D0 to the control register of its Power Management capability";
	if ((power & PCI_PM_CTRL_STATE_MASK) == D3HOT)
		return 0;
	*why = "Memory Space Enable is off\nset it in its Command register";
	return !!(command & PCI_COMMAND_MEMORY);
}

int peer_require_decoding(struct peer_list *list)
{
	const char *why;
	int decodes = peer_decodes(list, &why);

	if (decodes < 0)
		return decodes;
	return decodes ? 0 : refuse_silent(list->device, why);
}
