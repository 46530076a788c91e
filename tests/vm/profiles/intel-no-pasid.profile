# The machine of the intel-pasid profile with an IOMMU that has no PASIDs
kernel=own
emulator=newest
machine=q35,kernel-irqchip=split
options=(-device intel-iommu,intremap=on,caching-mode=on,snoop-control=off,aw-bits=48)
append=intel_iommu=on
usual=pasid
only=test_pasid
