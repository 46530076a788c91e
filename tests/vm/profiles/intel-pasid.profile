# Intel VT-d with PASIDs of 20 bits, and devices with PASIDs of 16. They are processes of
# the host, for which it may not enforce snooping.
kernel=own
emulator=newest
machine=q35,kernel-irqchip=split
options=(
    -device intel-iommu,intremap=on,caching-mode=on,snoop-control=off,aw-bits=48,scalable-mode=on,pasid-bits=20
)
append=intel_iommu=on
usual=pasid
only=test_pasid
