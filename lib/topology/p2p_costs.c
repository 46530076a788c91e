/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What would become of the groups, if ACS bits were changed before they are formed. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "topology/p2p.h"

struct forecast {
	const struct vfa_topology *topology;
	int32_t *now;  /* for each function the first of its group, as the bits are */
	int32_t *then; /* as they would be */
	char *text;
	size_t used;
};

static void say(struct forecast *forecast, const char *text)
{
	forecast->used +=
		snprintf(forecast->text + forecast->used, P2P_TEXT - forecast->used, "%s", text);
	if (forecast->used >= P2P_TEXT)
		forecast->used = P2P_TEXT - 1;
}

static void say_group(struct forecast *forecast, int32_t first)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", forecast->topology->functions[first].group);
	say(forecast, number);
}

/* Of one group that would be: the groups that it is of, when they are several. */
static bool say_merged(struct forecast *forecast, int32_t first, const char *lead)
{
	size_t merged = 0;

	for (size_t i = 0; i < forecast->topology->count; i++) {
		bool is_first = forecast->now[i] == (int32_t)i;

		if (forecast->then[i] != first || !is_first)
			continue;
		if (merged == 1) {
			say(forecast, lead);
			say_group(forecast, first);
		}
		if (merged++) {
			say(forecast, ", ");
			say_group(forecast, i);
		}
	}
	return merged > 1;
}

static bool say_all_merged(struct forecast *forecast)
{
	bool found = false;

	for (size_t i = 0; i < forecast->topology->count; i++) {
		if (forecast->then[i] == (int32_t)i)
			found |= say_merged(forecast, i,
					    found ? ", and one of groups "
						  : "Linux would form one group of groups ");
	}
	return found;
}

static void tell(struct forecast *forecast, const struct vfa_p2p *p2p, const struct p2p_way *way)
{
	bool apart = forecast->then[p2p->path.requester] != forecast->then[p2p->path.target];

	if (forecast->used)
		say(forecast, "; ");
	if (!say_all_merged(forecast))
		say(forecast, "the groups would stay as they are");
	if (way->way.kind == VFA_P2P_DIRECT && apart)
		say(forecast,
		    "; the two would be in different groups, and not isolated all the same");
	if (way->way.kind == VFA_P2P_DIRECT)
		say(forecast, "; no PASIDs would be turned on there and below");
}

static int predict(struct forecast *forecast, const struct p2p_way *way)
{
	size_t count = forecast->topology->count;
	int done = vfa_topology_predict(forecast->topology, NULL, 0, forecast->now, count);

	if (done >= 0)
		done = vfa_topology_predict(forecast->topology, way->changes, way->way.change_count,
					    forecast->then, count);
	return done < 0 ? done : 0;
}

/* Whether a group that would be has in it several that are. */
static bool is_merged(const struct forecast *forecast, int32_t first)
{
	for (size_t i = 0; i < forecast->topology->count; i++) {
		if (forecast->then[i] == first && forecast->now[i] != forecast->now[first])
			return true;
	}
	return false;
}

static void list_merged(const struct forecast *forecast, int32_t first, struct p2p_way *way)
{
	for (size_t i = 0; i < forecast->topology->count; i++) {
		if (forecast->then[i] == first)
			way->mergers[way->way.merger_count++] =
				(struct vfa_p2p_merger){ .function = i, .group = first };
	}
}

static int list_mergers(const struct forecast *forecast, struct p2p_way *way)
{
	size_t count = forecast->topology->count;

	way->mergers = calloc(count, sizeof(*way->mergers));
	if (!way->mergers)
		return error_memory();
	way->way.mergers = way->mergers;
	for (size_t i = 0; i < count; i++) {
		if (forecast->then[i] == (int32_t)i && is_merged(forecast, i))
			list_merged(forecast, i, way);
	}
	return 0;
}

/* Not to know what it costs is no failure of the answer. */
static int tell_or_say_why(struct forecast *forecast, const struct vfa_p2p *p2p,
			   struct p2p_way *way)
{
	struct error_record saved;
	int err;

	error_save(&saved);
	err = predict(forecast, way);
	if (err == -ENOMEM)
		return err;
	if (err) {
		say(forecast, forecast->used ? "; " : "");
		say(forecast, "which groups would be one cannot be told: ");
		say(forecast, vfa_error_last()->message);
		error_restore(&saved);
		return 0;
	}
	tell(forecast, p2p, way);
	return list_mergers(forecast, way);
}

int p2p_tell_costs(const struct vfa_p2p *p2p, struct p2p_way *way)
{
	struct forecast forecast = {
		.topology = p2p->topology,
		.now = calloc(p2p->topology->count, sizeof(int32_t)),
		.then = calloc(p2p->topology->count, sizeof(int32_t)),
		.text = way->costs,
		.used = strlen(way->costs),
	};
	int err = forecast.now && forecast.then ? tell_or_say_why(&forecast, p2p, way)
						: error_memory();

	free(forecast.now);
	free(forecast.then);
	return err;
}
