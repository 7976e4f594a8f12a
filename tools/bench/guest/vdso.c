// SPDX-License-Identifier: GPL-2.0
/* Looks up the table's entries in the running kernel's vDSO. */
#include "bench.h"

#include <elf.h>
#include <stddef.h>
#include <string.h>
#include <sys/auxv.h>

#include "parse_task_vdso.h"
#include "symtab.h"

#define LONGEST_IMAGE	(64 * 1024)

/* NULL if this kernel's image has no such symbol. */
static bench_op lookup(const struct vdso_task_symbol *symbol)
{
	static struct vt_vdso vdso;
	const void *base = (const void *)getauxval(AT_SYSINFO_EHDR);

	if (!vdso.base && (!base || vt_vdso_init(&vdso, base, LONGEST_IMAGE)))
		return NULL;
	return (bench_op)vt_vdso_sym(&vdso, symbol->symbol, symbol->version);
}

/* Includes entries that the kernel lacks: of those, only the system call is counted. */
void vdso_each_record_entry(vdso_visitor visit)
{
	for (size_t i = 0; i < ARRAY_SIZE(vdso_task_symbols); i++) {
		const struct vdso_task_symbol *symbol = &vdso_task_symbols[i];

		if (symbol->kind == VDSO_TASK_RECORD && !symbol->weak)
			visit(symbol, lookup(symbol));
	}
}

bench_op vdso_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(vdso_task_symbols); i++)
		if (!strcmp(vdso_task_symbols[i].name, name))
			return lookup(&vdso_task_symbols[i]);
	return NULL;
}
