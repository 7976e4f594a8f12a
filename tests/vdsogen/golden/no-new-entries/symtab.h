/* SPDX-License-Identifier: GPL-2.0 */
/* Made by vdsogen of input.tbl. Change that instead. */
#ifndef _VDSO_TASK_SYMTAB_H
#define _VDSO_TASK_SYMTAB_H

#include <asm/unistd.h>

enum vdso_task_kind {
	VDSO_TASK_BASE,	/* the unpatched image has it as well */
	VDSO_TASK_CODE,	/* new, written by hand */
	VDSO_TASK_RECORD,	/* new, answered from a record */
};

/**
 * struct vdso_task_symbol - one dynamic symbol of the vDSO
 * @name: the entry's name; a weak alias has its entry's
 * @symbol: its name in the image
 * @version: its version in the image
 * @nr: number of the system call that does the same, or -1
 * @kind: where it comes from
 * @type: its ELF symbol type (STT_*)
 * @weak: binding is weak: an alias without a prefix
 * @optional: kernel option without which it is absent, or 0
 */
struct vdso_task_symbol {
	const char *name;
	const char *symbol;
	const char *version;
	long nr;
	enum vdso_task_kind kind;
	unsigned char type;
	unsigned char weak;
	const char *optional;
};

#if defined(__x86_64__) && !defined(__ILP32__)

static const struct vdso_task_symbol vdso_task_symbols[] = {
	{ "old", "__vdso_old", "LINUX_2.6",
	  -1, VDSO_TASK_BASE, 2, 0, 0 },
};

#endif

#endif /* _VDSO_TASK_SYMTAB_H */
