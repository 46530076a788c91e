# virtio-iommu: no interrupt remapping, so VFIO refuses to attach devices
kernel=own
machine=q35
options=(-device virtio-iommu-pci,addr=02.0)
only='test_doctor test_driver test_group test_isolation test_refusals'
