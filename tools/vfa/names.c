/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "names.h"

#include <pci/pci.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"

struct names {
	struct pci_access *access;
	const char *path; /* NULL for the system's */
	bool loaded;
	int flags;
	char text[256];
};

/* Where to go on when a file turns out to be damaged; NULL when nothing is being read. */
static jmp_buf *recovery;

/* libpci does not expect this to return. All that it can lack else is memory. */
__attribute__((noreturn)) static void stop(char *format, ...)
{
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	text[strcspn(text, "\n")] = '\0';
	note("names of devices: %s", text);
	if (recovery)
		longjmp(*recovery, 1);
	exit(STATUS_REFUSED);
}

static void ignore(char *format, ...)
{
	(void)format;
}

struct names *names_new(const char *path)
{
	struct names *names = must(calloc(1, sizeof(*names)));

	names->access = must(pci_alloc());
	names->access->error = stop;
	names->access->warning = ignore;
	names->access->debug = ignore;
	names->access->id_lookup_mode = 0; /* neither the network nor a cache of it */
	names->path = path;
	if (path)
		pci_set_name_list_path(names->access, must(strdup(path)), 1);
	return names;
}

void names_free(struct names *names)
{
	if (!names)
		return;
	pci_cleanup(names->access);
	free(names);
}

/* Names up to the damage are as good as any. */
static bool read_file(struct names *names)
{
	jmp_buf here;
	bool is_there;

	if (setjmp(here)) {
		recovery = NULL;
		return true;
	}
	recovery = &here;
	is_there = pci_load_name_list(names->access);
	recovery = NULL;
	return is_there;
}

/* What udev knows is the same, and slower to find: only where the system has no file. */
static void load(struct names *names)
{
	bool is_there = read_file(names);

	names->loaded = true;
	names->flags = PCI_LOOKUP_NO_NUMBERS;
	if (is_there || names->path)
		names->flags |= PCI_LOOKUP_NO_HWDB;
	if (!is_there && names->path)
		note("--pci-ids %s: there are no names to read", names->path);
}

static int names_flags(struct names *names)
{
	if (!names->loaded)
		load(names);
	return names->flags;
}

const char *names_vendor(struct names *names, uint16_t vendor)
{
	return pci_lookup_name(names->access, names->text, sizeof(names->text),
			       names_flags(names) | PCI_LOOKUP_VENDOR, vendor);
}

const char *names_device(struct names *names, uint16_t vendor, uint16_t device)
{
	return pci_lookup_name(names->access, names->text, sizeof(names->text),
			       names_flags(names) | PCI_LOOKUP_DEVICE, vendor, device);
}

const char *names_class(struct names *names, uint32_t class_code)
{
	return pci_lookup_name(names->access, names->text, sizeof(names->text),
			       names_flags(names) | PCI_LOOKUP_CLASS, class_code >> 8);
}
