/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* share_device: let a process without any rights use edu, which another one opened for it. */

#include "example.h"
#include "hw/edu.h"

#include <grp.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE   4000 /* less than edu's memory, see EDU_TRANSFER_MAX */
#define NOBODY 65534

/* With rights: open the device and give it away, with the address space it is in. */
static int send_device(int socket, const char *bdf, enum vfa_backend backend)
{
	struct vfa_container *space = NULL;
	struct vfa_device *edu = NULL;
	int err = -1;

	if (vfa_container_open(NULL, backend, &space) < 0 ||
	    vfa_device_open(space, bdf, NULL, &edu) < 0 || vfa_share_send(socket, space) < 0)
		example_complain("share_device: sender");
	else
		err = 0;
	/* It is the other side's now. Here it can only be closed, and that takes nothing away. */
	vfa_device_close(edu);
	vfa_container_close(space);
	return err;
}

static int run(volatile void *bar, struct vfa_buffer *memory)
{
	uint8_t *bytes = vfa_buffer_vaddr(memory);

	memset(bytes, 0x5a, SIZE);
	edu_dma_start(bar, vfa_buffer_iova(memory), 0, SIZE, 0);
	if (!edu_dma_wait(bar, 2000))
		return -1;
	memset(bytes, 0, SIZE);
	edu_dma_start(bar, vfa_buffer_iova(memory), 0, SIZE, EDU_DMA_TO_MEMORY);
	if (!edu_dma_wait(bar, 2000) || bytes[0] != 0x5a || bytes[SIZE - 1] != 0x5a)
		return -1;
	printf("share_device: user %u did DMA of %d bytes with a device that it could not open\n",
	       getuid(), SIZE);
	return 0;
}

/* Without: no node, no sysfs and no privilege is needed; the memory is its own. */
static int use_device(int socket)
{
	struct vfa_map_options reachable = VFA_MAP_OPTIONS_INIT;
	struct vfa_buffer_options options = VFA_BUFFER_OPTIONS_INIT;
	struct vfa_container *space = NULL;
	struct vfa_device *edu = NULL;
	struct vfa_buffer *memory = NULL;
	volatile void *bar;
	int err = -1;

	reachable.iova_max = EDU_DMA_MASK;
	options.map = &reachable;
	if (vfa_share_receive(socket, NULL, &space, &edu, 1) < 0 ||
	    vfa_region_map(edu, VFA_BAR(0), &bar) < 0 || vfa_device_enable_bus_master(edu) < 0 ||
	    vfa_buffer_alloc(space, SIZE, &options, &memory) < 0)
		example_complain("share_device: receiver");
	else
		err = run(bar, memory);
	vfa_device_close(edu);
	vfa_buffer_free(memory);
	vfa_container_close(space);
	return err;
}

static void be_receiver(int socket)
{
	if (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY)) {
		perror("share_device: become nobody");
		exit(EXIT_FAILURE);
	}
	exit(use_device(socket) ? EXIT_FAILURE : EXIT_SUCCESS);
}

int main(int argc, char **argv)
{
	int ends[2], status = -1, err;
	pid_t receiver;

	if (argc < 2) {
		fprintf(stderr, "usage: share_device BDF [auto|type1|iommufd]\n");
		return EXIT_FAILURE;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)) {
		perror("share_device: socketpair");
		return EXIT_FAILURE;
	}
	receiver = fork();
	if (receiver == 0) {
		close(ends[0]); /* or it would wait for itself where nothing is sent */
		be_receiver(ends[1]);
	}
	if (receiver < 0) {
		perror("share_device: fork");
		return EXIT_FAILURE;
	}
	close(ends[1]);
	err = send_device(ends[0], argv[1], example_backend(argv[2]));
	close(ends[0]);
	waitpid(receiver, &status, 0);
	return err || status ? EXIT_FAILURE : EXIT_SUCCESS;
}
