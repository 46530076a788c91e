/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * As much of NVMe as it takes to identify a controller and read blocks: the
 * registers, commands and queues of the NVM Express Base Specification, by its
 * names. Nothing here knows of VFIO: memory and its addresses come from the caller.
 */

#ifndef HW_NVME_H
#define HW_NVME_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <vfa/mmio.h>

#include "hw/clock.h"

enum nvme_register {
	NVME_CAP = 0x00,    /* capabilities, 64 bits */
	NVME_CC = 0x14,     /* configuration */
	NVME_CSTS = 0x1c,   /* status */
	NVME_AQA = 0x24,    /* sizes of the admin queues */
	NVME_ASQ = 0x28,    /* address of the admin submission queue, 64 bits */
	NVME_ACQ = 0x30,    /* address of the admin completion queue, 64 bits */
	NVME_CMBLOC = 0x38, /* the controller memory buffer: which BAR, where in it */
	NVME_CMBSZ = 0x3c,  /* its size, and what it is for */
	NVME_CMBMSC = 0x50, /* its use by the host, 64 bits */
	NVME_DOORBELLS = 0x1000,
};

#define NVME_CC_EN     (1u << 0)
#define NVME_CC_IOSQES (6u << 16) /* a submission entry has 1 << 6 bytes */
#define NVME_CC_IOCQES (4u << 20) /* a completion entry has 1 << 4 bytes */
#define NVME_CSTS_RDY  (1u << 0)
#define NVME_CSTS_CFS  (1u << 1) /* controller fatal status */

#define NVME_CAP_CMBS   (1ull << 57)
#define NVME_CMBMSC_CRE (1u << 0) /* show CMBLOC and CMBSZ */

enum nvme_opcode {
	NVME_ADMIN_CREATE_SQ = 0x01,
	NVME_ADMIN_CREATE_CQ = 0x05,
	NVME_ADMIN_IDENTIFY = 0x06,
	NVME_ADMIN_SET_FEATURES = 0x09,
	NVME_READ = 0x02,
};

enum nvme_identify_cns {
	NVME_IDENTIFY_NAMESPACE = 0,
	NVME_IDENTIFY_CONTROLLER = 1,
};

#define NVME_FEATURE_QUEUES 0x07

struct nvme_command {
	uint8_t opcode;
	uint8_t flags;
	uint16_t cid;
	uint32_t nsid;
	uint32_t cdw2;
	uint32_t cdw3;
	uint64_t mptr;
	uint64_t prp1; /* the first page of data */
	uint64_t prp2; /* the second */
	uint32_t cdw10;
	uint32_t cdw11;
	uint32_t cdw12;
	uint32_t cdw13;
	uint32_t cdw14;
	uint32_t cdw15;
};

struct nvme_completion {
	uint32_t dw0;
	uint32_t dw1;
	uint16_t sq_head;
	uint16_t sq_id;
	uint16_t cid;
	uint16_t status; /* bit 0 is the phase, which tells a new entry from an old one */
};

/* What Identify Controller returns; the strings are padded with blanks. */
struct nvme_controller_data {
	uint16_t vid;
	uint16_t ssvid;
	char serial[20];
	char model[40];
	char firmware[8];
	uint8_t rest[4024];
};

/* What Identify Namespace returns. */
struct nvme_namespace_data {
	uint64_t nsze; /* in blocks */
	uint64_t ncap;
	uint64_t nuse;
	uint8_t nsfeat;
	uint8_t nlbaf;
	uint8_t flbas; /* bits 0 to 3: the format in use */
	uint8_t rest[101];
	uint32_t lbaf[16]; /* bits 16 to 23: the block's size as a power of two */
	uint8_t vendor[3904];
};

