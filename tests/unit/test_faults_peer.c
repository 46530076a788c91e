/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Parts of BARs that devices reach. See scenario.h. */

#include <linux/pci_regs.h>
#include <linux/vfio.h>

#include "scenario.h"

#define PART (4 * PAGE)
#define ALL_RIGHTS                                                                                 \
	(VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE | VFIO_REGION_INFO_FLAG_MMAP)

static bool map_peer(struct run *run, struct vfa_device *device, uint64_t offset,
		     struct vfa_peer **ret)
{
	*ret = NULL;
	return step(run, vfa_peer_map(run->container, device, VFA_BAR(0), offset, PART, NULL, ret));
}

/* One that fails half-way may have unmapped, which only the next one mends. */
static void restore(struct run *run, struct vfa_peer *peer)
{
	if (step_partly(run, vfa_peer_restore(peer)))
		step(run, vfa_peer_check(peer));
	else
		step_partly(run, vfa_peer_restore(peer));
}

static void reset(struct run *run, struct vfa_device *device, struct vfa_peer *peer)
{
	step(run, vfa_device_reset(device));
	step(run, vfa_peer_check(peer));
	restore(run, peer);
}

/* What is short is unmapped all the same, and the handle gone. */
static void unmap(struct run *run, struct vfa_peer *peer)
{
	if (!step_partly(run, vfa_peer_unmap(peer)) &&
	    vfa_error_last()->cause != VFA_CAUSE_SHORT_UNMAP)
		assert_ok(vfa_peer_unmap(peer));
	step(run, 0);
}

/* One is unmapped, and one is there still when its device is closed. */
static void use_peers(struct run *run, struct vfa_device *device)
{
	struct vfa_peer *peer, *other;

	if (map_peer(run, device, 0, &peer))
		reset(run, device, peer);
	map_peer(run, device, PART, &other);
	if (peer)
		unmap(run, peer);
	vfa_device_close(device);
	step(run, 0);
	if (other)
		unmap(run, other);
}

static void peers(struct run *run)
{
	struct vfa_device *device = NULL, *peer = NULL;

	fake_set_region(OTHER, 0, 1 << 20, ALL_RIGHTS);
	if (!step(run,
		  vfa_container_open(run->machine->host, run->machine->backend, &run->container)))
		return;
	if (step(run, open_plainly(run->container, EDU, &device)) &&
	    step(run, open_plainly(run->container, OTHER, &peer)))
		use_peers(run, peer);
	step_partly(run, vfa_container_unmap_all(run->container));
	vfa_device_close(device);
	step(run, 0);
	vfa_container_close(run->container);
}

/* On type1 it is mapped anew for the second device. */
static void peers_of_another_container(struct run *run)
{
	struct vfa_device *device = NULL, *far = NULL;
	struct vfa_container *other = NULL;
	struct vfa_peer *peer = NULL;

	fake_set_region(OTHER, 0, 1 << 20, ALL_RIGHTS);
	if (!step(run,
		  vfa_container_open(run->machine->host, run->machine->backend, &run->container)))
		return;
	if (step(run, vfa_container_open(run->machine->host, run->machine->backend, &other)) &&
	    step(run, open_plainly(other, OTHER, &far)) &&
	    step(run, open_plainly(run->container, EDU, &device)))
		map_peer(run, far, 0, &peer);
	vfa_device_close(device);
	device = NULL;
	step(run, 0);
	if (peer && step(run, open_plainly(run->container, NVME, &device)))
		step(run, vfa_peer_check(peer));
	vfa_device_close(far);
	step(run, 0);
	if (peer)
		unmap(run, peer);
	step_partly(run, vfa_container_unmap_all(run->container));
	vfa_device_close(device);
	vfa_container_close(other);
	step(run, 0);
	vfa_container_close(run->container);
}

SCENARIO(peers)
SCENARIO(peers_of_another_container)
UNANSWERED(peers)
INTERRUPTED(peers)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASES(peers),
		CASES(peers_of_another_container),
		ON_BOTH(each_answer_to_peers_may_fail),
		ON_BOTH(signals_do_not_disturb_peers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
