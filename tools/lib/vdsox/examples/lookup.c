// SPDX-License-Identifier: MIT
/* Looks up getpid() of the vDSO without a library. */
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef __aarch64__
#define GETPID "__kernel_getpid"
#else
#define GETPID "__vdso_getpid"
#endif

static void *vdso_symbol(const char *name)
{
	const char *image = (const char *)getauxval(AT_SYSINFO_EHDR), *base = image,
		   *strings = NULL;
	const ElfW(Ehdr) *header = (const void *)image;
	const ElfW(Phdr) *part = (const void *)(image + (image ? header->e_phoff : 0));
	const ElfW(Sym) *symbols = NULL;
	const ElfW(Dyn) *dynamic = NULL;
	const unsigned int *hash = NULL; /* hash[1] is the number of symbols */

	for (int i = 0; image && i < header->e_phnum; i++)
		if (part[i].p_type == PT_LOAD)
			base = image + part[i].p_offset - part[i].p_vaddr;
		else if (part[i].p_type == PT_DYNAMIC)
			dynamic = (const void *)(image + part[i].p_offset);
	for (; dynamic && dynamic->d_tag != DT_NULL; dynamic++)
		if (dynamic->d_tag == DT_STRTAB)
			strings = base + dynamic->d_un.d_ptr;
		else if (dynamic->d_tag == DT_SYMTAB)
			symbols = (const void *)(base + dynamic->d_un.d_ptr);
		else if (dynamic->d_tag == DT_HASH)
			hash = (const void *)(base + dynamic->d_un.d_ptr);
	for (unsigned int i = 0; hash && strings && symbols && i < hash[1]; i++)
		if (symbols[i].st_shndx != SHN_UNDEF && !strcmp(strings + symbols[i].st_name, name))
			return (void *)(base + symbols[i].st_value);
	return NULL;
}

int main(void)
{
	pid_t (*function)(void) = (pid_t(*)(void))vdso_symbol(GETPID);
	long pid = function ? function() : -ENOSYS;

	/* Also if the function says so: a tracer may have replaced it by one that does. */
	if (pid == -ENOSYS)
		pid = syscall(SYS_getpid);
	printf("%s: %ld\n", function ? "vDSO" : "system call", pid);
	return pid != getpid();
}
