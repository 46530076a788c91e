/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Why memory is not mapped or unmapped. */

#include <inttypes.h>
#include <linux/capability.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <sys/mman.h>

#include "messages/messages.h"
#include "uapi/iommufd.h"

#define ADDRESS_MESSAGE                                                                            \
	"map: this process has no memory at 0x%" PRIx64 ", inside 0x%" PRIx64 "-0x%" PRIx64
#define ADDRESS_HINT "map memory there first, and keep it until it is unmapped for DMA"
#define RIGHTS_MESSAGE                                                                             \
	"map: the memory at 0x%" PRIx64 ", inside 0x%" PRIx64 "-0x%" PRIx64 ", is not writable"
#define RIGHTS_HINT "map it with VFA_ACCESS_READ, or make it writable: mprotect"
#define MMIO_MESSAGE                                                                               \
	"map: 0x%" PRIx64 " is device memory (/memfd:[vfio-device] (deleted)), "                   \
	"which iommufd does not pin"
#define MMIO_HINT                                                                                  \
	"map it by vfa_peer_map, which makes a dma-buf of it where that is needed (Linux 6.19)"

#define TAKEN_MESSAGE                                                                              \
	"buffer at 0x%" PRIx64 ": this process has something at 0x%" PRIx64 "-0x%" PRIx64          \
	" (/dev/zero (deleted))"

static void empty_is_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_irq *irq = NULL;
	uint8_t byte;

	SAYS(try_map_at(space, 0x10000, 0), EMPTY, "map: a size of 0", "give the size in bytes");
	SAYS(vfa_region_read(space.device, VFA_BAR(0), 0, &byte, 0), EMPTY,
	     "0000:00:04.0: 0 bytes of region 0", "give the size in bytes");
	SAYS(vfa_irq_enable(space.device, VFA_IRQ_MSI, 0, 0, NULL, &irq), EMPTY,
	     "0000:00:04.0: enable 0 vectors of MSI", "give at least 1; vfa_irq_disable disables");
	close_space(space);
}

static void wrapped_is_told(void **state)
{
	struct space space = open_space(state);

	SAYS(try_map_at(space, -PAGE, 2 * PAGE), WRAPPED,
	     "map: IOVA 0xfffffffffffff000 plus size 0x2000 exceeds 64 bits",
	     "the last byte has to be 0xffffffffffffffff or below");
	SAYS(vfa_container_unmap(space.container, -PAGE, 2 * PAGE), WRAPPED,
	     "unmap: IOVA 0xfffffffffffff000 plus size 0x2000 exceeds 64 bits",
	     "the last byte has to be 0xffffffffffffffff or below");
	close_space(space);
}

static void misaligned_is_told(void **state)
{
	struct space space = open_space(state);
	uint32_t value;

	SAYS(try_map_at(space, 0x10010, PAGE), MISALIGNED,
	     "map: IOVA 0x10010 is not a multiple of 0x1000, the IOMMU's page size",
	     "align IOVA, address and size to vfa_container_alignment");
	SAYS(try_map_at(space, 0x10000, 100), MISALIGNED,
	     "map: size 0x64 is not a multiple of 0x1000, the IOMMU's page size",
	     "align IOVA, address and size to vfa_container_alignment");
	SAYS(vfa_config_read32(space.device, 2, &value), MISALIGNED,
	     "0000:00:04.0: config offset 0x2 is not a multiple of 4", "use a narrower access");
	close_space(space);
}

static void outside_aperture_is_told(void **state)
{
	struct space space = open_space(state);

	SAYS(try_map_at(space, 0x8000000000, PAGE), OUTSIDE_APERTURE,
	     "map 0x8000000000-0x8000000fff: outside the IOMMU's aperture, which is "
	     "0x0-0xfedfffff, 0xfef00000-0x7fffffffff",
	     "the nearest usable IOVA is 0x7ffffff000");
	close_space(space);
}

static void reserved_is_told(void **state)
{
	struct space space = open_space(state);

	SAYS(try_map_at(space, 0xfee00000, PAGE), RESERVED,
	     "map 0xfee00000-0xfee00fff: overlaps reserved region "
	     "0xfee00000-0xfeefffff (msi) of group 4",
	     "the nearest usable IOVA is 0xfedff000");
	close_space(space);
}

