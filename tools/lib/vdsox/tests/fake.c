// SPDX-License-Identifier: MIT
/*
 * Runs the library with a file as the vDSO: getauxval() returns the copy's address.
 *
 *	fake IMAGE PAGES mapped|unmapped [ID]
 *
 * PAGES pages below the copy are mapped, like [vvar], or unmapped, as under rr. ID: the
 * process, which must be root, first sets its user and group IDs to that number. Prints
 * "NAME SOURCE RESULT SYSCALL" per entry: the results of the library and of the system
 * call. getcpu()'s result 0 is printed as 1 if the CPU or node number was not stored.
 * Compiles as C and C++.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <vdsox.h>

#include "vdsox_calls.h"

#define PAGE	4096ul
#define MOST	(64 * PAGE)

static unsigned char *image;

#ifdef __cplusplus
extern "C" unsigned long getauxval(unsigned long type) noexcept;
#endif

/* Overrides the C library's function. */
unsigned long getauxval(unsigned long type) VDSOX_NOTHROW
{
	if (type == AT_SYSINFO_EHDR)
		return (unsigned long)image;
	return type == AT_PAGESZ ? PAGE : 0;
}

static void map_image(const char *path, unsigned long below, int mapped)
{
	void *mapping = mmap(NULL, below + MOST, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char *area = (unsigned char *)mapping;
	FILE *f = fopen(path, "rb");

	if (mapping == MAP_FAILED || !f || !fread(area + below, 1, MOST, f)) {
		perror(path);
		exit(2);
	}
	fclose(f);
	image = area + below;
	if (mprotect(image, MOST, PROT_READ | PROT_EXEC) ||
	    (!mapped && munmap(area, below))) {
		perror("cannot map the image");
		exit(2);
	}
}

/* Turns success into 1 if a number was not stored. */
static long checked(long result, unsigned int cpu, unsigned int node)
{
	return result || (cpu != ~0u && node != ~0u) ? result : 1;
}

static long getcpu_by_library(void)
{
	unsigned int cpu = ~0u, node = ~0u;
	long result = vdsox_getcpu(&cpu, &node);

	return checked(result, cpu, node);
}

static long getcpu_by_syscall(void)
{
	unsigned int cpu = ~0u, node = ~0u;
	long result = syscall(SYS_getcpu, &cpu, &node, NULL);

	return checked(result, cpu, node);
}

#define RESULTS_RECORD(name, nr, result)                                         \
	(long)vdsox_##name(), (long)(result)syscall(nr)
#define RESULTS_CODE(name, nr, result) name##_by_library(), name##_by_syscall()
#define RESULTS_BASE(name, nr, result) RESULTS_CODE(name, nr, result)
#define SHOW(name, NAME, KIND, symbol, version, nr, result, shown, passed,     \
	     all, sent)                                                        \
	printf("%s %d %ld %ld\n", #name, vdsox_entry_source(VDSOX_##NAME),     \
	       RESULTS_##KIND(name, nr, result));

static void set_ids(const char *id)
{
	unsigned int number = (unsigned int)strtoul(id, NULL, 10);

	if (setresgid(number, number, number) ||
	    setresuid(number, number, number)) {
		perror(id);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	if (argc != 4 && argc != 5)
		return 2;
	map_image(argv[1], strtoul(argv[2], NULL, 10) * PAGE,
		!strcmp(argv[3], "mapped"));
	if (argc == 5)
		set_ids(argv[4]);
	VDSOX_CALLS(SHOW)
	return 0;
}
