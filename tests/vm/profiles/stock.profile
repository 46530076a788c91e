# This Debian release's kernel on the machine of the intel profile, but with two NUMA nodes: type1 only
kernel=stock
machine=q35,kernel-irqchip=split
options=(
    -device intel-iommu,intremap=on,caching-mode=on,snoop-control=on,aw-bits=39
    -object memory-backend-ram,id=node0,size=512M -numa node,memdev=node0,cpus=0
    -object memory-backend-ram,id=node1,size=512M -numa node,memdev=node1,cpus=1
)
append=intel_iommu=on
