/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <vfa/viability.h>

#include <errno.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/api.h"
#include "base/error.h"
#include "base/node.h"
#include "blockers.h"
#include "topology/holder.h"

/* Room for why the kernel was not asked. */
#define SILENCE (SYSFS_PATH + 128)

#define CLASS_PCI_BRIDGE 0x0604 /* linux/pci_ids.h, in the kernel only */

struct vfa_viability {
	struct vfa_group *group;
	struct vfa_member_state *members;
	bool is_viable;
	enum vfa_viability_origin origin;
	char message[SILENCE + 640];
	char hint[1280];
};

static bool has_vfio_member(const struct vfa_group *group)
{
	for (size_t i = 0; i < vfa_group_count_members(group); i++) {
		if (vfa_group_get_member(group, i)->role == VFA_MEMBER_VFIO)
			return true;
	}
	return false;
}

static void explain_busy(const struct vfa_host *host, const struct vfa_group *group,
			 const char *path, char ret[SILENCE])
{
	struct holder holder;

	if (holder_find(host, group, 0, &holder))
		snprintf(ret, SILENCE, "%s is held by process %d (%s)", holder.path,
			 (int)holder.owner.pid, holder.owner.command);
	else
		snprintf(ret, SILENCE, "%s or a member's node is held by a process out of sight",
			 path);
}

/* What the failure of opening the group's node means; node_open() recorded a reason. */
static void explain_silence(const struct vfa_host *host, const struct vfa_group *group,
			    const char *path, int err, char ret[SILENCE])
{
	if (err == -EBUSY)
		explain_busy(host, group, path, ret);
	else if (err == -ENOENT && !has_vfio_member(group))
		snprintf(ret, SILENCE, "without a member on a VFIO driver there is no %s", path);
	else if (err == -ENOENT)
		snprintf(ret, SILENCE, "there is no %s", path);
	else
		snprintf(ret, SILENCE, "%s", vfa_error_last()->message);
}

static int open_group(const struct vfa_host *host, const struct vfa_group *group,
		      char silence[SILENCE])
{
	struct error_record record;
	char path[SYSFS_PATH];
	int fd;

	holder_group_node(host, group, path);
	error_save(&record);
	fd = node_open(host, path);
	if (fd < 0)
		explain_silence(host, group, path, fd, silence);
	error_restore(&record);
	return fd;
}

/* The flags of the group's status, or -errno with the reason why there is no answer. */
static int ask_kernel(const struct vfa_host *host, const struct vfa_group *group,
		      char silence[SILENCE])
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	int fd = open_group(host, group, silence), err;

	if (fd < 0)
		return fd;
	err = sys_ioctl(host->sys, fd, VFIO_GROUP_GET_STATUS, &status);
	sys_close(host->sys, fd);
	if (err < 0)
		snprintf(silence, SILENCE, "VFIO_GROUP_GET_STATUS: %s", strerrordesc_np(-err));
	return err < 0 ? err : (int)status.flags;
}

static void tell_derived(struct vfa_viability *viability, const struct blockers *blockers,
			 const char *silence)
{
	snprintf(viability->message, sizeof(viability->message),
		 "group %u is %s%s, by what sysfs shows; the kernel was not asked: %s",
		 vfa_group_number(viability->group), blockers->count ? "not viable: " : "viable",
		 blockers->list, silence);
}

static void tell_kernels(struct vfa_viability *viability, const struct blockers *blockers)
{
	const char *why = "";

	if (!viability->is_viable)
		why = blockers->count ? blockers->list
				      : "though no member is seen on a driver that does DMA";
	snprintf(viability->message, sizeof(viability->message),
		 "group %u is %sviable, says the kernel%s%s", vfa_group_number(viability->group),
		 viability->is_viable ? "" : "not ", *why ? ": " : "", why);
}

/* The kernel's verdict stands, whatever sysfs lets expect. */
static void judge(const struct vfa_host *host, struct vfa_viability *viability)
{
	struct blockers blockers;
	char silence[SILENCE];
	int flags = ask_kernel(host, viability->group, silence);

	blockers_describe(host, viability->group, &blockers);
	viability->origin = flags < 0 ? VFA_VIABILITY_SYSFS : VFA_VIABILITY_KERNEL;
	viability->is_viable = flags < 0 ? !blockers.count : flags & VFIO_GROUP_FLAGS_VIABLE;
	if (flags < 0)
		tell_derived(viability, &blockers, silence);
	else
		tell_kernels(viability, &blockers);
	if (!viability->is_viable)
		strcpy(viability->hint, blockers.count ? blockers.hint
						       : "a driver may just be letting go of its "
							 "device: look again");
}

