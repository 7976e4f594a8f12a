/* SPDX-License-Identifier: MIT */
/*
 * libvdsox: the caller's IDs and CPU number, from the vDSO if the kernel has the entries
 * of the vdsox series, else by system call. See vdsox(3) and vdsox(7).
 *
 * Every function may be called at any time: from a signal handler, a constructor or an
 * IFUNC resolver, by any thread, right after fork(), vfork() and clone(). No function
 * allocates memory, takes a lock or changes errno.
 */
#ifndef _VDSOX_H
#define _VDSOX_H

#include <sys/types.h>

#ifdef __cplusplus
#define VDSOX_NOTHROW noexcept
extern "C" {
#else
#define VDSOX_NOTHROW
#endif

/*
 * The calls. Each returns what the system call of the same name would return at that
 * moment. Those of type pid_t, uid_t and gid_t cannot fail; those of type long return
 * 0, or the negative errno value of the system call.
 */
#include <vdsox_entries.h>

/**
 * enum vdsox_source - the source of an entry's answers
 * @VDSOX_SOURCE_SYSCALL: the system call: the kernel's image lacks the entry, or
 *	the pages that it reads are not mapped
 * @VDSOX_SOURCE_VDSO: the vDSO's function. It may fall back to the system call, for
 *	example in a traced process; the library cannot observe that.
 */
enum vdsox_source {
	VDSOX_SOURCE_SYSCALL = 0,
	VDSOX_SOURCE_VDSO = 1,
};

/**
 * vdsox_entry_source() - the source of an entry's answers in this process
 * @entry: an enum vdsox_entry
 *
 * Return: an enum vdsox_source; -EINVAL if this library has no such entry, -ENOSYS if
 * it has the entry on other architectures only.
 */
int vdsox_entry_source(enum vdsox_entry entry) VDSOX_NOTHROW;

/**
 * vdsox_entry_name() - the name of an entry, for example "getpid"
 * @entry: an enum vdsox_entry
 *
 * Return: a constant string; NULL if this library has no such entry.
 */
const char *vdsox_entry_name(enum vdsox_entry entry) VDSOX_NOTHROW;

/**
 * vdsox_entry_count() - the number of this library's entries
 *
 * Return: one more than the largest enum vdsox_entry. It is at least the
 * VDSOX_NR_ENTRIES of the header that the caller was compiled with.
 */
unsigned int vdsox_entry_count(void) VDSOX_NOTHROW;

#ifdef __cplusplus
}
#endif

#endif /* _VDSOX_H */