static void overlap_is_told(void **state)
{
	struct space space = open_space(state);

	map_at(space.container, space.memory, 2 * PAGE, 0x10000);
	SAYS(try_map_at(space, 0x11000, PAGE), OVERLAP,
	     "map 0x11000-0x11fff: overlaps mapping 0x10000-0x11fff",
	     "the nearest usable IOVA is 0x12000");
	close_space(space);
}

static void no_space_is_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;

	options.iova_max = 0x1fff;
	SAYS(vfa_container_map(space.container, space.memory, 2 * PAGE, &options, NULL), NO_SPACE,
	     "map: no free IOVA range of 0x2000 bytes aligned to 0x1000 from 0x1000 "
	     "to 0x1fff",
	     "the IOMMU's aperture is 0x0-0xfedfffff, 0xfef00000-0x7fffffffff, with 0 "
	     "mappings of 0 bytes in it; widen iova_min and iova_max, or unmap");
	close_space(space);
}

/* What the caller gave with the IOVA holds for what is offered in its place. */
static void wishes_are_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_map_options options = at(0x10000);

	options.iova_max = 0xffff;
	SAYS(vfa_container_map(space.container, space.memory, PAGE, &options, NULL), BAD_ARGUMENT,
	     "map 0x10000-0x10fff: beyond the limits given with it, 0x0-0xffff",
	     "the device may not reach what is beyond iova_min and iova_max; the nearest "
	     "usable IOVA is 0xf000");
	options.iova_max = 0;
	options.alignment = 0x20000;
	SAYS(vfa_container_map(space.container, space.memory, PAGE, &options, NULL), BAD_ARGUMENT,
	     "map 0x10000-0x10fff: not aligned to 0x20000, as given with it",
	     "the nearest usable IOVA is 0x20000");
	options.iova_max = 0x1ffff;
	SAYS(vfa_container_map(space.container, space.memory, PAGE, &options, NULL), BAD_ARGUMENT,
	     "map 0x10000-0x10fff: not aligned to 0x20000, as given with it",
	     "nothing that would do is free");
	close_space(space);
}

static void identity_is_told(void **state)
{
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;
	struct space space;
	char message[256];
	uint64_t start;

	fake_set_aperture(4, 0, 0xffff); /* below where any process may have memory */
	space = open_space(state);
	start = (uintptr_t)space.memory;
	options.flags = VFA_MAP_IDENTITY;
	snprintf(message, sizeof(message),
		 "map 0x%" PRIx64 "-0x%" PRIx64
		 ": outside the IOMMU's aperture, which is 0x0-0xffff",
		 start, (uint64_t)(start + PAGE - 1));
	SAYS(vfa_container_map(space.container, space.memory, PAGE, &options, NULL),
	     OUTSIDE_APERTURE, message,
	     "the nearest address for an identity mapping is 0xf000: allocate the memory "
	     "there, or map it without VFA_MAP_IDENTITY");
	options.flags |= VFA_MAP_FIXED;
	SAYS(vfa_container_map(space.container, space.memory, PAGE, &options, NULL), BAD_ARGUMENT,
	     "vfa_map_options: flags 0x3 has two ways to say where",
	     "use VFA_MAP_FIXED or VFA_MAP_IDENTITY, not both");
	close_space(space);
}

static void dangerous_space_is_told(void **state)
{
	struct vfa_window window = { { 0x1000, 0x1fff }, VFA_WINDOW_BAR, NVME };
	struct space space = open_space(state);
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;

	assert_ok(vfa_container_add_window(space.container, &window));
	options.iova_max = 0x1fff;
	SAYS(vfa_container_map(space.container, space.memory, PAGE, &options, NULL), NO_SPACE,
	     "map: the only IOVAs free for 0x1000 bytes aligned to 0x1000 from 0x1000 to 0x1fff "
	     "are dangerous: in the BAR 0x1000-0x1fff of 0000:00:05.0",
	     "devices may reach that in place of the memory; to insist, give 0x1000 with "
	     "VFA_MAP_FIXED; else widen iova_min and iova_max, or unmap");
	close_space(space);
}

static void not_mapped_is_told(void **state)
{
	struct space space = open_space(state);

	SAYS(vfa_container_unmap(space.container, 0x10000, PAGE), NOT_MAPPED,
	     "unmap 0x10000-0x10fff: nothing is mapped there",
	     "give the range of one or more mappings");
	close_space(space);
}

