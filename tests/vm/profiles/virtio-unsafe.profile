# virtio-iommu, with both back ends told to go without interrupt remapping
kernel=own
machine=q35
options=(-device virtio-iommu-pci,addr=02.0)
append='vfio_iommu_type1.allow_unsafe_interrupts=1 iommufd.allow_unsafe_interrupts=1'
