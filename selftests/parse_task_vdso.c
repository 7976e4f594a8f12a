// SPDX-License-Identifier: GPL-2.0
/* See parse_task_vdso.h. Every offset is checked before it is followed. */
#include <stddef.h>
#include "parse_task_vdso.h"

#ifndef DT_GNU_HASH
#define DT_GNU_HASH	0x6ffffef5
#endif
#ifndef SHN_UNDEF
#define SHN_UNDEF	0
#endif

#define VT_VER_BASE	1
#define VT_VER_NDX_MASK	0x7fff
#define VT_BITS		(8 * sizeof(vt_word_t))

/* Same layout in both ELF classes; only recent <linux/elf.h> define them. */
struct vt_verdef {
	__u16 vd_version;
	__u16 vd_flags;
	__u16 vd_ndx;
	__u16 vd_cnt;
	__u32 vd_hash;
	__u32 vd_aux;
	__u32 vd_next;
};

struct vt_verdaux {
	__u32 vda_name;
	__u32 vda_next;
};

int vt_streq(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static const void *at(const struct vt_vdso *v, unsigned long off,
		      unsigned long len)
{
	if (off > v->size || len > v->size - off)
		return NULL;
	return v->base + off;
}

/* The bounds-checked pointer for a virtual address of the image. */
static const void *at_vaddr(const struct vt_vdso *v, unsigned long vaddr,
			    unsigned long len)
{
	return at(v, vaddr + v->bias, len);
}

static const char *string(const struct vt_vdso *v, unsigned long off)
{
	unsigned long end;

	for (end = off; end < v->strsz; end++)
		if (!v->str[end])
			return v->str + off;
	return "";
}

static const char *read_phdrs(struct vt_vdso *v, unsigned long limit,
			      const vt_dyn_t **dyn, unsigned long *ndyn)
{
	const vt_ehdr_t *eh = (const vt_ehdr_t *)v->base;
	const vt_phdr_t *ph;
	int i, loads = 0;

	ph = at(v, eh->e_phoff, (unsigned long)eh->e_phnum * sizeof(*ph));
	if (!ph || eh->e_phentsize != sizeof(*ph))
		return "program headers out of bounds";
	for (i = 0; i < eh->e_phnum; i++) {
		if (ph[i].p_type != PT_LOAD)
			continue;
		v->bias = ph[i].p_offset - ph[i].p_vaddr;
		if (ph[i].p_memsz > limit || loads++)
			return "not exactly one PT_LOAD within the mapping";
		v->size = ph[i].p_memsz;
	}
	if (!loads)
		return "no PT_LOAD";
	for (i = 0; i < eh->e_phnum; i++) {
		if (ph[i].p_type != PT_DYNAMIC)
			continue;
		*dyn = at(v, ph[i].p_offset, ph[i].p_memsz);
		*ndyn = ph[i].p_memsz / sizeof(**dyn);
	}
	return *dyn ? NULL : "no PT_DYNAMIC";
}

static void read_dynamic(struct vt_vdso *v, const vt_dyn_t *dyn,
			 unsigned long n)
{
	unsigned long i;

	for (i = 0; i < n && dyn[i].d_tag != DT_NULL; i++) {
		unsigned long val = dyn[i].d_un.d_val;

		switch (dyn[i].d_tag) {
		case DT_STRTAB:
			v->str = at_vaddr(v, val, 1);
			break;
		case DT_STRSZ:
			v->strsz = val;
			break;
		case DT_SYMTAB:
			v->sym = at_vaddr(v, val, sizeof(vt_sym_t));
			break;
		case DT_HASH:
			v->hash = at_vaddr(v, val, 8);
			break;
		case DT_GNU_HASH:
			v->gnu = at_vaddr(v, val, 16);
			break;
		case DT_VERSYM:
			v->versym = at_vaddr(v, val, 2);
			break;
		case DT_VERDEF:
			v->verdef = val + v->bias;
			break;
		}
	}
}

static const char *check_tables(struct vt_vdso *v)
{
	unsigned long off;

	if (!v->str || !v->sym || !v->versym || !v->verdef)
		return "a dynamic table is missing";
	if (!v->hash)
		return "no DT_HASH";
	if (!v->gnu)
		return "no DT_GNU_HASH";
	if (!at(v, (const unsigned char *)v->str - v->base, v->strsz))
		return "string table out of bounds";
	v->nsyms = v->hash[1];
	if (v->nsyms > v->size / sizeof(vt_sym_t))
		return "more symbols than fit in the image";
	off = (const unsigned char *)v->sym - v->base;
	if (!at(v, off, v->nsyms * sizeof(vt_sym_t)))
		return "symbol table out of bounds";
	off = (const unsigned char *)v->versym - v->base;
	if (!at(v, off, v->nsyms * sizeof(__u16)))
		return "version table out of bounds";
	off = (const unsigned char *)v->hash - v->base;
	if (v->hash[0] == 0 || v->hash[0] > v->size / 4 ||
	    !at(v, off, 4ul * (2 + v->hash[0] + v->nsyms)))
		return "DT_HASH out of bounds";
	off = (const unsigned char *)v->gnu - v->base;
	if (v->gnu[0] == 0 || v->gnu[0] > v->size / 4 || v->gnu[2] == 0 ||
	    v->gnu[2] > v->size / 4 || v->gnu[1] > v->nsyms || v->gnu[3] > 31 ||
	    !at(v, off, 16 + v->gnu[2] * sizeof(vt_word_t) +
		4ul * (v->gnu[0] + v->nsyms - v->gnu[1])))
		return "DT_GNU_HASH out of bounds";
	return NULL;
}

const char *vt_vdso_init(struct vt_vdso *v, const void *base,
			 unsigned long limit)
{
	const vt_ehdr_t *eh = base;
	const vt_dyn_t *dyn = NULL;
	const char *fault;
	unsigned long n = 0;

	*v = (struct vt_vdso){ .base = base, .size = limit };
	if (!base)
		return "no AT_SYSINFO_EHDR";
	if (limit < sizeof(*eh))
		return "shorter than an ELF header";
	if (eh->e_ident[0] != 0x7f || eh->e_ident[1] != 'E' ||
	    eh->e_ident[2] != 'L' || eh->e_ident[3] != 'F')
		return "no ELF magic";
	if (eh->e_ident[EI_CLASS] != VT_ELFCLASS)
		return "wrong ELF class";
	if (eh->e_type != ET_DYN)
		return "not ET_DYN";
	fault = read_phdrs(v, limit, &dyn, &n);
	if (fault)
		return fault;
	read_dynamic(v, dyn, n);
	return check_tables(v);
}

const char *vt_vdso_name(const struct vt_vdso *v, unsigned int i)
{
	return i < v->nsyms ? string(v, v->sym[i].st_name) : "";
}

const char *vt_vdso_version(const struct vt_vdso *v, unsigned int i)
{
	unsigned int want = v->versym[i] & VT_VER_NDX_MASK;
	unsigned long off = v->verdef;
	const struct vt_verdef *def;
	const struct vt_verdaux *aux;
	int guard;

	for (guard = 0; guard < 64; guard++) {
		def = at(v, off, sizeof(*def));
		if (!def)
			return "";
		if (!(def->vd_flags & VT_VER_BASE) && def->vd_ndx == want) {
			aux = at(v, off + def->vd_aux, sizeof(*aux));
			return aux ? string(v, aux->vda_name) : "";
		}
		if (!def->vd_next)
			return "";
		off += def->vd_next;
	}
	return "";
}

int vt_vdso_exported(const struct vt_vdso *v, unsigned int i)
{
	const vt_sym_t *s = &v->sym[i];

	/* A version node is an absolute object named after itself. */
	return s->st_shndx != SHN_UNDEF && s->st_shndx != SHN_ABS &&
	       ELF32_ST_BIND(s->st_info) != STB_LOCAL;
}

static const vt_sym_t *matches(const struct vt_vdso *v, unsigned int i,
			       const char *name, const char *version)
{
	if (i >= v->nsyms || !vt_vdso_exported(v, i) ||
	    !vt_streq(vt_vdso_name(v, i), name) ||
	    !vt_streq(vt_vdso_version(v, i), version) ||
	    !at_vaddr(v, v->sym[i].st_value, 1))
		return NULL;
	return &v->sym[i];
}

static const vt_sym_t *lookup_sysv(const struct vt_vdso *v, const char *name,
				   const char *version)
{
	const __u32 *bucket = v->hash + 2, *chain = bucket + v->hash[0];
	const unsigned char *p;
	unsigned int i, steps = 0;
	__u32 h = 0, g;

	for (p = (const unsigned char *)name; *p; p++) {
		h = (h << 4) + *p;
		g = h & 0xf0000000;
		h ^= g >> 24;
		h &= ~g;
	}
	for (i = bucket[h % v->hash[0]]; i && i < v->nsyms; i = chain[i]) {
		const vt_sym_t *s = matches(v, i, name, version);

		if (s)
			return s;
		if (++steps > v->nsyms)
			return NULL;
	}
	return NULL;
}

static const vt_sym_t *lookup_gnu(const struct vt_vdso *v, const char *name,
				  const char *version)
{
	__u32 nbuckets = v->gnu[0], first = v->gnu[1], nbloom = v->gnu[2];
	const vt_word_t *bloom = (const vt_word_t *)(v->gnu + 4);
	const __u32 *bucket = (const __u32 *)(bloom + nbloom);
	const __u32 *chain = bucket + nbuckets;
	const unsigned char *p;
	__u32 h = 5381, i;
	vt_word_t word;

	for (p = (const unsigned char *)name; *p; p++)
		h = h * 33 + *p;
	word = bloom[(h / VT_BITS) % nbloom];
	if (!((word >> (h % VT_BITS)) & 1) ||
	    !((word >> ((h >> v->gnu[3]) % VT_BITS)) & 1))
		return NULL;
	i = bucket[h % nbuckets];
	if (i < first)
		return NULL;
	for (; i < v->nsyms; i++) {
		__u32 c = chain[i - first];
		const vt_sym_t *s = NULL;

		if ((c | 1) == (h | 1))
			s = matches(v, i, name, version);
		if (s || (c & 1))
			return s;
	}
	return NULL;
}

const vt_sym_t *vt_vdso_lookup(const struct vt_vdso *v, enum vt_hash how,
			       const char *name, const char *version)
{
	return how == VT_SYSV_HASH ? lookup_sysv(v, name, version) :
				     lookup_gnu(v, name, version);
}

void *vt_vdso_sym(const struct vt_vdso *v, const char *name,
		  const char *version)
{
	const vt_sym_t *s = vt_vdso_lookup(v, VT_GNU_HASH, name, version);

	return s ? (void *)(v->base + s->st_value + v->bias) : NULL;
}