static const char *explain(const struct vfa_viability *viability,
			   const struct vfa_group_member *member)
{
	switch (member->role) {
	case VFA_MEMBER_UNBOUND:
		return "no driver has it";
	case VFA_MEMBER_VFIO:
		return "its driver leaves DMA to user space";
	case VFA_MEMBER_STUB:
		return "its driver does nothing with it";
	case VFA_MEMBER_PORT:
		return "its driver serves a bridge and does no DMA";
	case VFA_MEMBER_KERNEL:
		break;
	}
	if (viability->is_viable)
		return "the kernel knows that its driver does no DMA";
	if (member->class_code >> 8 == CLASS_PCI_BRIDGE)
		return "its driver may do DMA for all that the kernel knows, though it is a bridge";
	return "its driver does DMA in the kernel";
}

static void print_use(const struct vfa_host *host, const struct vfa_group_member *member,
		      char ret[MEMBER_USE])
{
	struct holder holder;

	ret[0] = '\0';
	if (member->role == VFA_MEMBER_KERNEL)
		(void)member_use(host, member, ret);
	else if (member->role == VFA_MEMBER_VFIO && holder_find_member(host, member, 0, &holder))
		snprintf(ret, MEMBER_USE, "held by process %d (%s)", (int)holder.owner.pid,
			 holder.owner.command);
}

static int judge_members(const struct vfa_host *host, struct vfa_viability *viability)
{
	size_t count = vfa_group_count_members(viability->group);
	char use[MEMBER_USE];

	viability->members = calloc(count ? count : 1, sizeof(*viability->members));
	if (!viability->members)
		return error_memory();
	for (size_t i = 0; i < count; i++) {
		const struct vfa_group_member *member = vfa_group_get_member(viability->group, i);
		struct vfa_member_state *state = &viability->members[i];

		print_use(host, member, use);
		state->use = strdup(use);
		if (!state->use)
			return error_memory();
		state->blocks = member->role == VFA_MEMBER_KERNEL && !viability->is_viable;
		state->why = explain(viability, member);
	}
	return 0;
}

static int look(struct vfa_host *host, uint32_t number, struct vfa_viability *viability)
{
	int err = vfa_group_new(host, number, &viability->group);

	if (err)
		return err;
	judge(host, viability);
	return judge_members(host, viability);
}

VFA_API int vfa_viability_new(struct vfa_host *host, uint32_t number, struct vfa_viability **ret)
{
	struct vfa_viability *viability;
	int err;

	if (!ret)
		return error_null("ret");
	err = host_hold(host, &host);
	if (err)
		return err;
	viability = calloc(1, sizeof(*viability));
	err = viability ? look(host, number, viability) : error_memory();
	if (err)
		vfa_viability_free(viability);
	else
		*ret = viability;
	vfa_host_free(host);
	return err;
}

VFA_API void vfa_viability_free(struct vfa_viability *viability)
{
	if (!viability)
		return;
	for (size_t i = 0; viability->members && i < vfa_group_count_members(viability->group); i++)
		free((char *)viability->members[i].use);
	free(viability->members);
	vfa_group_free(viability->group);
	free(viability);
}

VFA_API bool vfa_viability_is_viable(const struct vfa_viability *viability)
{
	return viability->is_viable;
}

VFA_API enum vfa_viability_origin vfa_viability_origin(const struct vfa_viability *viability)
{
	return viability->origin;
}

VFA_API const char *vfa_viability_message(const struct vfa_viability *viability)
{
	return viability->message;
}

VFA_API const char *vfa_viability_hint(const struct vfa_viability *viability)
{
	return viability->hint;
}

VFA_API const struct vfa_group *vfa_viability_group(const struct vfa_viability *viability)
{
	return viability->group;
}

VFA_API const struct vfa_member_state *
vfa_viability_get_member(const struct vfa_viability *viability, size_t index)
{
	return index < vfa_group_count_members(viability->group) ? &viability->members[index]
								 : NULL;
}
