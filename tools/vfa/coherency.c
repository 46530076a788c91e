/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* vfa coherency: can these devices bypass the CPU caches? */

#include <stdlib.h>
#include <string.h>
#include <vfa/coherency.h>
#include <vfa/error.h>

#include "base/bdf.h"
#include "command.h"
#include "fail.h"
#include "question.h"
#include "table.h"
#include "topology/pci.h"

struct subject {
	char bdf[BDF_SIZE];
	struct vfa_coherency coherency;
};

/* All devices of the command line, and the address space that they are in, if any. */
struct subjects {
	struct subject *list;
	size_t count;
	struct vfa_container *container;
	struct vfa_device **devices; /* in the order of the list */
};

static const struct column columns[] = {
	{ "NAME", "device, and what is asked of it", COLUMN_TEXT, COLUMN_DEFAULT | COLUMN_TREE,
	  question_name },
	{ "ANSWER", "verdict on a device, answer to a question", COLUMN_TEXT, COLUMN_DEFAULT,
	  question_answer },
	{ "ORIGIN", "where the answer comes from", COLUMN_TEXT, COLUMN_DEFAULT, question_origin },
	{ NULL },
};

static void add_answer(struct table *table, struct row *parent, const char *name,
		       enum vfa_answer answer, const char *origin)
{
	const struct question item = {
		.name = name,
		.answer = vfa_answer_name(answer),
		.origin = origin,
	};

	table_add(table, parent, &item);
}

static enum colour colour_of(enum vfa_coherency_verdict verdict)
{
	if (verdict == VFA_COHERENCY_COHERENT)
		return COLOUR_GOOD;
	return verdict == VFA_COHERENCY_CAN_BREAK ? COLOUR_BAD : COLOUR_WARNING;
}

static void add_subject(struct table *table, const struct subject *subject)
{
	const struct vfa_coherency *coherency = &subject->coherency;
	const struct question item = {
		.name = subject->bdf,
		.answer = vfa_coherency_verdict_name(coherency->verdict),
		.colour = colour_of(coherency->verdict),
	};
	struct row *row = table_add(table, NULL, &item);

	add_answer(table, row, "device", coherency->device, coherency->device_origin);
	add_answer(table, row, "iommu", coherency->iommu, coherency->iommu_origin);
	add_answer(table, row, "platform", coherency->platform, coherency->platform_origin);
}

/* What a guest that has all of them means to its VMM. */
static int add_wbinvd(struct table *table, const struct subjects *subjects)
{
	struct vfa_wbinvd wbinvd = VFA_WBINVD_INIT;
	int needed = vfa_coherency_needs_wbinvd(subjects->devices, subjects->count, &wbinvd);
	struct question item = { .name = "wbinvd" };
	struct row *row;

	if (needed < 0)
		return fail();
	item.answer = needed ? "to be honoured" : "not needed";
	item.colour = needed ? COLOUR_WARNING : COLOUR_GOOD;
	row = table_add(table, NULL, &item);
	add_answer(table, row, "needed", wbinvd.needed, wbinvd.reason);
	add_answer(table, row, "kernel", wbinvd.kernel,
		   "what KVM concludes, which looks at the IOMMU only");
	return STATUS_FINE;
}

static bool has_subject(const struct subjects *subjects, const char *bdf)
{
	for (size_t i = 0; i < subjects->count; i++)
		if (!strcmp(subjects->list[i].bdf, bdf))
			return true;
	return false;
}

/* A device that is named twice is shown once. */
static int read_subjects(const struct request *request, struct subjects *subjects)
{
	for (int i = 0; i < request->count; i++) {
		struct subject *subject = &subjects->list[subjects->count];

		if (bdf_parse(request->arguments[i], subject->bdf))
			return fail();
		if (has_subject(subjects, subject->bdf))
			continue;
		subject->coherency = (struct vfa_coherency)VFA_COHERENCY_INIT;
		if (vfa_coherency_read(request->host, subject->bdf, &subject->coherency))
			return fail();
		subjects->count++;
	}
	return STATUS_FINE;
}

/* Nobody but VFIO has them, so that to open them disturbs nothing. */
static bool can_be_opened(const struct request *request, const struct subjects *subjects)
{
	struct pci_function function;

	if (request_option(request, "host"))
		return false;
	for (size_t i = 0; i < subjects->count; i++) {
		pci_read(request->host, subjects->list[i].bdf, &function);
		if (!pci_is_vfio_bound(&function)) {
			note("the IOMMU was not asked: %s is not bound to a VFIO driver",
			     function.bdf);
			return false;
		}
	}
	return true;
}

static void leave(struct subjects *subjects)
{
	for (size_t i = 0; i < subjects->count; i++) {
		vfa_device_close(subjects->devices[i]);
		subjects->devices[i] = NULL;
	}
	vfa_container_close(subjects->container);
	subjects->container = NULL;
}

static int join(const struct request *request, struct subjects *subjects)
{
	int err = vfa_container_open(request->host, VFA_BACKEND_AUTO, &subjects->container);

	for (size_t i = 0; i < subjects->count && !err; i++)
		err = vfa_device_open(subjects->container, subjects->list[i].bdf, NULL,
				      &subjects->devices[i]);
	for (size_t i = 0; i < subjects->count && !err; i++)
		err = vfa_device_coherency(subjects->devices[i], &subjects->list[i].coherency);
	return err;
}

/* In one address space, as a program would have them. */
static void ask_iommu(const struct request *request, struct subjects *subjects)
{
	if (!can_be_opened(request, subjects) || !join(request, subjects))
		return;
	note("the IOMMU was not asked: %s", vfa_error_last()->message);
	hint(vfa_error_last()->hint);
	leave(subjects);
}

static int print(const struct request *request, const struct subjects *subjects)
{
	struct table *table;
	int status = table_new(request, "coherency", &table);

	if (status)
		return status;
	for (size_t i = 0; i < subjects->count; i++)
		add_subject(table, &subjects->list[i]);
	if (subjects->container)
		status = add_wbinvd(table, subjects);
	if (!status)
		return table_print(table);
	table_free(table);
	return status;
}

static int run(const struct request *request)
{
	struct subjects subjects = {
		.list = must(calloc(request->count, sizeof(*subjects.list))),
		.devices = must(calloc(request->count, sizeof(*subjects.devices))),
	};
	int status = read_subjects(request, &subjects);

	if (!status) {
		ask_iommu(request, &subjects);
		status = print(request, &subjects);
	}
	leave(&subjects);
	free(subjects.devices);
	free(subjects.list);
	return status;
}

const struct command command_coherency = {
	.name = "coherency",
	.arguments = "BDF...",
	.min = 1,
	.max = -1,
	.summary = "Tell whether devices can bypass the CPU caches, and why",
	.details = "Devices that are bound to a VFIO driver are opened, in one address space, to "
		   "ask what the IOMMU enforces; that resets them.",
	.columns = columns,
	.has_no_order = true,
	.run = run,
};