static void partial_unmap_is_told(void **state)
{
	struct space space = open_space(state);

	map_at(space.container, space.memory, 2 * PAGE, 0x10000);
	SAYS(vfa_container_unmap(space.container, 0x11000, PAGE), PARTIAL_UNMAP,
	     "unmap 0x11000-0x11fff: cuts mapping 0x10000-0x11fff",
	     "unmap it whole: a mapping cannot be split");
	close_space(space);
}

static void short_unmap_is_told(void **state)
{
	struct space space = open_space(state);

	map_at(space.container, space.memory, 2 * PAGE, 0x10000);
	fake_forget(0x11000, PAGE);
	SAYS(vfa_container_unmap(space.container, 0x10000, 2 * PAGE), SHORT_UNMAP,
	     "unmap 0x10000-0x11fff: the kernel unmapped 4096 of 8192 bytes",
	     "nothing is mapped there any more; somebody may have unmapped the rest "
	     "through the container's fd");
	close_space(space);
}

static void buffer_unmapped_by_range_is_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_buffer *buffer = NULL;

	assert_ok(vfa_buffer_alloc(space.container, PAGE, NULL, &buffer));
	SAYS(vfa_container_unmap_all(space.container), WRONG_ORDER,
	     "unmap: 0x1000-0x1fff belongs to a buffer", "free the buffer first: vfa_buffer_free");
	vfa_buffer_free(buffer);
	close_space(space);
}

#define RAISE_HINT                                                                                 \
	"raise the limit: ulimit -l, LimitMEMLOCK= of a systemd service, or memlock in "           \
	"limits.conf; or give CAP_IPC_LOCK"

static void memlock_on_type1_is_told(void **state)
{
	struct space space = open_space(state);

	fake_set_memlock(3 * PAGE);
	fake_set_locked_by_process(PAGE);
	map_at(space.container, space.memory, PAGE, 0x20000);
	SAYS(try_map_at(space, 0x10000, 2 * PAGE), MEMLOCK,
	     "map: the limit on locked memory: 12288 bytes allowed (hard limit 12288 bytes), "
	     "8192 bytes in use, 8192 asked for; type1 counts by process, all its containers "
	     "and mlock together",
	     RAISE_HINT);
	close_space(space);
}

static void memlock_on_iommufd_is_told(void **state)
{
	struct space space = open_space(state);

	fake_set_memlock(PAGE);
	map_at(space.container, space.memory, PAGE, 0x20000);
	SAYS(try_map_at(space, 0x10000, 2 * PAGE), MEMLOCK,
	     "map: the limit on locked memory: 4096 bytes allowed (hard limit 4096 bytes), "
	     "4096 bytes pinned by this process, 8192 asked for; iommufd counts by user, all "
	     "processes together",
	     RAISE_HINT);
	close_space(space);
}

static void a_soft_memlock_that_may_be_raised_is_told(void **state)
{
	struct space space = open_space(state);
	bool type1 = space.machine->backend == VFA_BACKEND_TYPE1;

	fake_set_memlock(PAGE);
	fake_set_memlock_hard(UINT64_MAX);
	SAYS(try_map_at(space, 0x10000, 2 * PAGE), MEMLOCK,
	     type1 ? "map: the limit on locked memory: 4096 bytes allowed (hard limit unlimited), "
		     "0 bytes in use, 8192 asked for; type1 counts by process, all its "
		     "containers and mlock together"
		   : "map: the limit on locked memory: 4096 bytes allowed (hard limit unlimited), "
		     "0 bytes pinned by this process, 8192 asked for; iommufd counts by user, "
		     "all processes together",
	     type1 ? "raise the soft limit to 8192 bytes, which needs no privilege: setrlimit, "
		     "or ulimit -S -l 8"
		   : "raise the soft limit to 8192 bytes or more, which needs no privilege: "
		     "setrlimit, or ulimit -S -l 8");
	fake_set_memlock_hard(PAGE + 1);
	assert_fails(try_map_at(space, 0x10000, 2 * PAGE), ENOMEM, MEMLOCK);
	assert_string_equal(vfa_error_last()->hint, RAISE_HINT);
	close_space(space);
}

