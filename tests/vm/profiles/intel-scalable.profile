# The machine of the intel profile with an IOMMU that has PASIDs; no device has
kernel=own
machine=q35,kernel-irqchip=split
options=(
    -device intel-iommu,intremap=on,caching-mode=on,snoop-control=on,aw-bits=48,x-scalable-mode=on,x-pasid-mode=on
)
append=intel_iommu=on
only='test_edu test_pasid'
