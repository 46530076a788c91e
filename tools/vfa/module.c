/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "module.h"

#include <errno.h>
#include <libkmod.h>
#include <stddef.h>

static int insert_all(struct kmod_list *modules)
{
	struct kmod_list *item;
	int err = modules ? 0 : -ENOENT;

	kmod_list_foreach(item, modules)
	{
		struct kmod_module *module = kmod_module_get_module(item);

		err = kmod_module_probe_insert_module(module, 0, NULL, NULL, NULL, NULL);
		kmod_module_unref(module);
		if (err)
			break;
	}
	return err;
}

int module_load(const char *name)
{
	struct kmod_ctx *context = kmod_new(NULL, NULL);
	struct kmod_list *modules = NULL;
	int err;

	if (!context)
		return -ENOMEM;
	err = kmod_module_new_from_lookup(context, name, &modules);
	if (!err)
		err = insert_all(modules);
	kmod_module_unref_list(modules);
	kmod_unref(context);
	return err;
}