static void memlock_that_others_have_is_told(void **state)
{
	struct space space = open_space(state);

	fake_set_memlock(4 * PAGE);
	fake_set_locked_by_user(3 * PAGE);
	SAYS(try_map_at(space, 0x10000, 2 * PAGE), MEMLOCK,
	     "map: the limit on locked memory: 16384 bytes allowed (hard limit 16384 bytes), "
	     "0 bytes pinned by this process, 8192 asked for; iommufd counts by user, all "
	     "processes together",
	     "other programs of the user have the rest: have it counted by process, with "
	     "vfa_container_set_accounting; or " RAISE_HINT);
	close_space(space);
}

static void memlock_by_process_on_iommufd_is_told(void **state)
{
	struct space space = { .container = open_container(*state) };

	fake_set_capabilities(1ull << CAP_SYS_RESOURCE);
	assert_ok(vfa_container_set_accounting(space.container, VFA_ACCOUNTING_PROCESS));
	space.device = open_device(space.container, EDU);
	space.memory = memory_new(MEMORY);
	fake_set_memlock(PAGE);
	SAYS(try_map_at(space, 0x10000, 2 * PAGE), MEMLOCK,
	     "map: the limit on locked memory: 4096 bytes allowed (hard limit 4096 bytes), "
	     "0 bytes in use, 8192 asked for; iommufd counts by process, all its containers "
	     "and mlock together",
	     RAISE_HINT);
	close_space(space);
}

static void memlock_without_proc_is_told(void **state)
{
	struct space space = open_space(state);

	fake_set_memlock(PAGE);
	fake_set_memlock_hard(UINT64_MAX);
	tree_remove(&space.machine->tree, "proc/self/status");
	SAYS(try_map_at(space, 0x10000, 2 * PAGE), MEMLOCK,
	     "map: the limit on locked memory: 4096 bytes allowed (hard limit unlimited), an "
	     "unknown number of bytes in use, 8192 asked for; type1 counts by process, all its "
	     "containers and mlock together",
	     RAISE_HINT);
	close_space(space);
}

/* A mapping without a device is pinned by the next one. */
static void memlock_at_a_join_is_told(void **state)
{
	struct space space = open_space(state);
	bool type1 = space.machine->backend == VFA_BACKEND_TYPE1;

	map_at(space.container, space.memory, 2 * PAGE, 0x20000);
	vfa_device_close(space.device);
	space.device = NULL;
	fake_set_memlock(PAGE);
	SAYS(vfa_device_open(space.container, EDU, NULL, &space.device), MEMLOCK,
	     type1 ? "map: the limit on locked memory: 4096 bytes allowed (hard limit 4096 bytes), "
		     "0 bytes in use, 8192 asked for; type1 counts by process, all its "
		     "containers and mlock together"
		   : "0000:00:04.0: the limit on locked memory: 4096 bytes allowed (hard limit "
		     "4096 bytes), 0 bytes pinned by this process, 8192 asked for; iommufd "
		     "counts by user, all processes together",
	     RAISE_HINT);
	close_space(space);
}

static int try_map_without_memory(struct space space)
{
	bool type1 = space.machine->backend == VFA_BACKEND_TYPE1;
	int err;

	fake_fail_ioctl(type1 ? VFIO_IOMMU_MAP_DMA : UAPI_IOMMU_IOAS_MAP, ENOMEM);
	err = try_map_at(space, 0x10000, PAGE);
	fake_fail_ioctl(0, 0);
	return err;
}

#define NO_MEMORY_MESSAGE "map: the kernel has no memory to pin or map 0x1000 bytes"
#define NO_MEMORY_HINT(why)                                                                        \
	"the limit on locked memory is not the reason: " why                                       \
	"; free memory, or give the memory cgroup more"

static void no_memory_of_the_kernel_is_told(void **state)
{
	struct space space = open_space(state);

	SAYS(try_map_without_memory(space), NO_MEMORY, NO_MEMORY_MESSAGE,
	     NO_MEMORY_HINT("it is unlimited"));
	fake_set_memlock(PAGE);
	fake_set_capabilities(1ull << CAP_IPC_LOCK);
	SAYS(try_map_without_memory(space), NO_MEMORY, NO_MEMORY_MESSAGE,
	     NO_MEMORY_HINT("this process has CAP_IPC_LOCK"));
	close_space(space);
}

static void a_limit_that_is_not_reached_is_not_blamed(void **state)
{
	struct space space = open_space(state);

	fake_set_memlock(3 * PAGE);
	map_at(space.container, space.memory, 2 * PAGE, 0x20000);
	SAYS(try_map_without_memory(space), NO_MEMORY, NO_MEMORY_MESSAGE,
	     NO_MEMORY_HINT("it is 12288 bytes, of which 8192 bytes are in use"));
	close_space(space);
}

