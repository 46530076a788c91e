/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Kernel modules, which the command loads and the library does not. */

#ifndef VFA_MODULE_H
#define VFA_MODULE_H

/**
 * module_load() - load a module and what it needs, as modprobe does
 *
 * Return: 0, or -errno; -ENOENT when there is no such module.
 */
int module_load(const char *name);

#endif
