# This Debian release's kernel on the machine of the intel profile: type1 only
kernel=stock
machine=q35,kernel-irqchip=split
options=(-device intel-iommu,intremap=on,caching-mode=on,snoop-control=on,aw-bits=39)
append=intel_iommu=on
