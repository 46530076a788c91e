/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* vfa isolation: why functions share a group, and what would change that. */

#include "isolation.h"

#include <stdlib.h>

#include "fail.h"

static int answer(const struct question *question, const struct vfa_isolation *now,
		  const struct vfa_isolation *then)
{
	if (request_option(question->request, "json"))
		return isolation_print_json(question, now, then);
	return isolation_print_people(question, now, then);
}

/* What is told of ACS then has nothing to stand on. */
static void tell_no_group(const struct question *question, const struct vfa_isolation *isolation)
{
	const struct vfa_function *function = vfa_topology_get_function(
		question->topology, vfa_isolation_get_step(isolation, 0)->function);

	if (function->group < 0)
		note("%s is in no IOMMU group: nothing isolates it from memory", function->bdf);
}

static int tell_device(const struct question *question, const char *bdf)
{
	const struct whatif *whatif = &question->whatif;
	struct vfa_isolation *now = NULL, *then = NULL;
	int status;

	if (vfa_isolation_new(question->topology, bdf, NULL, 0, &now) ||
	    (whatif->count &&
	     vfa_isolation_new(question->topology, bdf, whatif->changes, whatif->count, &then)))
		status = fail();
	else
		status = answer(question, now, then);
	if (!status)
		tell_no_group(question, now);
	vfa_isolation_free(then);
	vfa_isolation_free(now);
	return status;
}

static int predict(struct question *question)
{
	const struct whatif *whatif = &question->whatif;

	if (!whatif->count)
		return STATUS_FINE;
	question->count = vfa_topology_count_functions(question->topology);
	question->now = must(calloc(question->count + 1, sizeof(*question->now)));
	question->then = must(calloc(question->count + 1, sizeof(*question->then)));
	if (vfa_topology_predict(question->topology, NULL, 0, question->now, question->count) < 0 ||
	    vfa_topology_predict(question->topology, whatif->changes, whatif->count, question->then,
				 question->count) < 0)
		return fail();
	return STATUS_FINE;
}

static int tell(struct question *question)
{
	const struct request *request = question->request;
	int status = predict(question);

	if (status)
		return status;
	if (request->count)
		return tell_device(question, request->arguments[0]);
	if (question->whatif.count)
		return answer(question, NULL, NULL);
	return request_option(request, "json") ? isolation_print_merged_json(question)
					       : isolation_print_merged(question);
}

/* JSON has all columns, unless some are asked for. */
static int choose_columns(struct question *question)
{
	const struct request *request = question->request;

	if (!request_option(request, "output")) {
		columns_choose_all(step_columns, &question->columns);
		return STATUS_FINE;
	}
	if (!request->count)
		return fail_usage("isolation: --output: the columns are those of a device's path, "
				  "and there is no BDF");
	return columns_choose(request, &question->columns);
}

static int run(const struct request *request)
{
	struct question question = { .request = request };
	struct vfa_topology *topology;
	int status = choose_columns(&question);

	if (status)
		return status;
	status = whatif_new(request, &question.whatif);
	if (status)
		goto free_columns;
	if (vfa_topology_new(request->host, &topology)) {
		status = fail();
	} else {
		question.topology = topology;
		status = tell(&question);
		vfa_topology_free(topology);
	}
	free(question.now);
	free(question.then);
	whatif_free(&question.whatif);
free_columns:
	columns_free(&question.columns);
	return status;
}

static const struct option_spec options[] = {
	{ "what-if", 'w', "CHANGE", "show the groups with other bits, such as 00:01.0:-RR,+SV" },
	{ NULL },
};

const struct command command_isolation = {
	.name = "isolation",
	.arguments = "[BDF]",
	.max = 1,
	.summary = "Tell why devices share a group, and what would change that",
	.details = "Without BDF: all groups of more than one function, and who merges them.",
	.columns = step_columns,
	.has_no_order = true,
	.options = options,
	.run = run,
};
