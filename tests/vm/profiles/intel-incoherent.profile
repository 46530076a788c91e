# Intel VT-d with 48-bit I/O addresses that lets no-snoop transactions through
kernel=own
machine=q35,kernel-irqchip=split
options=(-device intel-iommu,intremap=on,caching-mode=on,snoop-control=off,aw-bits=48)
append=intel_iommu=on
