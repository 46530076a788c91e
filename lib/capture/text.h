/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * What a capture file is made of. vfa_capture(3) has it in full:
 *
 *	vfa capture 1
 *
 *	dir /sys/devices/pci0000:00/0000:00:04.0
 *	bytes config 64 of 256
 *	| 000: 34 12 e8 11 07 01 10 00 10 00 ff 00 00 00 00 00
 *	link driver ../../../bus/pci/drivers/vfio-pci
 *	error reset_method EACCES
 *	text resource
 *	| 0x00000000fea00000 0x00000000feafffff 0x0000000000040200
 *	| 0x0000000000000000 0x0000000000000000 0x0000000000000000
 *	text vendor 0x1234
 *
 *	dir /dev/vfio
 *	node vfio char 0666 0 0
 *
 *	end
 */

#ifndef CAPTURE_TEXT_H
#define CAPTURE_TEXT_H

#include <stddef.h>

#define CAPTURE_TITLE   "vfa capture "
#define CAPTURE_VERSION "1"

/* Of a file's contents, and of a line in the capture. */
#define CAPTURE_CONTENT (1u << 20)
#define CAPTURE_LINE    (64u << 10)

/* Of a text: each byte may take four in the capture. */
#define CAPTURE_TEXT_LINE (CAPTURE_LINE / 4 - 1024)

/* Bytes that one row of a binary file shows. */
#define CAPTURE_ROW 16u

/** text_unescape() - in place; the length, or -1 for no text of a capture */
ptrdiff_t text_unescape(char *text);

/**
 * text_escape() - bytes as text without control characters, that ends in no space
 * @in_name: spaces are escaped everywhere
 * @ret: room for 4 * @size + 1
 *
 * Return: its length.
 */
size_t text_escape(const char *bytes, size_t size, int in_name, char *ret);

#endif
