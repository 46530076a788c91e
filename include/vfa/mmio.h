/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Device registers: one load or one store each, little-endian as PCI has it (on
 * 32-bit machines, two for the 64-bit ones).
 *
 * @base comes from vfa_region_map(), @offset is in bytes and a multiple of the
 * width. The compiler neither merges, splits nor drops these accesses, and keeps
 * them in order among themselves. To order them against memory that the device
 * reads or writes by DMA, use the barriers below.
 *
 * A read of all ones may mean that the device is gone: vfa_device_check() tells. Where
 * memory decoding is off (in D3hot, or by the command register), an access raises
 * SIGBUS: see vfa_region_catch_fault().
 *
 * I/O ports are out of reach of loads and stores: vfa_region_read() and
 * vfa_region_write() use them.
 */

#ifndef VFA_MMIO_H
#define VFA_MMIO_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The strict standards hide what endian.h has for this. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define VFA_MMIO_LE16(value) (value)
#define VFA_MMIO_LE32(value) (value)
#define VFA_MMIO_LE64(value) (value)
#else
#define VFA_MMIO_LE16(value) __builtin_bswap16(value)
#define VFA_MMIO_LE32(value) __builtin_bswap32(value)
#define VFA_MMIO_LE64(value) __builtin_bswap64(value)
#endif

/** vfa_mmio_read8() - load a byte register */
static inline uint8_t vfa_mmio_read8(const volatile void *base, uint64_t offset)
{
	return *(const volatile uint8_t *)((uintptr_t)base + (uintptr_t)offset);
}

/** vfa_mmio_read16() - load a 16-bit register */
static inline uint16_t vfa_mmio_read16(const volatile void *base, uint64_t offset)
{
	return VFA_MMIO_LE16(*(const volatile uint16_t *)((uintptr_t)base + (uintptr_t)offset));
}

/** vfa_mmio_read32() - load a 32-bit register */
static inline uint32_t vfa_mmio_read32(const volatile void *base, uint64_t offset)
{
	return VFA_MMIO_LE32(*(const volatile uint32_t *)((uintptr_t)base + (uintptr_t)offset));
}

/** vfa_mmio_read64() - load a 64-bit register */
static inline uint64_t vfa_mmio_read64(const volatile void *base, uint64_t offset)
{
	return VFA_MMIO_LE64(*(const volatile uint64_t *)((uintptr_t)base + (uintptr_t)offset));
}

/** vfa_mmio_write8() - store a byte register */
static inline void vfa_mmio_write8(volatile void *base, uint64_t offset, uint8_t value)
{
	*(volatile uint8_t *)((uintptr_t)base + (uintptr_t)offset) = value;
}

/** vfa_mmio_write16() - store a 16-bit register */
static inline void vfa_mmio_write16(volatile void *base, uint64_t offset, uint16_t value)
{
	*(volatile uint16_t *)((uintptr_t)base + (uintptr_t)offset) = VFA_MMIO_LE16(value);
}

/** vfa_mmio_write32() - store a 32-bit register */
static inline void vfa_mmio_write32(volatile void *base, uint64_t offset, uint32_t value)
{
	*(volatile uint32_t *)((uintptr_t)base + (uintptr_t)offset) = VFA_MMIO_LE32(value);
}

/** vfa_mmio_write64() - store a 64-bit register */
static inline void vfa_mmio_write64(volatile void *base, uint64_t offset, uint64_t value)
{
	*(volatile uint64_t *)((uintptr_t)base + (uintptr_t)offset) = VFA_MMIO_LE64(value);
}

/**
 * vfa_mmio_wmb() - make earlier stores to memory visible to the device first
 *
 * Between filling a descriptor and ringing its doorbell.
 */
static inline void vfa_mmio_wmb(void)
{
#if defined(__aarch64__)
	__asm__ __volatile__("dmb oshst" ::: "memory");
#elif defined(__x86_64__) || defined(__i386__)
	__asm__ __volatile__("" ::: "memory"); /* stores are not reordered */
#else
	__sync_synchronize();
#endif
}

/**
 * vfa_mmio_rmb() - make later loads from memory see what the device wrote first
 *
 * Between seeing a completion's valid bit, or a status register, and reading
 * what came with it.
 */
static inline void vfa_mmio_rmb(void)
{
#if defined(__aarch64__)
	__asm__ __volatile__("dmb oshld" ::: "memory");
#elif defined(__x86_64__) || defined(__i386__)
	__asm__ __volatile__("" ::: "memory"); /* loads are not reordered */
#else
	__sync_synchronize();
#endif
}

/**
 * vfa_mmio_mb() - order everything before against everything behind
 *
 * Between a store to memory and a load of what the device may have written in
 * answer, as with event indexes and shadow doorbells.
 */
static inline void vfa_mmio_mb(void)
{
#if defined(__aarch64__)
	__asm__ __volatile__("dmb osh" ::: "memory");
#else
	__sync_synchronize();
#endif
}

#undef VFA_MMIO_LE16
#undef VFA_MMIO_LE32
#undef VFA_MMIO_LE64

#ifdef __cplusplus
}
#endif

#endif
