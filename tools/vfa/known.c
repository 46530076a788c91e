/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "known.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vfa/topology.h>

#include "base/sysfs.h"
#include "fail.h"
#include "topology/below.h"
#include "topology/pci.h"

struct knowledge {
	struct vfa_host *host;
	struct known *known; /* in no order */
	size_t count;
};

static struct known *add(struct knowledge *knowledge, const char *bdf)
{
	size_t size = (knowledge->count + 1) * sizeof(*knowledge->known);
	struct known *known;

	knowledge->known = must(realloc(knowledge->known, size));
	known = &knowledge->known[knowledge->count++];
	*known = (struct known){ .group = -1 };
	snprintf(known->bdf, sizeof(known->bdf), "%s", bdf);
	return known;
}

int knowledge_new(struct vfa_host *host, struct knowledge **ret)
{
	struct knowledge *knowledge;
	struct vfa_topology *topology;
	const struct vfa_function *function;
	struct known *known;

	if (vfa_topology_new(host, &topology))
		return fail();
	knowledge = must(calloc(1, sizeof(*knowledge)));
	knowledge->host = host;
	for (size_t i = 0; i < vfa_topology_count_functions(topology); i++) {
		function = vfa_topology_get_function(topology, i);
		known = add(knowledge, function->bdf);
		snprintf(known->driver, sizeof(known->driver), "%s", function->driver);
		known->group = function->group;
		known->class_code = function->class_code;
	}
	vfa_topology_free(topology);
	*ret = knowledge;
	return STATUS_FINE;
}

void knowledge_free(struct knowledge *knowledge)
{
	if (!knowledge)
		return;
	free(knowledge->known);
	free(knowledge);
}

static struct known *find(const struct knowledge *knowledge, const char *path)
{
	char bdf[BDF_SIZE];

	if (!below_which(path, bdf))
		return NULL;
	for (size_t i = 0; i < knowledge->count; i++) {
		if (!strcmp(knowledge->known[i].bdf, bdf))
			return &knowledge->known[i];
	}
	return NULL;
}

const struct known *knowledge_find(const struct knowledge *knowledge, const char *path)
{
	return find(knowledge, path);
}

void knowledge_learn(struct knowledge *knowledge, const char *path, const char *driver)
{
	struct known *known = find(knowledge, path);
	char bdf[BDF_SIZE], file[SYSFS_PATH];
	struct pci_function function;
	uint64_t class_code;

	if (!known) {
		if (!below_which(path, bdf))
			return;
		known = add(knowledge, bdf);
	}
	snprintf(known->driver, sizeof(known->driver), "%s", driver ? driver : "");
	pci_read(knowledge->host, known->bdf, &function);
	if (function.exists)
		known->group = function.group;
	sysfs_path(knowledge->host, file, "bus/pci/devices/%s/class", known->bdf);
	if (!sysfs_read_number(knowledge->host, file, &class_code))
		known->class_code = class_code;
}

void knowledge_drop_driver(struct knowledge *knowledge, const char *path)
{
	struct known *known = find(knowledge, path);

	if (known)
		known->driver[0] = '\0';
}

void knowledge_drop(struct knowledge *knowledge, const char *path)
{
	struct known *known = find(knowledge, path);

	if (known)
		*known = knowledge->known[--knowledge->count];
}
