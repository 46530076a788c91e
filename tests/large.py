#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 The libvfa authors

"""large.py [DOMAINS]: print the capture of a machine with 512 PCI functions a domain.

A domain has 64 root ports, and below each a slot with 7 functions. The ports have ACS, the
functions do not: each slot is a group."""

import sys

PORTS = 64
FUNCTIONS = 7


def word(config, offset, value, size=4):
    config[offset : offset + size] = value.to_bytes(size, "little")


def express(config, kind):
    word(config, 0x34, 0x40, 1)
    word(config, 0x06, 0x10, 2)
    word(config, 0x40, 0x10 | 0x70 << 8 | 2 << 16 | kind << 20)
    word(config, 0x70, 0x11 | 0x80 << 8 | 31 << 16)  # MSI-X
    word(config, 0x80, 0x01)  # power management
    word(config, 0x100, 0x0001 | 2 << 16 | 0x140 << 20)  # AER
    word(config, 0x140, 0x0003 | 1 << 16 | 0x160 << 20)  # a serial number, masked


def port_config(bus):
    config = bytearray(4096)
    word(config, 0x00, 0x1234 | 0x0001 << 16)
    word(config, 0x08, 0x060400 << 8)
    word(config, 0x0C, 0x81 << 16 if bus % 8 == 1 else 0x01 << 16)
    word(config, 0x18, bus << 8 | bus << 16)
    express(config, 4)
    word(config, 0x160, 0x000D | 1 << 16)  # ACS: SV, RR, CR and UF, all on
    word(config, 0x164, 0x1D | 0x1D << 16)
    return config


def function_config():
    config = bytearray(4096)
    word(config, 0x00, 0x1234 | 0x0002 << 16)
    word(config, 0x08, 0x020000 << 8)
    word(config, 0x0C, 0x80 << 16)
    express(config, 0)
    word(config, 0x160, 0x000F | 1 << 16)  # ATS
    return config


def print_config(config):
    print("bytes config 4096 of 4096")
    for at in range(0, 4096, 16):
        row = config[at : at + 16]
        if any(row):
            print(f"| {at:03x}: {row.hex(' ')}")


def print_function(path, config, group, class_code, device, driver):
    up = "../" * (path.count("/") - 1)
    print(f"\ndir {path}")
    print(f"text class 0x{class_code:06x}")
    print_config(config)
    print(f"text device 0x{device:04x}")
    print(f"link driver {up}bus/pci/drivers/{driver}")
    print("text driver_override (null)")
    print(f"link iommu_group {up}kernel/iommu_groups/{group}")
    print("text numa_node 0\ntext power_state D0\ntext reset_method flr bus")
    print("text resource")
    for _ in range(13):
        print("| 0x0000000000000000 0x0000000000000000 0x0000000000000000")
    print("text revision 0x00\ntext subsystem_device 0x0000")
    print("text subsystem_vendor 0x0000\ntext vendor 0x1234")


def functions(domains):
    """Address, path below /sys/devices, group and bus; bus 0 has the ports."""
    for domain in range(domains):
        root = f"pci{domain:04x}:00"
        for port in range(PORTS):
            address = f"{domain:04x}:00:{port // 8 + 1:02x}.{port % 8}"
            group = 2 * (domain * PORTS + port)
            yield address, f"{root}/{address}", group, port + 1, True
            for number in range(FUNCTIONS):
                below = f"{domain:04x}:{port + 1:02x}:00.{number}"
                yield below, f"{root}/{address}/{below}", group + 1, port + 1, False


def main():
    machine = list(functions(int(sys.argv[1]) if len(sys.argv) > 1 else 8))
    print("vfa capture 1\n\ndir /sys/bus/pci/devices")
    for address, path, _, _, _ in machine:
        print(f"link {address} ../../../devices/{path}")
    for driver in ("pcieport", "vfio-pci"):
        print(f"\ndir /sys/bus/pci/drivers/{driver}")
    for _, path, group, bus, is_port in machine:
        config = port_config(bus) if is_port else function_config()
        print_function(f"/sys/devices/{path}", config, group,
                       0x060400 if is_port else 0x020000, 1 if is_port else 2,
                       "pcieport" if is_port else "vfio-pci")
    for number in sorted({group for _, _, group, _, _ in machine}):
        print(f"\ndir /sys/kernel/iommu_groups/{number}")
        print("text reserved_regions\n| 0x00000000fee00000 0x00000000feefffff msi\ntext type DMA")
    for address, path, group, _, _ in machine:
        print(f"\ndir /sys/kernel/iommu_groups/{group}/devices")
        print(f"link {address} ../../../../devices/{path}")
    print("\nend")


main()
