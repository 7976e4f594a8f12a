/* SPDX-License-Identifier: MIT */
/*
 * libvdsox: who am I, answered by the vDSO where the kernel has the entries of the
 * vdsox series, and by the system call everywhere else. See vdsox(3) and vdsox(7).
 *
 * Every function may be called at any time: from a signal handler, a constructor or
 * an IFUNC resolver, by any thread, right after fork(), vfork() and clone(). None
 * allocates, takes a lock or touches errno.
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
 * The calls. Each gives what the system call of its name gives at that moment:
 * pid_t, uid_t and gid_t cannot fail. A function of type long returns 0, or a
 * negative errno value as the system call does.
 */
#include <vdsox_entries.h>

/**
 * enum vdsox_source - what answers the calls of an entry
 * @VDSOX_SOURCE_SYSCALL: the system call: the kernel's image lacks the entry, or
 *	the pages that it reads are not mapped
 * @VDSOX_SOURCE_VDSO: the vDSO's function. It may still make the system call, as it
 *	does for a traced process; only the kernel knows.
 */
enum vdsox_source {
	VDSOX_SOURCE_SYSCALL = 0,
	VDSOX_SOURCE_VDSO = 1,
};

/**
 * vdsox_entry_source() - what answers the calls of an entry in this process
 * @entry: an enum vdsox_entry
 *
 * Return: an enum vdsox_source; -EINVAL if this library knows no such entry, -ENOSYS
 * if it knows it and this architecture has none.
 */
int vdsox_entry_source(enum vdsox_entry entry) VDSOX_NOTHROW;

/**
 * vdsox_entry_name() - the name of an entry, as of its system call: "getpid"
 * @entry: an enum vdsox_entry
 *
 * Return: a constant text; NULL if this library knows no such entry.
 */
const char *vdsox_entry_name(enum vdsox_entry entry) VDSOX_NOTHROW;

/**
 * vdsox_entry_count() - how many entries this library knows
 *
 * Return: one more than the largest enum vdsox_entry. It is at least VDSOX_NR_ENTRIES
 * of the header that the caller was compiled with.
 */
unsigned int vdsox_entry_count(void) VDSOX_NOTHROW;

#ifdef __cplusplus
}
#endif

#endif /* _VDSOX_H */
