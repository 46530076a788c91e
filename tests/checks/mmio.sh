#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 The libvfa authors

# Each function of vfa/mmio.h is one load or one store of its width in the machine's code, and
# neither merged with others nor left out: so say the instructions that compilers make of it.
# usage: mmio.sh SOURCE_DIR

set -euo pipefail

source_dir=${1:?usage: mmio.sh SOURCE_DIR}

skip()
{
	echo "skipped: $1"
	exit 77
}

[ "$(uname -m)" = x86_64 ] || skip "knows the instructions of x86-64 only"
command -v objdump > /dev/null || skip "needs objdump: install binutils"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A function for each, by itself, and then what a compiler must leave alone.
{
	echo '#include <vfa/mmio.h>'
	for bits in 8 16 32 64; do
		echo "uint${bits}_t read$bits(const volatile void *base, uint64_t offset)"
		echo "{ return vfa_mmio_read$bits(base, offset); }"
		echo "void write$bits(volatile void *base, uint64_t offset, uint${bits}_t value)"
		echo "{ vfa_mmio_write$bits(base, offset, value); }"
	done
	cat << 'END'
void unused_read(const volatile void *base) { (void)vfa_mmio_read32(base, 8); }
uint32_t same_reads(const volatile void *base)
{
	return vfa_mmio_read32(base, 8) + vfa_mmio_read32(base, 8);
}
uint64_t neighbouring_reads(const volatile void *base)
{
	return vfa_mmio_read32(base, 0) | (uint64_t)vfa_mmio_read32(base, 4) << 32;
}
void same_writes(volatile void *base)
{
	vfa_mmio_write32(base, 8, 1);
	vfa_mmio_write32(base, 8, 1);
}
void neighbouring_writes(volatile void *base)
{
	vfa_mmio_write32(base, 0, 1);
	vfa_mmio_write32(base, 4, 2);
}
void wmb(void) { vfa_mmio_wmb(); }
void rmb(void) { vfa_mmio_rmb(); }
void mb(void) { vfa_mmio_mb(); }
/* The store to memory has to stay in front of the barrier, and once. */
void doorbell(uint32_t *memory, volatile void *base)
{
	memory[0] = 1;
	vfa_mmio_wmb();
	vfa_mmio_write32(base, 0, 1);
	memory[0] = 2;
}
END
} > "$work/mmio.c"

# Instructions that touch memory: their function, name, and operands.
accesses()
{
	objdump -d --no-show-raw-insn "$1" | awk '
		/^[0-9a-f]+ <.*>:$/ { name = $2; gsub(/[<>:]/, "", name); next }
		$1 ~ /:$/ && /\(%/ && $2 !~ /^(lea|nop|cs|data16)/ {
			line = $2
			for (i = 3; i <= NF; i++)
				line = line " " $i
			print name, line
		}'
}

failed=0

# By what an instruction is called, or by the register it moves.
expect()
{
	local name=$1 count=$2 pattern=$3 found
	found=$(grep "^$name " "$work/accesses" || true)
	if [ "$(grep -c . <<< "$found")" != "$count" ] || [ "$(grep -cE "$pattern" <<< "$found")" != "$count" ]; then
		printf '%s: %s: not %s of %s:\n%s\n' "$compiler $level" "$name" "$count" "$pattern" "$found"
		failed=1
	fi
}

check_object()
{
	accesses "$work/mmio.o" > "$work/accesses"
	expect read8 1 ' (movzbl \(|movzx|mov \(.*,%al)'
	expect read16 1 ' (movzwl \(|mov \(.*,%ax)'
	expect read32 1 ' mov \(.*,%e[a-d]x'
	expect read64 1 ' mov \(.*,%r[a-d]x'
	expect write8 1 ' mov %[a-d]l,'
	expect write16 1 ' mov %[a-d]x,'
	expect write32 1 ' mov %e[a-d]x,'
	expect write64 1 ' mov %r[a-d]x,'
	expect unused_read 1 '0x8\(%rdi\)'
	expect same_reads 2 '(mov|add) +0x8\(%rdi\)'
	expect neighbouring_reads 2 '(mov|or) +(0x4)?\(%rdi\),%e'
	expect same_writes 2 ' movl? .*,0x8\(%rdi\)'
	expect neighbouring_writes 2 ' movl? (%e|\$).*,(0x4)?\(%rdi\)'
	expect wmb 0 .
	expect rmb 0 .
	expect doorbell 3 ' movl? .*,\(%r[sd]i\)'
	[ "$(sed -n 's/^doorbell .*(\(.*\))/\1/p' "$work/accesses" | tr '\n' ' ')" = '%rdi %rsi %rdi ' ] || {
		echo "$compiler $level: wmb lets a store to memory pass"
		failed=1
	}
	objdump -d "$work/mmio.o" | sed -n '/<mb>:/,/ret/p' | grep -qE 'mfence|lock' || {
		echo "$compiler $level: mb is no barrier of the processor"
		failed=1
	}
}

count=0
for compiler in gcc clang; do
	command -v "$compiler" > /dev/null || continue
	for level in -O1 -O2 -O3 -Os; do
		"$compiler" "$level" -std=c11 -fcf-protection=none -I "$source_dir/include" -c "$work/mmio.c" \
			-o "$work/mmio.o"
		check_object
		count=$((count + 1))
	done
done
((count > 0)) || skip "needs gcc or clang"
((failed == 0)) && echo "$count objects: one access for each function"
exit $failed
