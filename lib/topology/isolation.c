/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "topology/isolation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/api.h"
#include "base/error.h"
#include "topology/acs.h"
#include "topology/culprit.h"
#include "topology/words.h"

static const struct vfa_function *device_of(const struct isolation_view *view)
{
	return &view->functions[view->index];
}

bool isolation_are_together(const struct isolation_view *view, int32_t other)
{
	if (view->is_changed)
		return view->groups[other] >= 0 && view->groups[other] == view->groups[view->index];
	return view->functions[other].group >= 0 &&
	       view->functions[other].group == device_of(view)->group;
}

/* One that is alone, below no bus, has nobody to keep from another: whatever its type. */
static bool has_nobody(const struct vfa_function *function)
{
	return !function->is_bridge && !function->is_multifunction;
}

static int describe_step(const struct isolation_view *view, int32_t index,
			 struct vfa_isolation_step *ret)
{
	const struct vfa_function *function = &view->functions[index];
	char text[WORDS] = "";

	*ret = (struct vfa_isolation_step){ .function = index, .acs = function->acs };
	ret->is_alias = function->is_bridge && acs_takes_over(function);
	if (function->config_error) {
		ret->isolates = VFA_UNKNOWN;
	} else if (acs_isolates(function) || has_nobody(function)) {
		ret->isolates = VFA_YES;
	} else {
		ret->isolates = VFA_NO;
		ret->missing =
			acs_missing(function) & (acs_possible(function) | function->acs.capability);
		words_step(function, text);
	}
	ret->reason = strdup(text);
	return ret->reason ? 0 : -ENOMEM;
}

static size_t count_path(const struct isolation_view *view)
{
	size_t count = 0;

	for (int32_t at = view->index; at >= 0; at = view->functions[at].parent)
		count++;
	return count;
}

static int add_steps(struct vfa_isolation *isolation, const struct isolation_view *view)
{
	int err = 0;

	isolation->steps = calloc(count_path(view), sizeof(*isolation->steps));
	if (!isolation->steps)
		return -ENOMEM;
	for (int32_t at = view->index; at >= 0 && !err; at = view->functions[at].parent)
		err = describe_step(view, at, &isolation->steps[isolation->step_count++]);
	return err;
}

/* Where the prediction has them apart, nothing that could be read merges them. */
static int describe_member(const struct isolation_view *view, int32_t index,
			   struct vfa_isolation_member *ret)
{
	struct culprit culprit = { CULPRIT_NONE, NULL, NULL };
	const struct vfa_function *other = &view->functions[index];
	char text[WORDS];

	if (view->groups && view->groups[index] == view->groups[view->index])
		culprit_find(view->functions, device_of(view), other, &culprit);
	culprit_words(&culprit, device_of(view), other, text);
	ret->function = index;
	ret->culprit = culprit.function ? culprit.function - view->functions : -1;
	ret->reason = strdup(text);
	return ret->reason ? 0 : -ENOMEM;
}

static int add_members(struct vfa_isolation *isolation, const struct isolation_view *view)
{
	size_t count = 0;
	int err = 0;

	for (size_t i = 0; i < view->topology->count; i++)
		count += isolation_are_together(view, i);
	isolation->has_group = count;
	isolation->members = calloc(count + 1, sizeof(*isolation->members));
	if (!isolation->members)
		return -ENOMEM;
	for (size_t i = 0; i < view->topology->count && !err; i++) {
		if ((int32_t)i != view->index && isolation_are_together(view, i))
			err = describe_member(view, i,
					      &isolation->members[isolation->member_count++]);
	}
	return err;
}

static int report(const struct isolation_view *view, struct vfa_isolation **ret)
{
	struct vfa_isolation *isolation = calloc(1, sizeof(*isolation));
	int err = isolation ? add_steps(isolation, view) : -ENOMEM;

	if (!err)
		err = add_members(isolation, view);
	if (!err)
		err = isolation_add_notes(isolation, view);
	if (err) {
		vfa_isolation_free(isolation);
		return error_memory();
	}
	*ret = isolation;
	return 0;
}

/* Of what cannot be predicted the kernel's groups are known all the same. */
static int report_unread(struct isolation_view *view, struct vfa_isolation **ret)
{
	view->functions = view->topology->functions;
	return report(view, ret);
}

static int report_predicted(struct isolation_view *view, const struct vfa_acs_change *changes,
			    size_t count, struct vfa_isolation **ret)
{
	struct prediction prediction;
	int err = prediction_make(view->topology, changes, count, &prediction);

	if (err)
		return err;
	view->functions = prediction.functions;
	view->groups = prediction.groups;
	err = report(view, ret);
	prediction_free(&prediction);
	return err;
}

VFA_API int vfa_isolation_new(const struct vfa_topology *topology, const char *bdf,
			      const struct vfa_acs_change *changes, size_t count,
			      struct vfa_isolation **ret)
{
	struct isolation_view view = { .topology = topology, .is_changed = count };

	if (!ret)
		return error_null("ret");
	if (!changes && count)
		return error_null("changes");
	view.index = vfa_topology_find_function(topology, bdf);
	if (view.index < 0)
		return view.index;
	if (!count && prediction_obstacle(topology))
		return report_unread(&view, ret);
	return report_predicted(&view, changes, count, ret);
}

VFA_API void vfa_isolation_free(struct vfa_isolation *isolation)
{
	if (!isolation)
		return;
	for (size_t i = 0; i < isolation->step_count; i++)
		free((char *)isolation->steps[i].reason);
	for (size_t i = 0; i < isolation->member_count; i++)
		free((char *)isolation->members[i].reason);
	for (size_t i = 0; i < isolation->note_count; i++)
		free((char *)isolation->notes[i].text);
	free(isolation->steps);
	free(isolation->members);
	free(isolation->notes);
	free(isolation);
}

VFA_API enum vfa_answer vfa_isolation_is_supported(const struct vfa_isolation *isolation)
{
	enum vfa_answer answer = isolation->has_group ? VFA_YES : VFA_UNKNOWN;

	for (size_t i = 0; i < isolation->note_count; i++) {
		if (isolation->notes[i].kind == VFA_ISOLATION_LOST)
			return VFA_NO;
		if (isolation->notes[i].kind == VFA_ISOLATION_UNREAD)
			answer = VFA_UNKNOWN;
	}
	return answer;
}

VFA_API size_t vfa_isolation_count_steps(const struct vfa_isolation *isolation)
{
	return isolation->step_count;
}

VFA_API const struct vfa_isolation_step *
vfa_isolation_get_step(const struct vfa_isolation *isolation, size_t index)
{
	return index < isolation->step_count ? &isolation->steps[index] : NULL;
}

VFA_API size_t vfa_isolation_count_members(const struct vfa_isolation *isolation)
{
	return isolation->member_count;
}

VFA_API const struct vfa_isolation_member *
vfa_isolation_get_member(const struct vfa_isolation *isolation, size_t index)
{
	return index < isolation->member_count ? &isolation->members[index] : NULL;
}

VFA_API size_t vfa_isolation_count_notes(const struct vfa_isolation *isolation)
{
	return isolation->note_count;
}

VFA_API const struct vfa_isolation_note *
vfa_isolation_get_note(const struct vfa_isolation *isolation, size_t index)
{
	return index < isolation->note_count ? &isolation->notes[index] : NULL;
}
