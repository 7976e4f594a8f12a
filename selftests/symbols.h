/* SPDX-License-Identifier: GPL-2.0 */
/* Checks of symbols, for programs with and without a libc. */
#ifndef VDSO_TASK_SYMBOLS_H
#define VDSO_TASK_SYMBOLS_H

#include <stddef.h>

#include "parse_task_vdso.h"
#include "table.h"

/* True if the image exports @s under any version. */
static inline int vt_symbol_present(const struct vt_vdso *v,
				    const struct vdso_task_symbol *s)
{
	unsigned int i;

	for (i = 1; i < v->nsyms; i++)
		if (vt_vdso_exported(v, i) &&
		    vt_streq(vt_vdso_name(v, i), s->symbol))
			return 1;
	return 0;
}

/* NULL, or an error message about @s in the image. */
static inline const char *vt_symbol_fault(const struct vt_vdso *v,
					  const struct vdso_task_symbol *s)
{
	const vt_sym_t *sysv, *gnu;

	if (!vt_symbol_present(v, s))
		return "not exported";
	sysv = vt_vdso_lookup(v, VT_SYSV_HASH, s->symbol, s->version);
	gnu = vt_vdso_lookup(v, VT_GNU_HASH, s->symbol, s->version);
	if (!sysv && !gnu)
		return "exported, but not in its version";
	if (!sysv)
		return "not found by DT_HASH";
	if (!gnu)
		return "not found by DT_GNU_HASH";
	if (sysv != gnu)
		return "the two hash tables disagree";
	if (ELF32_ST_TYPE(gnu->st_info) != s->type)
		return "wrong symbol type";
	if (ELF32_ST_BIND(gnu->st_info) != (s->weak ? STB_WEAK : STB_GLOBAL))
		return "wrong binding";
	if (gnu->st_size > v->size || gnu->st_value + v->bias > v->size)
		return "outside of the image";
	return NULL;
}

/* The first exported symbol that is not in the table, or NULL. */
static inline const char *vt_symbol_unknown(const struct vt_vdso *v)
{
	unsigned int i, k;

	for (i = 1; i < v->nsyms; i++) {
		const char *name = vt_vdso_name(v, i);

		if (!vt_vdso_exported(v, i))
			continue;
		for (k = 0; k < VT_NR_SYMBOLS; k++)
			if (vt_streq(name, vdso_task_symbols[k].symbol))
				break;
		if (k == VT_NR_SYMBOLS)
			return name;
	}
	return NULL;
}

#endif /* VDSO_TASK_SYMBOLS_H */
