// SPDX-License-Identifier: GPL-2.0
/* See records.h. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "arch.h"
#include "records.h"

static bool add_line(struct vt_maps *m, const char *line)
{
	unsigned long start, end;
	char name[32] = "";

	if (sscanf(line, "%lx-%lx %*s %*s %*s %*s %31s", &start, &end, name) < 2)
		return false;
	if (!strcmp(name, "[vvar]")) {
		if (!m->nr_vvar++)
			m->vvar = start;
		m->vvar_end = end;
	} else if (!strcmp(name, "[vdso]")) {
		if (!m->nr_vdso++)
			m->vdso = start;
		m->vdso_end = end;
	} else if (!strcmp(name, "[vvar_vclock]")) {
		m->vclock += end - start;
	}
	return true;
}

bool vt_read_maps(struct vt_maps *m, pid_t pid)
{
	char path[64] = "/proc/self/maps", line[512];
	FILE *f;

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	memset(m, 0, sizeof(*m));
	f = fopen(path, "r");
	if (!f) {
		vt_fail("%s: %m", path);
		return false;
	}
	while (fgets(line, sizeof(line), f))
		add_line(m, line);
	fclose(f);
	m->area = m->vdso - VT_VVAR_PAGES * sysconf(_SC_PAGESIZE);
	if (!m->nr_vdso)
		vt_fail("%s: no [vdso]", path);
	return m->nr_vdso;
}

bool vt_has_area(const struct vt_maps *m)
{
	if (m->nr_vvar && m->vvar < m->area - VT_TOP_SIZE)
		return true;
	vt_fail("[vvar] has no room for task records");
	return false;
}

bool vt_copy_image(struct vt_maps *copy, long *shift, size_t below)
{
	size_t size, code;
	struct vt_maps m;
	char *p;

	if (!vt_read_maps(&m, 0))
		return false;
	size = m.vdso - m.vvar;
	code = m.vdso_end - m.vdso;
	p = mmap(NULL, below + size + code, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (!vt_has_area(&m))
		return false;
	if (p == MAP_FAILED) {
		vt_fail("mmap for a copy of the image: %m");
		return false;
	}
	memcpy(p + below + size, (void *)m.vdso, code);
	*shift = (long)(p + below) - (long)m.vvar;
	*copy = m;
	copy->vvar += *shift;
	copy->vvar_end += *shift;
	copy->vdso += *shift;
	copy->vdso_end += *shift;
	copy->area += *shift;
	return true;
}

int vt_cpu_now(void)
{
	unsigned int cpu = 0;

	vt_raw3(__NR_getcpu, &cpu, NULL, NULL);
	return cpu;
}

#ifdef VT_HAS_SLOTS
/*
 * The result of @read for this CPU's slot, from a moment in which this thread was not
 * switched out: neither the CPU nor the slot's seq has changed. 0 if none came.
 */
static __u64 own(const struct vt_maps *m,
		 __u64 (*read)(const struct vt_maps *, unsigned int cpu, size_t), size_t at)
{
	int tries;

	for (tries = 0; tries < 100; tries++) {
		int cpu = vt_cpu_now();
		__u64 seq = vt_slot(m, cpu)->seq;
		__u64 v = read(m, cpu, at);

		if (vt_cpu_now() == cpu && vt_slot(m, cpu)->seq == seq)
			return v;
	}
	return 0;
}

static __u64 read_locator(const struct vt_maps *m, unsigned int cpu, size_t at)
{
	(void)at;
	return vt_slot(m, cpu)->record;
}

static __u64 read_base(const struct vt_maps *m, unsigned int cpu, size_t at)
{
	(void)at;
	return vt_slot(m, cpu)->base;
}

__s32 vt_own_locator(const struct vt_maps *m)
{
	return own(m, read_locator, 0);
}

__u64 vt_own_base(const struct vt_maps *m)
{
	return own(m, read_base, 0);
}
#else
__s32 vt_own_locator(const struct vt_maps *m)
{
	unsigned long tpidrro;

	(void)m;
	__asm__ volatile("mrs %0, tpidrro_el0" : "=r" (tpidrro));
	return tpidrro;
}

__u64 vt_own_base(const struct vt_maps *m)
{
	return vt_record(m, vt_own_locator(m))->base;
}
#endif

/* A thread has the same record on all CPUs: only its distance is read from the slot. */
__u32 vt_own_field(const struct vt_maps *m, size_t offset)
{
	const volatile char *record = (const volatile char *)vt_record(m, vt_own_locator(m));

	return *(const volatile __u32 *)(record + offset);
}