static void no_limit_to_be_read_is_told(void **state)
{
	struct space space = open_space(state);

	fake_fail_ioctl(UAPI_IOMMU_OPTION, EIO);
	fake_set_memlock(PAGE);
	SAYS(try_map_at(space, 0x10000, 2 * PAGE), NO_MEMORY,
	     "map: the kernel has no memory to pin or map 0x2000 bytes",
	     "free memory, or raise the limit on locked memory: ulimit -l");
	close_space(space);
}

static void entry_limit_is_told(void **state)
{
	struct space space;

	fake_set_entry_limit(1);
	space = open_space(state);
	map_at(space.container, space.memory, PAGE, 0x20000);
	SAYS(try_map_at(space, 0x10000, PAGE), ENTRY_LIMIT, "map: 1 of 1 type1 mappings are in use",
	     "map larger pieces, or raise the parameter dma_entry_limit of "
	     "vfio_iommu_type1 before the container is opened");
	close_space(space);
}

static void accounting_is_told(void **state)
{
	struct machine *machine = *state;
	int fd = open_node(machine, "iommu");
	struct vfa_container *container = NULL, *other = NULL;

	assert_ok(vfa_container_open_fd(machine->host, VFA_BACKEND_IOMMUFD, fd, &container));
	SAYS(vfa_container_set_accounting(container, VFA_ACCOUNTING_PROCESS), DENIED,
	     "this process may not have locked memory counted by process",
	     "it takes CAP_SYS_RESOURCE in the first user namespace; drop it afterwards");
	fake_set_capabilities(UINT64_MAX);
	assert_ok(vfa_container_open_fd(machine->host, VFA_BACKEND_IOMMUFD, fd, &other));
	SAYS(vfa_container_set_accounting(container, VFA_ACCOUNTING_PROCESS), BAD_FD,
	     "the container's iommufd has more in it than this container, so that its "
	     "accounting cannot be changed",
	     "do it before the fd is used for anything else, or give the container an fd of "
	     "its own");
	vfa_container_close(other);
	vfa_container_close(container);
	close_node(fd);
}

static void accounting_of_type1_is_told(void **state)
{
	struct vfa_container *container = open_container(*state);

	SAYS(vfa_container_set_accounting(container, VFA_ACCOUNTING_USER), BAD_ARGUMENT,
	     "type1 cannot count locked memory by user",
	     "open the container as iommufd, which can");
	vfa_container_close(container);
}

static void accounting_of_a_used_container_is_told(void **state)
{
	struct space space = open_space(state);

	SAYS(vfa_container_set_accounting(space.container, VFA_ACCOUNTING_PROCESS), WRONG_ORDER,
	     "accounting: the container has a device or mappings in it, which are counted already",
	     "change it right after vfa_container_open, which names the backend");
	close_space(space);
}

static void bad_address_is_told(void **state)
{
	struct space space = open_space(state);
	uint64_t start = (uintptr_t)space.memory, middle = start + PAGE;
	char message[256];

	memory_free(space.memory + PAGE, PAGE);
	snprintf(message, sizeof(message), ADDRESS_MESSAGE, middle, start,
		 (uint64_t)(middle + PAGE - 1));
	SAYS(try_map_at(space, 0x10000, 2 * PAGE), BAD_ADDRESS, message, ADDRESS_HINT);
	close_space(space);
}

static void read_only_memory_is_told(void **state)
{
	struct space space = open_space(state);
	char message[256];

	mprotect(space.memory, PAGE, PROT_READ);
	snprintf(message, sizeof(message), RIGHTS_MESSAGE, (uint64_t)(uintptr_t)space.memory,
		 (uint64_t)(uintptr_t)space.memory, (uint64_t)((uintptr_t)space.memory + PAGE - 1));
	SAYS(try_map_at(space, 0x10000, PAGE), BAD_ADDRESS, message, RIGHTS_HINT);
	close_space(space);
}

