# Intel VT-d with 39-bit I/O addresses that enforces snooping
kernel=own
machine=q35,kernel-irqchip=split
options=(-device intel-iommu,intremap=on,caching-mode=on,snoop-control=on,aw-bits=39)
append=intel_iommu=on
