/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What the caller opened, and has KVM know by its fd. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/api.h"
#include "base/error.h"
#include "base/node.h"
#include "kvm.h"

/* A node that the caller added by its fd. */
struct added_node {
	struct added_node *next;
	int given; /* the caller's fd */
	int fd;    /* a duplicate: the caller may close its own */
	char name[16];
};

static struct added_node **find_node(struct vfa_kvm *kvm, int given)
{
	struct added_node **link = &kvm->nodes;

	while (*link && (*link)->given != given)
		link = &(*link)->next;
	return link;
}

static void free_node(struct vfa_kvm *kvm, struct added_node **link)
{
	struct added_node *node = *link;

	*link = node->next;
	sys_close(kvm->host->sys, node->fd);
	free(node);
}

static int add_node(struct vfa_kvm *kvm, int given)
{
	struct added_node *node;
	int err;

	if (*find_node(kvm, given))
		return error_set(EEXIST, VFA_CAUSE_REGISTERED,
				 "fd %d was added to this VM already\n"
				 "remove it, by vfa_kvm_remove_fd, before the number stands for "
				 "something else",
				 given);
	node = calloc(1, sizeof(*node));
	if (!node)
		return error_memory();
	*node = (struct added_node){ .next = kvm->nodes, .given = given };
	node->fd = err = node_adopt(kvm->host, given, "/dev/vfio/GROUP or /dev/vfio/devices/vfioN");
	if (err < 0) {
		free(node);
		return err;
	}
	kvm->nodes = node;
	snprintf(node->name, sizeof(node->name), "fd %d", given);
	err = kvm_add_file(kvm, node->name, node->fd);
	if (err)
		free_node(kvm, &kvm->nodes);
	return err;
}

VFA_API int vfa_kvm_add_fd(struct vfa_kvm *kvm, int fd)
{
	int err;

	if (!kvm)
		return error_null("kvm");
	pthread_mutex_lock(&kvm->lock);
	err = add_node(kvm, fd);
	pthread_mutex_unlock(&kvm->lock);
	return err;
}

static int remove_node(struct vfa_kvm *kvm, int given)
{
	struct added_node **link = find_node(kvm, given);
	int err;

	if (!*link)
		return error_set(ENOENT, VFA_CAUSE_WRONG_ORDER,
				 "fd %d was not added to this VM\n"
				 "give the number that vfa_kvm_add_fd was given",
				 given);
	err = kvm_remove_file(kvm, (*link)->name, (*link)->fd);
	if (!err)
		free_node(kvm, link);
	return err;
}

VFA_API int vfa_kvm_remove_fd(struct vfa_kvm *kvm, int fd)
{
	int err;

	if (!kvm)
		return error_null("kvm");
	pthread_mutex_lock(&kvm->lock);
	err = remove_node(kvm, fd);
	pthread_mutex_unlock(&kvm->lock);
	return err;
}

void kvm_drop_nodes(struct vfa_kvm *kvm)
{
	while (kvm->nodes) {
		kvm_drop_file(kvm, kvm->nodes->name, kvm->nodes->fd);
		free_node(kvm, &kvm->nodes);
	}
}
