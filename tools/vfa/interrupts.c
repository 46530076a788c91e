/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The interrupts that a function can raise, by its config space. */

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>

#include "section.h"
#include "topology/function.h"

struct interrupts {
	const char *name;
	unsigned int vectors;
	bool is_enabled;
	bool is_maskable; /* vector by vector */
	char table[24];   /* of MSI-X: which BAR, and where in it */
};

static void get_name(const void *data, struct cell *cell)
{
	const struct interrupts *interrupts = data;

	cell_set(cell, "%s", interrupts->name);
}

static void get_vectors(const void *data, struct cell *cell)
{
	const struct interrupts *interrupts = data;

	cell_set(cell, "%u", interrupts->vectors);
}

static void get_enabled(const void *data, struct cell *cell)
{
	const struct interrupts *interrupts = data;

	cell_set_boolean(cell, interrupts->is_enabled);
}

static void get_maskable(const void *data, struct cell *cell)
{
	const struct interrupts *interrupts = data;

	cell_set_boolean(cell, interrupts->is_maskable);
}

static void get_table(const void *data, struct cell *cell)
{
	const struct interrupts *interrupts = data;

	if (interrupts->table[0])
		cell_set(cell, "%s", interrupts->table);
}

static const struct column columns[] = {
	{ "NAME", "", COLUMN_TEXT, COLUMN_DEFAULT, get_name },
	{ "VECTORS", "", COLUMN_NUMBER, COLUMN_DEFAULT, get_vectors },
	{ "ENABLED", "", COLUMN_BOOLEAN, COLUMN_DEFAULT, get_enabled },
	{ "MASKABLE", "", COLUMN_BOOLEAN, COLUMN_DEFAULT, get_maskable },
	{ "TABLE", "", COLUMN_TEXT, COLUMN_DEFAULT, get_table },
	{ NULL },
};

/* Each is 1 with @ret filled, 0 when the function has none, -errno. */

static int read_intx(const struct config_space *config, struct interrupts *ret)
{
	int pin = config_read8(config, PCI_INTERRUPT_PIN);
	int command = config_read16(config, PCI_COMMAND);

	if (pin <= 0 || command < 0)
		return pin <= 0 ? pin : command;
	*ret = (struct interrupts){
		.name = "intx",
		.vectors = 1,
		.is_enabled = !(command & PCI_COMMAND_INTX_DISABLE),
		.is_maskable = true,
	};
	return 1;
}

static int read_msi(const struct config_space *config, struct interrupts *ret)
{
	int offset = capability_find(config, PCI_CAP_ID_MSI), flags;

	if (offset <= 0)
		return offset;
	flags = config_read16(config, offset + PCI_MSI_FLAGS);
	if (flags < 0)
		return flags;
	*ret = (struct interrupts){
		.name = "msi",
		.vectors = 1u << ((flags & PCI_MSI_FLAGS_QMASK) >> 1),
		.is_enabled = flags & PCI_MSI_FLAGS_ENABLE,
		.is_maskable = flags & PCI_MSI_FLAGS_MASKBIT,
	};
	return 1;
}

static int read_msix(const struct config_space *config, struct interrupts *ret)
{
	int offset = capability_find(config, PCI_CAP_ID_MSIX), flags, err;
	uint32_t table;

	if (offset <= 0)
		return offset;
	flags = config_read16(config, offset + PCI_MSIX_FLAGS);
	if (flags < 0)
		return flags;
	err = config->read(config, offset + PCI_MSIX_TABLE, &table);
	if (err)
		return err;
	*ret = (struct interrupts){
		.name = "msix",
		.vectors = (flags & PCI_MSIX_FLAGS_QSIZE) + 1,
		.is_enabled = flags & PCI_MSIX_FLAGS_ENABLE,
		.is_maskable = true,
	};
	snprintf(ret->table, sizeof(ret->table), "bar%u+0x%x", table & PCI_MSIX_TABLE_BIR,
		 table & PCI_MSIX_TABLE_OFFSET);
	return 1;
}

static const char *each(const struct function_item *item, void (*add)(void *to, const void *part),
			void *to)
{
	int (*const kinds[])(const struct config_space *,
			     struct interrupts *) = { read_intx, read_msi, read_msix };
	struct function_config config;
	struct interrupts interrupts;
	int found = 0;

	function_config_open(item->request->host, item->function->bdf, &config);
	for (size_t i = 0; found >= 0 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		found = kinds[i](&config.space, &interrupts);
		if (found > 0)
			add(to, &interrupts);
	}
	function_config_close(&config);
	return found < 0 ? config_reason(found) : NULL;
}

const struct section section_interrupts = {
	.name = "INTERRUPTS",
	.columns = columns,
	.each = each,
};

void get_interrupts(const void *data, struct cell *cell)
{
	section_set(&section_interrupts, data, cell);
}
