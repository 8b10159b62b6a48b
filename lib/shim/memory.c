// SPDX-License-Identifier: MIT
#include <elf.h>
#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>
#include "shim.h"

/* Unmaps the pages of the executable's code; the page cache still has those that are needed again.
 */
static void forget_code(void)
{
	const ElfW(Phdr) *part = (const void *)getauxval(AT_PHDR);
	uintptr_t base = 0, page = getpagesize();

	for (unsigned long n = getauxval(AT_PHNUM); n > 0; n--, part++) {
		uintptr_t start = (base + part->p_vaddr + page - 1) & -page;
		uintptr_t end = (base + part->p_vaddr + part->p_memsz) & -page;

		if (part->p_type == PT_PHDR)
			base = (uintptr_t)part - part->p_vaddr;
		else if (part->p_type == PT_LOAD && part->p_flags == (PF_R | PF_X) && start < end)
			madvise((void *)start, end - start, MADV_DONTNEED);
	}
}

/*
 * Returns memory to the system that only the start needed: libbpf's copy of the kernel's BTF, which
 * glibc would keep, and code, of which a runtime's start touches tens of megabytes.
 */
EXPORT void shim_trim(void)
{
	malloc_trim(0);
	forget_code();
}

EXPORT uint32_t shim_page_size(void)
{
	return getpagesize();
}