static void mmio_address_is_told(void **state)
{
	struct space space = open_space(state);
	volatile void *base;
	char message[256];

	assert_ok(vfa_region_map(space.device, VFA_BAR(0), &base));
	snprintf(message, sizeof(message), MMIO_MESSAGE, (uint64_t)(uintptr_t)base);
	SAYS(vfa_container_map(space.container, (void *)base, PAGE, NULL, NULL), MMIO_ADDRESS,
	     message, MMIO_HINT);
	close_space(space);
}

static void not_contiguous_is_told(void **state)
{
	struct space space = open_space(state);
	uint64_t start = (uintptr_t)space.memory, iova;
	char message[256];

	assert_ok(try_map_at(space, 0x10000, PAGE));
	map_at(space.container, space.memory + PAGE, PAGE, 0x20000);
	snprintf(message, sizeof(message),
		 "address 0x%" PRIx64 "-0x%" PRIx64
		 " is mapped in several pieces, of which the first has 0x1000 bytes",
		 start, (uint64_t)(start + 2 * PAGE - 1));
	SAYS(vfa_container_find_iova(space.container, space.memory, 2 * PAGE, &iova),
	     NOT_CONTIGUOUS, message,
	     "use each piece for itself (vfa_container_segments), or map the whole at once");
	close_space(space);
}

static int try_buffer(struct space space, uint64_t page_size, uint32_t flags, uint32_t node)
{
	struct vfa_buffer_options options = VFA_BUFFER_OPTIONS_INIT;
	struct vfa_buffer *buffer = NULL;
	int err;

	options.page_size = page_size;
	options.flags = flags;
	options.node = node;
	err = vfa_buffer_alloc(space.container, 1ull << 30, &options, &buffer);
	assert_null(buffer);
	return err;
}

static void no_huge_pages_is_told(void **state)
{
	struct space space = open_space(state);
	const struct tree *tree = &space.machine->tree;

	SAYS(try_buffer(space, 2 << 20, VFA_BUFFER_STRICT, 0), NO_HUGE_PAGES,
	     "buffer: this machine has no pages of 2 MiB",
	     "ls /sys/kernel/mm/hugepages lists the sizes there are");
	tree_huge_pages(tree, 2048, 16, 5, 2);
	SAYS(try_buffer(space, 2 << 20, VFA_BUFFER_STRICT, 0), NO_HUGE_PAGES,
	     "buffer: huge pages of 2 MiB: 512 needed, 3 of 16 free",
	     "reserve more:\n"
	     "  echo 525 > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages");
	tree_huge_pages(tree, 2048, 600, 600, 0);
	SAYS(try_buffer(space, 2 << 20, VFA_BUFFER_STRICT, 0), NO_HUGE_PAGES,
	     "buffer: huge pages of 2 MiB: 512 needed, 600 of 600 free, but the kernel does not "
	     "give them: mmap: Cannot allocate memory",
	     "a cgroup (hugetlb.*.max), a limit of this process or a memory policy may hold "
	     "them back");
	tree_huge_pages(tree, 1048576, 0, 0, 0);
	SAYS(try_buffer(space, 1 << 30, VFA_BUFFER_STRICT, 0), NO_HUGE_PAGES,
	     "buffer: huge pages of 1 GiB: 1 needed, 0 of 0 free",
	     "reserve more, best at boot (hugepagesz= and hugepages=), or now:\n"
	     "  echo 1 > /sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages");
	close_space(space);
}

static void no_node_is_told(void **state)
{
	struct space space = open_space(state);

	tree_write(&space.machine->tree, "0\n", "sys/devices/system/node/has_memory");
	SAYS(try_buffer(space, 0, VFA_BUFFER_ON_NODE, 3), NO_NODE,
	     "buffer: no NUMA node 3 with memory for this process; nodes with memory: 0",
	     "take one of these; numa_node in a device's sysfs directory names the nearest, and "
	     "a cpuset (Mems_allowed_list in /proc/self/status) may leave fewer");
	fake_set_nodes(0);
	SAYS(try_buffer(space, 0, VFA_BUFFER_ON_NODE, 0), NO_NODE,
	     "buffer: no NUMA node 0: this kernel has none",
	     "leave out VFA_BUFFER_ON_NODE: all memory is equally near");
	close_space(space);
}

