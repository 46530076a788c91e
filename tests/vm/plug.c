/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "plug.h"

#include <endian.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/pci_regs.h>
#include <poll.h>
#include <unistd.h>

#define PCI_DEVICES  "/sys/bus/pci/devices"
#define QEMU_MONITOR "/dev/ttyS2"

void plug_need(void)
{
	char line[256];
	bool plugged = false;
	FILE *file = fopen("/vm/devices", "re");

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		plugged = plugged || strstr(line, SLOT_DEVICE);
	fclose(file);
	vm_need(plugged, "a slot to plug into, as topology hotplug has it");
}

struct vfa_monitor_event plug_await(struct vfa_monitor *monitor,
				    enum vfa_monitor_subsystem subsystem,
				    enum vfa_monitor_action action, const char *bdf)
{
	struct vfa_monitor_event event = VFA_MONITOR_EVENT_INIT;

	do {
		assert_ok(vfa_monitor_wait(monitor, PLUG_TIMEOUT_MS, &event));
	} while (event.subsystem != subsystem || event.action != action || strcmp(event.bdf, bdf));
	return event;
}

bool plug_is_there(const char *bdf)
{
	char path[128];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s", bdf);
	return access(path, F_OK) == 0;
}

static int open_config(const char *bdf)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/config", bdf);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static uint16_t read_config(int fd, unsigned int offset)
{
	uint16_t value;

	assert_int_equal(pread(fd, &value, sizeof(value), offset), sizeof(value));
	return le16toh(value);
}

static unsigned int find_express(int fd)
{
	unsigned int offset = read_config(fd, PCI_CAPABILITY_LIST) & 0xfc;

	while ((read_config(fd, offset) & 0xff) != PCI_CAP_ID_EXP) {
		offset = read_config(fd, offset) >> 8 & 0xfc;
		assert_in_range(offset, 0x40, 0xfc);
	}
	return offset;
}

/* init has set up the line, and reads what QEMU answers. */
static void tell_qemu(const char *command, const char *argument)
{
	int fd = open(QEMU_MONITOR, O_WRONLY | O_NOCTTY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_true(dprintf(fd, "%s %s\n", command, argument) > 0);
	close(fd);
}

/*
 * After a removal the kernel's hotplug driver keeps the slot switched off for a second,
 * and is deaf meanwhile; then it switches the indicator off.
 */
static void await_free(const char *port)
{
	unsigned int offset;
	int fd = open_config(port);

	offset = find_express(fd) + PCI_EXP_SLTCTL;
	while ((read_config(fd, offset) & PCI_EXP_SLTCTL_PIC) != PCI_EXP_SLTCTL_PWR_IND_OFF)
		assert_int_equal(poll(NULL, 0, 20), 0);
	close(fd);
}

void plug_in(struct vm *vm, const char *port, const char *device, const char *bdf)
{
	struct vfa_monitor *monitor = vm_monitor(vm);

	await_free(port);
	tell_qemu("device_add", device);
	plug_await(monitor, VFA_MONITOR_PCI, VFA_MONITOR_ADD, bdf);
}

void plug_push_button(const char *id)
{
	tell_qemu("device_del", id);
}

static void *carry_out(void *data)
{
	struct plug_order *order = data;
	int fd = open(order->path, O_WRONLY | O_CLOEXEC);
	ssize_t size = strlen(order->text);

	order->done = fd >= 0 && write(fd, order->text, size) == size;
	if (fd >= 0)
		close(fd);
	return NULL;
}

static void give_order(struct plug_order *order, const char *text)
{
	snprintf(order->text, sizeof(order->text), "%s", text);
	order->done = false;
	assert_int_equal(pthread_create(&order->thread, NULL, carry_out, order), 0);
}

/* Whether a slot is that of a function: its address has no function number. */
static bool is_slot_of(const char *slot, const char *bdf)
{
	char path[512], address[32] = "";
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "%s/address", slot);
	file = fopen(path, "re");
	if (file && fgets(address, sizeof(address), file)) {
		address[strcspn(address, "\n")] = '\0';
		found = address[0] && strncmp(bdf, address, strlen(address)) == 0;
	}
	if (file)
		fclose(file);
	return found;
}

static void find_slot(const char *bdf, char *ret, size_t size)
{
	bool found = false;
	glob_t slots;

	assert_int_equal(glob("/sys/bus/pci/slots/*", 0, NULL, &slots), 0);
	for (size_t i = 0; i < slots.gl_pathc && !found; i++) {
		snprintf(ret, size, "%s", slots.gl_pathv[i]);
		found = is_slot_of(ret, bdf);
	}
	globfree(&slots);
	assert_true(found);
}

void plug_order_off(struct plug_order *order, const char *bdf)
{
	char slot[200];

	find_slot(bdf, slot, sizeof(slot));
	snprintf(order->path, sizeof(order->path), "%s/power", slot);
	give_order(order, "0");
}

void plug_order_removal(struct plug_order *order, const char *bdf)
{
	snprintf(order->path, sizeof(order->path), PCI_DEVICES "/%s/remove", bdf);
	give_order(order, "1");
}

void plug_order_unbinding(struct plug_order *order, const char *bdf)
{
	snprintf(order->path, sizeof(order->path), PCI_DEVICES "/%s/driver/unbind", bdf);
	give_order(order, bdf);
}

void plug_finish(struct plug_order *order)
{
	assert_int_equal(pthread_join(order->thread, NULL), 0);
	assert_true(order->done);
}

void plug_rescan(void)
{
	int fd = open("/sys/bus/pci/rescan", O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "1", 1), 1);
	close(fd);
}

static void write_config(int fd, unsigned int offset, uint16_t value)
{
	value = htole16(value);
	assert_int_equal(pwrite(fd, &value, sizeof(value), offset), sizeof(value));
}

/*
 * Behind the back of the kernel's hotplug driver: QEMU takes a device whose slot loses
 * power at once. The driver is to hear of it when power is on again, since it leaves
 * slots without alone.
 */
void plug_pull(const char *port)
{
	unsigned int offset;
	uint16_t control;
	int fd = open_config(port);

	offset = find_express(fd) + PCI_EXP_SLTCTL;
	control = read_config(fd, offset);
	write_config(fd, offset,
		     (control & ~PCI_EXP_SLTCTL_HPIE) | PCI_EXP_SLTCTL_PWR_IND_OFF |
			     PCI_EXP_SLTCTL_PWR_OFF);
	write_config(fd, offset, control);
	close(fd);
}