/* A submission queue with its completion queue, both a page at most. */
struct nvme_queue {
	struct nvme_command *sq;
	volatile struct nvme_completion *cq;
	volatile void *bar;
	uint64_t sq_doorbell;
	uint64_t cq_doorbell;
	uint16_t entries;
	uint16_t tail;  /* of the submission queue: where the next command goes */
	uint16_t head;  /* of the completion queue: where the next answer comes */
	uint16_t phase; /* that a new answer will have */
};

/* The length of such a string without its blanks. */
static inline int nvme_string_length(const char *string, int size)
{
	while (size > 0 && string[size - 1] == ' ')
		size--;
	return size;
}

static inline uint32_t nvme_block_size(const struct nvme_namespace_data *data)
{
	return 1u << (le32toh(data->lbaf[data->flbas & 0xf]) >> 16 & 0xff);
}

/* @sq and @cq are zeroed memory of @entries each. */
static inline void nvme_queue_init(struct nvme_queue *queue, volatile void *bar, uint16_t id,
				   void *sq, void *cq, uint16_t entries)
{
	uint64_t stride = 4u << (vfa_mmio_read64(bar, NVME_CAP) >> 32 & 0xf);

	queue->sq = sq;
	queue->cq = cq;
	queue->bar = bar;
	queue->sq_doorbell = NVME_DOORBELLS + 2 * id * stride;
	queue->cq_doorbell = queue->sq_doorbell + stride;
	queue->entries = entries;
	queue->tail = 0;
	queue->head = 0;
	queue->phase = 1;
}

static inline void nvme_submit(struct nvme_queue *queue, const struct nvme_command *command)
{
	struct nvme_command *entry = &queue->sq[queue->tail];

	*entry = *command;
	entry->cid = htole16(queue->tail);
	queue->tail = (uint16_t)((queue->tail + 1) % queue->entries);
	vfa_mmio_wmb();
	vfa_mmio_write32(queue->bar, queue->sq_doorbell, queue->tail);
}

static inline bool nvme_has_answer(const struct nvme_queue *queue)
{
	return (le16toh(queue->cq[queue->head].status) & 1) == queue->phase;
}

/* Take the answer that is there: 0 for success, else NVMe's status code with its type. */
static inline int nvme_take_answer(struct nvme_queue *queue)
{
	int status;

	vfa_mmio_rmb();
	status = le16toh(queue->cq[queue->head].status) >> 1 & 0x7ff;
	queue->head = (uint16_t)((queue->head + 1) % queue->entries);
	if (queue->head == 0)
		queue->phase ^= 1;
	vfa_mmio_write32(queue->bar, queue->cq_doorbell, queue->head);
	return status;
}

/* Poll for the answer: its status, or -1 when none came within @timeout_ms. */
static inline int nvme_poll(struct nvme_queue *queue, unsigned int timeout_ms)
{
	uint64_t deadline = clock_ms() + timeout_ms;

	while (!nvme_has_answer(queue)) {
		if (clock_ms() > deadline)
			return -1;
	}
	return nvme_take_answer(queue);
}

/* Set CC and wait until CSTS.RDY follows; the controller says how long that may take. */
static inline bool nvme_configure(volatile void *bar, uint32_t cc)
{
	uint64_t cap = vfa_mmio_read64(bar, NVME_CAP);
	uint64_t deadline = clock_ms() + ((cap >> 24 & 0xff) + 1) * 500;
	uint32_t ready = cc & NVME_CC_EN ? NVME_CSTS_RDY : 0;
	uint32_t csts;

	vfa_mmio_write32(bar, NVME_CC, cc);
	do {
		csts = vfa_mmio_read32(bar, NVME_CSTS);
		if (csts & NVME_CSTS_CFS || clock_ms() > deadline)
			return false;
	} while ((csts & NVME_CSTS_RDY) != ready);
	return true;
}

