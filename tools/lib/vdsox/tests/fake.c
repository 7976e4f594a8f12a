// SPDX-License-Identifier: MIT
/*
 * The library in a process whose vDSO is a file: its getauxval() names a copy of it.
 *
 *	fake IMAGE PAGES mapped|unmapped
 *
 * PAGES pages lie below the copy, as [vvar] does, or are unmapped, as under rr. Prints
 * "NAME SOURCE" an entry, and then the answers of getpid() by the library and the
 * system call.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <vdsox.h>

#define PAGE	4096ul
#define MOST	(64 * PAGE)

static unsigned char *image;

/* In place of the C library's. */
unsigned long getauxval(unsigned long type)
{
	if (type == AT_SYSINFO_EHDR)
		return (unsigned long)image;
	return type == AT_PAGESZ ? PAGE : 0;
}

static void lay_out(const char *path, unsigned long below, int mapped)
{
	unsigned char *area = mmap(NULL, below + MOST, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	FILE *f = fopen(path, "rb");

	if (area == MAP_FAILED || !f || !fread(area + below, 1, MOST, f)) {
		perror(path);
		exit(2);
	}
	fclose(f);
	image = area + below;
	if (mprotect(image, MOST, PROT_READ | PROT_EXEC) ||
	    (!mapped && munmap(area, below))) {
		perror("cannot lay out the image");
		exit(2);
	}
}

int main(int argc, char **argv)
{
	unsigned int i;

	if (argc != 4)
		return 2;
	lay_out(argv[1], strtoul(argv[2], NULL, 10) * PAGE,
		!strcmp(argv[3], "mapped"));
	for (i = 0; i < vdsox_entry_count(); i++)
		printf("%s %d\n", vdsox_entry_name((enum vdsox_entry)i),
		       vdsox_entry_source((enum vdsox_entry)i));
	printf("answers %ld %ld\n", (long)vdsox_getpid(),
	       (long)syscall(SYS_getpid));
	return 0;
}
