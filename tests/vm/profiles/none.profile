# No IOMMU at all: no groups, and vfio-pci takes no device
kernel=own
machine=q35
only='test_doctor test_driver test_group test_isolation test_refusals'
