#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: The libvfa authors
"""random_devices.py SEED: a machine of any shape, in the form of the file devices.

The same seed gives the same machine. Ports with and without ACS, switches in switches,
bridges in bridges, slots of one and of several functions, a second root bus.
"""

import random
import sys

MOST = 22  # devices; QEMU and the firmware find room for so many
DEEPEST = 3

ENDPOINTS = [
    "edu", "pci-testdev", "qemu-xhci", "usb-ehci", "ich9-ahci", "pvpanic-pci", "virtio-rng-pci",
    "megasas", "nvme,serial=n", "e1000e,romfile=", "e1000,romfile=", "rtl8139,romfile=",
    "vmxnet3,romfile=",
]
# Nothing that interrupts as it starts: QEMU 7.2 loses that behind a conventional bridge.
QUIET = ["edu", "pci-testdev", "usb-ehci", "ich9-ahci", "rtl8139,romfile=", "e1000,romfile="]
PORTS = ["pcie-root-port", "pcie-root-port", "pcie-root-port,disable-acs=on", "ioh3420"]


class Machine:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lines = []

    def chance(self, percent):
        return self.random.randrange(100) < percent

    def slots(self, first, last, most):
        count = self.random.randint(1, most)
        return sorted(self.random.sample(range(first, last + 1), count))

    def is_full(self):
        return len(self.lines) >= MOST

    def add(self, device, bus, address, multifunction=False):
        """The name of the bus below it, should it have one."""
        name = f"d{len(self.lines)}"
        more = ",multifunction=on" if multifunction else ""
        self.lines.append(f"-device {device},id={name},bus={bus},addr={address}{more}")
        return name

    def add_port(self, kind, bus, address, multifunction=False):
        number = len(self.lines) + 1  # no two may be of the same chassis and slot
        return self.add(f"{kind},chassis={number},slot={number}", bus, address, multifunction)

    def functions(self):
        return [0] + self.slots(1, 7, 3) if self.chance(35) else [0]

    def endpoint(self, bus, slot, kinds=ENDPOINTS):
        functions = self.functions()
        for function in functions:
            self.add(self.random.choice(kinds), bus, f"{slot:x}.{function}", len(functions) > 1)

    def bridge(self, bus, slot, depth):
        kind = f"pci-bridge,shpc=off,chassis_nr={len(self.lines) + 1}"
        self.conventional_bus(self.add(kind, bus, f"{slot:x}.0"), depth + 1)

    def conventional_bus(self, bus, depth):
        for slot in self.slots(1, 19, 3):
            if self.is_full():
                return
            if depth < DEEPEST and self.chance(30):
                self.bridge(bus, slot, depth)
            else:
                self.endpoint(bus, slot, QUIET)

    def below_port(self, bus, depth):
        if self.is_full() or self.chance(12):
            return
        if depth < DEEPEST and self.chance(30):
            self.switch(bus, depth)
        elif self.chance(17):
            self.conventional_bus(self.add("pcie-pci-bridge", bus, "0.0"), depth)
        else:
            self.endpoint(bus, 0)

    def switch(self, bus, depth):
        upstream = self.add("x3130-upstream", bus, "0.0")
        for slot in self.slots(0, 15, 3):
            functions = [0, 1] if self.chance(25) else [0]
            for function in functions:
                if self.is_full():
                    return
                port = self.add_port("xio3130-downstream", upstream, f"{slot:x}.{function}",
                                     len(functions) > 1)
                self.below_port(port, depth + 1)

    def root_ports(self, bus, slot):
        functions = self.functions()
        for function in functions:
            port = self.add_port(self.random.choice(PORTS), bus, f"{slot:x}.{function}",
                                 len(functions) > 1)
            self.below_port(port, 0)

    def root_slot(self, bus, slot):
        if self.chance(50):
            self.root_ports(bus, slot)
        elif self.chance(20):
            self.bridge(bus, slot, 0)
        elif self.chance(15):
            self.conventional_bus(self.add("i82801b11-bridge", bus, f"{slot:x}.0"), 0)
        else:
            self.endpoint(bus, slot)

    def fill(self):
        slots = self.slots(3, 0x13, 7)
        if self.chance(25):
            number = self.random.choice([64, 96, 128])
            bus = self.add(f"pxb-pcie,bus_nr={number}", "pcie.0", f"{slots.pop():x}.0")
            self.root_ports(bus, self.random.randrange(16))
        for slot in slots:
            if not self.is_full():
                self.root_slot("pcie.0", slot)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: random_devices.py SEED")
    machine = Machine(sys.argv[1])
    machine.fill()
    print(f"# A machine of any shape: {sys.argv[1]}.")
    print("\n".join(machine.lines))


if __name__ == "__main__":
    main()
