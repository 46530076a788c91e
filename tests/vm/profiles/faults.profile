# The machine of the intel profile, but ACPI has no say in interrupts: its code does
# not survive faults while a device is enabled
kernel=own
machine=q35,kernel-irqchip=split
options=(-device intel-iommu,intremap=on,caching-mode=on,snoop-control=on,aw-bits=39)
append='intel_iommu=on acpi=noirq'
only=test_faults
