/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What a function of pasid_device has in BAR 0: registers of 8 bytes. */

#ifndef PASID_REGISTERS_H
#define PASID_REGISTERS_H

#define PASID_DMA_ADDRESS 0x00 /* written last: the value goes there, without a PASID */
#define PASID_DMA_VALUE   0x08
#define PASID_DMA_STATUS  0x10 /* 0 when it has got there; PASID_DMA_RUNNING; or an errno */

#define PASID_DMA_RUNNING 115 /* EINPROGRESS */

#define PASID_BITS 16 /* of its PASIDs */

#endif
