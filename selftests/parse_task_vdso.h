/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A bounds-checked reader of the vDSO in memory. ../vDSO/parse_vdso.c finds a
 * symbol by one hash table and checks no offset; the tests here search both
 * tables, require an exact match of the version node and walk all exports. No libc
 * is used, so the freestanding 32-bit programs share the file.
 */
#ifndef PARSE_TASK_VDSO_H
#define PARSE_TASK_VDSO_H

#include <linux/types.h>

/* Two headers of the same types: a libc's, or without libc the kernel's. */
#if __STDC_HOSTED__
#include <elf.h>
#else
#include <linux/elf.h>
#endif

#if __SIZEOF_POINTER__ == 8
typedef Elf64_Ehdr vt_ehdr_t;
typedef Elf64_Phdr vt_phdr_t;
typedef Elf64_Dyn vt_dyn_t;
typedef Elf64_Sym vt_sym_t;
typedef __u64 vt_word_t;
#define VT_ELFCLASS	ELFCLASS64
#else
typedef Elf32_Ehdr vt_ehdr_t;
typedef Elf32_Phdr vt_phdr_t;
typedef Elf32_Dyn vt_dyn_t;
typedef Elf32_Sym vt_sym_t;
typedef __u32 vt_word_t;
#define VT_ELFCLASS	ELFCLASS32
#endif

enum vt_hash { VT_SYSV_HASH, VT_GNU_HASH };

/**
 * struct vt_vdso - a vDSO image that vt_vdso_init() has checked
 * @base:	where the image starts in memory
 * @size:	bytes of its PT_LOAD
 * @bias:	what to add to a symbol's value to get an offset from @base
 * @sym:	.dynsym
 * @nsyms:	entries of @sym, as DT_HASH counts them
 * @str:	.dynstr
 * @strsz:	bytes of @str
 * @versym:	.gnu.version, with as many entries as @sym
 * @verdef:	offset of .gnu.version_d
 * @hash:	DT_HASH, in words
 * @gnu:	DT_GNU_HASH, in words
 */
struct vt_vdso {
	const unsigned char *base;
	unsigned long size;
	unsigned long bias;
	const vt_sym_t *sym;
	unsigned int nsyms;
	const char *str;
	unsigned long strsz;
	const __u16 *versym;
	unsigned long verdef;
	const __u32 *hash;
	const __u32 *gnu;
};

/* Returns NULL, or an error message about the image. */
const char *vt_vdso_init(struct vt_vdso *v, const void *base,
			 unsigned long limit);

/* The dynsym entry of @name in version node @version, or NULL. */
const vt_sym_t *vt_vdso_lookup(const struct vt_vdso *v, enum vt_hash how,
			       const char *name, const char *version);

/* The name of symbol @i and of its version node; "" where there is none. */
const char *vt_vdso_name(const struct vt_vdso *v, unsigned int i);
const char *vt_vdso_version(const struct vt_vdso *v, unsigned int i);

/* True if symbol @i is something that a program can link to. */
int vt_vdso_exported(const struct vt_vdso *v, unsigned int i);

/* The address of a function found by DT_GNU_HASH, or NULL. */
void *vt_vdso_sym(const struct vt_vdso *v, const char *name,
		  const char *version);

int vt_streq(const char *a, const char *b);

#endif /* PARSE_TASK_VDSO_H */