/* Start the controller anew with an admin queue whose halves devices see at @sq and @cq. */
static inline bool nvme_start(struct nvme_queue *admin, uint64_t sq, uint64_t cq)
{
	volatile void *bar = admin->bar;
	uint32_t size = admin->entries - 1u;

	if (!nvme_configure(bar, 0))
		return false;
	vfa_mmio_write32(bar, NVME_AQA, size << 16 | size);
	vfa_mmio_write64(bar, NVME_ASQ, sq);
	vfa_mmio_write64(bar, NVME_ACQ, cq);
	return nvme_configure(bar, NVME_CC_EN | NVME_CC_IOSQES | NVME_CC_IOCQES);
}

/* A controller's own memory, which others can write to. */
struct nvme_cmb {
	uint32_t bar;
	uint64_t offset;
	uint64_t size; /* 0 for none */
};

/* Where it is; before 1.4 of the specification it was there without being asked for. */
static inline struct nvme_cmb nvme_enable_cmb(volatile void *bar)
{
	uint32_t location, size;
	uint64_t unit;

	if (vfa_mmio_read64(bar, NVME_CAP) & NVME_CAP_CMBS)
		vfa_mmio_write64(bar, NVME_CMBMSC, NVME_CMBMSC_CRE);
	location = vfa_mmio_read32(bar, NVME_CMBLOC);
	size = vfa_mmio_read32(bar, NVME_CMBSZ);
	unit = 4096ull << 4 * (size >> 8 & 0xf);
	return (struct nvme_cmb){ location & 7, (location >> 12) * unit, (size >> 12) * unit };
}

static inline struct nvme_command nvme_identify(enum nvme_identify_cns cns, uint32_t nsid,
						uint64_t iova)
{
	return (struct nvme_command){
		.opcode = NVME_ADMIN_IDENTIFY,
		.nsid = htole32(nsid),
		.prp1 = htole64(iova),
		.cdw10 = htole32(cns),
	};
}

/* Ask for @pairs of I/O queues. */
static inline struct nvme_command nvme_set_queues(uint16_t pairs)
{
	return (struct nvme_command){
		.opcode = NVME_ADMIN_SET_FEATURES,
		.cdw10 = htole32(NVME_FEATURE_QUEUES),
		.cdw11 = htole32((uint32_t)(pairs - 1) << 16 | (uint32_t)(pairs - 1)),
	};
}

#define NVME_NO_VECTOR UINT16_MAX

/* A completion queue that interrupts by @vector, or is polled with NVME_NO_VECTOR. */
static inline struct nvme_command nvme_create_cq(uint16_t id, uint16_t entries, uint64_t iova,
						 uint16_t vector)
{
	uint32_t interrupt = vector == NVME_NO_VECTOR ? 0 : (uint32_t)vector << 16 | 1 << 1;

	return (struct nvme_command){
		.opcode = NVME_ADMIN_CREATE_CQ,
		.prp1 = htole64(iova),
		.cdw10 = htole32((uint32_t)(entries - 1) << 16 | id),
		.cdw11 = htole32(interrupt | 1), /* in one piece */
	};
}

/* A submission queue that is answered on the completion queue with the same id. */
static inline struct nvme_command nvme_create_sq(uint16_t id, uint16_t entries, uint64_t iova)
{
	return (struct nvme_command){
		.opcode = NVME_ADMIN_CREATE_SQ,
		.prp1 = htole64(iova),
		.cdw10 = htole32((uint32_t)(entries - 1) << 16 | id),
		.cdw11 = htole32((uint32_t)id << 16 | 1),
	};
}

/* Read @blocks from block @lba on: @first and @second are pages, @second 0 for one page. */
static inline struct nvme_command nvme_read(uint32_t nsid, uint64_t lba, uint16_t blocks,
					    uint64_t first, uint64_t second)
{
	return (struct nvme_command){
		.opcode = NVME_READ,
		.nsid = htole32(nsid),
		.prp1 = htole64(first),
		.prp2 = htole64(second),
		.cdw10 = htole32((uint32_t)lba),
		.cdw11 = htole32((uint32_t)(lba >> 32)),
		.cdw12 = htole32(blocks - 1u),
	};
}

#endif
