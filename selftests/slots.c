// SPDX-License-Identifier: GPL-2.0
/* See slots.h. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "arch.h"
#include "slots.h"

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

unsigned int vt_nr_slots(const struct vt_maps *m)
{
	if (!m->nr_vvar || m->vvar >= m->area)
		return 0;
	return (m->area - m->vvar) / VDSO_TASK_SLOT_SIZE - 1;
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
	if (!vt_nr_slots(&m) || p == MAP_FAILED) {
		vt_fail("[vvar] has room for %u task slots; a copy: %m", vt_nr_slots(&m));
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

__u32 vt_own_field(const struct vt_maps *m, size_t offset)
{
	int tries;

	for (tries = 0; tries < 100; tries++) {
		int cpu = vt_cpu_now();
		__u64 seq = vt_slot(m, cpu)->seq;
		__u32 v = vt_field(m, cpu, offset);
		bool fresh = vt_slot(m, cpu)->gen == vt_header(m)->begin;

		/*
		 * A switch may come at any of these loads. Two of this thread
		 * on one CPU are no matter, the fill puts the same again.
		 */
		if (vt_cpu_now() == cpu && vt_slot(m, cpu)->seq == seq)
			return fresh ? v : 0;
	}
	return 0;
}
