/* Giving memory back. Half of what a fresh daemon has resident is code that ran once: the TLS libraries' start alone
 * touches megabytes. Those pages belong to files and were never written, so the process can let go of them without a
 * word: the kernel maps them again when they are touched.
 *
 * Only segments that are mapped without the right to write are let go: what relocation or the program has written
 * lies in the others. (A debugger's breakpoints are written into code: set them after the first second of quiet.) */
#define _GNU_SOURCE /* dl_iterate_phdr */
#include "bot/house/rest.h"

#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

void rest_heap(void)
{
    (void)malloc_trim(0);
}

static int let_go(struct dl_phdr_info *object, size_t bytes, void *ctx)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    (void)bytes;
    (void)ctx;
    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W) != 0)
            continue;
        uintptr_t from = (object->dlpi_addr + segment->p_vaddr) & ~(page - 1);
        uintptr_t to = object->dlpi_addr + segment->p_vaddr + segment->p_memsz;
        (void)madvise((void *)from, to - from, MADV_DONTNEED); /* only advice: a refusal does no harm */
    }
    return 0;
}

void rest_code(void)
{
    (void)dl_iterate_phdr(let_go, NULL);
}