static void no_address_that_is_free_both_ways_is_told(void **state)
{
	struct vfa_buffer_options options = VFA_BUFFER_OPTIONS_INIT;
	struct vfa_map_options map = VFA_MAP_OPTIONS_INIT;
	struct space space = open_space(state);
	struct vfa_buffer *buffer = NULL;

	tree_write(&space.machine->tree, "65536\n", "proc/sys/vm/mmap_min_addr");
	map.iova_max = 0x10fff;
	options.map = &map;
	options.flags = VFA_BUFFER_IDENTITY;
	SAYS(vfa_buffer_alloc(space.container, 2 * PAGE, &options, &buffer), NO_SPACE,
	     "buffer: no 0x2000 bytes aligned to 0x1000 from 0x10000 to 0x10fff are free both in "
	     "this process and as IOVA",
	     "the IOMMU's aperture is 0x0-0xfedfffff, 0xfef00000-0x7fffffffff, with 0 mappings "
	     "in it; /proc/self/maps lists what the process has; widen iova_min and iova_max, or "
	     "leave out VFA_BUFFER_IDENTITY");
	close_space(space);
}

static void memory_at_an_identical_address_is_told(void **state)
{
	struct vfa_buffer_options options = VFA_BUFFER_OPTIONS_INIT;
	struct space space = open_space(state);
	struct vfa_buffer *buffer = NULL;
	struct vfa_map_options map;
	uint64_t start = (uintptr_t)space.memory;
	char message[256];

	map = at(start);
	options.map = &map;
	options.flags = VFA_BUFFER_IDENTITY;
	snprintf(message, sizeof(message), TAKEN_MESSAGE, start, start,
		 (uint64_t)(start + MEMORY - 1));
	SAYS(vfa_buffer_alloc(space.container, PAGE, &options, &buffer), OVERLAP, message,
	     "give another IOVA, or leave the choice to the library");
	close_space(space);
}

static void no_fd_for_a_buffer_is_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_buffer *buffer = NULL;

	fake_fail_call(1, EMFILE);
	SAYS(vfa_buffer_alloc(space.container, PAGE, NULL, &buffer), KERNEL,
	     "memfd_create for a buffer: too many open files",
	     "raise the limit (ulimit -n), make fewer and larger buffers, or use "
	     "VFA_BUFFER_ANONYMOUS");
	close_space(space);
}

const struct CMUnitTest map_messages[] = {
	ON_BOTH(empty_is_told),
	ON_BOTH(wrapped_is_told),
	ON_BOTH(misaligned_is_told),
	ON_BOTH(outside_aperture_is_told),
	ON_BOTH(reserved_is_told),
	ON_BOTH(overlap_is_told),
	ON_BOTH(no_space_is_told),
	ON_BOTH(wishes_are_told),
	ON_BOTH(identity_is_told),
	ON_BOTH(dangerous_space_is_told),
	ON_BOTH(not_mapped_is_told),
	ON_BOTH(partial_unmap_is_told),
	ON_BOTH(short_unmap_is_told),
	ON_BOTH(not_contiguous_is_told),
	ON_BOTH(buffer_unmapped_by_range_is_told),
	ON_TYPE1(memlock_on_type1_is_told),
	ON_IOMMUFD(memlock_on_iommufd_is_told),
	ON_BOTH(a_soft_memlock_that_may_be_raised_is_told),
	ON_IOMMUFD(memlock_that_others_have_is_told),
	ON_IOMMUFD(memlock_by_process_on_iommufd_is_told),
	ON_TYPE1(memlock_without_proc_is_told),
	ON_BOTH(memlock_at_a_join_is_told),
	ON_BOTH(no_memory_of_the_kernel_is_told),
	ON_TYPE1(a_limit_that_is_not_reached_is_not_blamed),
	ON_IOMMUFD(no_limit_to_be_read_is_told),
	ON_TYPE1(entry_limit_is_told),
	ON_IOMMUFD(accounting_is_told),
	ON_TYPE1(accounting_of_type1_is_told),
	ON_IOMMUFD(accounting_of_a_used_container_is_told),
	ON_BOTH(bad_address_is_told),
	ON_BOTH(read_only_memory_is_told),
	ON_IOMMUFD(mmio_address_is_told),
	ON_BOTH(no_huge_pages_is_told),
	ON_BOTH(no_node_is_told),
	ON_BOTH(no_address_that_is_free_both_ways_is_told),
	ON_BOTH(memory_at_an_identical_address_is_told),
	ON_BOTH(no_fd_for_a_buffer_is_told),
};

const size_t map_messages_count = sizeof(map_messages) / sizeof(map_messages[0]);
