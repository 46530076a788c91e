# AMD-Vi. Linux 7.3 remaps interrupts only if there is an ISA bridge where the
# firmware's tables place the I/O APIC, 00:14.0, and QEMU has nothing there: so
# a disk says that it is one.
kernel=own
machine=q35
options=(
    -device amd-iommu,intremap=on
    -blockdev null-co,node-name=no-disk
    -device virtio-blk-pci,addr=14.0,class=0x0601,drive=no-disk
)
