// SPDX-License-Identifier: GPL-2.0
/* See ids.h. */
#include <linux/capability.h>
#include <sched.h>
#include <string.h>
#include <sys/auxv.h>

#include "ids.h"
#include "records.h"
#include "table.h"

/* More than twice VDSO_TASK_PROMOTE, the calls before a process gets records. */
#define PROMOTE_CALLS	40

struct vt_id vt_ids[VT_MAX_IDS];
unsigned int vt_nr_ids;
struct vt_vdso vt_image;

int vt_open_image(void)
{
	const void *base = (const void *)getauxval(AT_SYSINFO_EHDR);
	struct vt_maps m;
	const char *fault;

	if (vt_image.base)
		return VT_PASS;
	if (!vt_read_maps(&m, 0))
		return VT_FAIL;
	VT_CHECK(m.vdso == (unsigned long)base,
		 "AT_SYSINFO_EHDR is %p, [vdso] at %#lx", base, m.vdso);
	fault = vt_vdso_init(&vt_image, base, m.vdso_end - m.vdso);
	VT_CHECK(!fault, "vDSO: %s", fault);
	return VT_PASS;
}

static void *find(const struct vdso_task_symbol *e)
{
	void *fn = vt_vdso_sym(&vt_image, e->symbol, e->version);

	if (!fn)
		vt_fail("%s@%s is not in the vDSO", e->symbol, e->version);
	return fn;
}

void *vt_entry(const char *name)
{
	unsigned int i;

	if (vt_open_image())
		return NULL;
	for (i = 0; i < VT_NR_SYMBOLS; i++) {
		const struct vdso_task_symbol *s = &vdso_task_symbols[i];

		if (!s->weak && !strcmp(s->name, name))
			return find(s);
	}
	vt_fail("%s is not in the table", name);
	return NULL;
}

#define NO_FIELD	((size_t)-1)

static size_t field_offset(const char *name)
{
	static const struct {
		const char *name;
		size_t offset;
	} fields[] = {
#define VT_FIELD(entry, symbol, field, type, nr)	\
		{ #entry, offsetof(struct vdso_task_record, field) },
		VDSO_TASK_ENTRIES(VT_FIELD)
#undef VT_FIELD
	};
	unsigned int i;

	for (i = 0; i < VT_ARRAY_SIZE(fields); i++)
		if (!strcmp(name, fields[i].name))
			return fields[i].offset;
	return NO_FIELD;
}

int vt_ids_init(void)
{
	unsigned int i, n = 0;

	if (vt_nr_ids)
		return VT_PASS;
	if (vt_open_image())
		return VT_FAIL;
	for (i = 0; i < VT_NR_SYMBOLS && n < VT_MAX_IDS; i++) {
		const struct vdso_task_symbol *e = &vdso_task_symbols[i];
		struct vt_id *id = &vt_ids[n];

		if (!vt_is_id(e))
			continue;
		*id = (struct vt_id){ e->name, e->symbol, e->nr,
				      field_offset(e->name), NULL };
		VT_CHECK(id->offset != NO_FIELD, "%s has no field", e->name);
		id->fn = (int (*)(void))find(e);
		if (!id->fn)
			return VT_FAIL;
		n++;
	}
	VT_CHECK(n, "the table has no record entry");
	vt_nr_ids = n;
	return VT_PASS;
}

struct vt_answers vt_raw_answers(void)
{
	struct vt_answers a = { { 0 } };
	unsigned int i;

	for (i = 0; i < vt_nr_ids; i++)
		a.v[i] = vt_raw0(vt_ids[i].nr);
	return a;
}

struct vt_answers vt_vdso_answers(void)
{
	struct vt_answers a = { { 0 } };
	unsigned int i;

	for (i = 0; i < vt_nr_ids; i++)
		a.v[i] = vt_ids[i].fn();
	return a;
}

bool vt_same(const struct vt_answers *want, const char *where)
{
	unsigned int i;

	for (i = 0; i < vt_nr_ids; i++) {
		int got = vt_ids[i].fn();

		if (got == want->v[i])
			continue;
		vt_fail("%s: %s: vDSO %d, system call %d", where,
			vt_ids[i].name, got, want->v[i]);
		return false;
	}
	return true;
}

bool vt_same_now(const char *where)
{
	struct vt_answers want = vt_raw_answers();

	return vt_same(&want, where);
}

int vt_id_index(const char *name)
{
	unsigned int i;

	for (i = 0; i < vt_nr_ids; i++)
		if (!strcmp(vt_ids[i].name, name))
			return i;
	vt_fail("the table has no record entry %s", name);
	return -1;
}

unsigned int vt_id_bit(const char *name)
{
	int i = vt_id_index(name);

	return i < 0 ? 0 : 1u << i;
}

/* The first entry whose field does not have the expected value; -1: none. */
static int wrong_field(const struct vt_maps *m, const struct vt_answers *want,
		       unsigned int fallback)
{
	unsigned int i;

	for (i = 0; i < vt_nr_ids; i++) {
		__u32 field = fallback & 1u << i ? 0 : (__u32)want->v[i] + 1;

		if (vt_own_field(m, vt_ids[i].offset) != field)
			return i;
	}
	return -1;
}

bool vt_promote(void)
{
	return vt_promote_but(0);
}

bool vt_promote_but(unsigned int fallback)
{
	struct vt_answers want = vt_raw_answers();
	struct vt_limit limit = vt_limit_ms(5000);
	struct vt_maps m;
	int i, wrong;

	if (!vt_read_maps(&m, 0))
		return false;
	if (!vt_has_area(&m))
		return false;
	for (;;) {
		for (i = 0; i < PROMOTE_CALLS; i++)
			vt_vdso_answers();
		wrong = wrong_field(&m, &want, fallback);
		if (wrong < 0)
			return true;
		if (vt_is_over(&limit))
			break;
		sched_yield();
	}
	if (fallback & 1u << wrong)
		vt_fail("%s is still answered from the record",
			vt_ids[wrong].name);
	else
		vt_late("%s is not answered from the record in time",
			vt_ids[wrong].name);
	return false;
}

bool vt_promoted_and_same(const char *where)
{
	struct vt_answers want = vt_raw_answers();
	int i;

	for (i = 0; i < PROMOTE_CALLS; i++)
		if (!vt_same(&want, where))
			return false;
	return vt_promote() && vt_same(&want, where);
}

bool vt_same_before_refresh(const char *where)
{
	struct vt_answers want = vt_raw_answers();
	struct vt_maps m;
	int i;

	if (!vt_read_maps(&m, 0))
		return false;
	if (!vt_has_area(&m))
		return false;
	vt_ids[0].fn();
	for (i = 0; i < PROMOTE_CALLS; i++)
		vt_raw_answers();
	for (i = vt_nr_lines(&m); i--;)
		(void)*(const volatile __u32 *)(m.vvar + i * VDSO_TASK_LINE_SIZE);
	vt_sleep_ms(2);
	return vt_same(&want, where);
}

bool vt_invalidate_own(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3,
						 0 };
	struct __user_cap_data_struct data[2];

	return !vt_raw2(__NR_capget, &head, data) &&
	       !vt_raw2(__NR_capset, &head, data);
}
