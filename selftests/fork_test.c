// SPDX-License-Identifier: GPL-2.0
/*
 * A child never gets its parent's answers: neither from its first calls nor by
 * reading the memory, whatever the parent did to [vvar] before the fork.
 *
 * Fails when: dup_mmap() copies the page table entries of [vvar] (for all of
 * it, or for parts split off or moved away), mm_init() keeps the parent's area,
 * or the child's task keeps its parent's record.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "ids.h"
#include "records.h"

#define FORKS	200

static struct vt_answers parent;

static int setup(void)
{
	if (vt_ids_init() || !vt_promote())
		return VT_FAIL;
	parent = vt_raw_answers();
	return VT_PASS;
}

static int first_call(void *arg)
{
	unsigned int i = *(unsigned int *)arg % vt_nr_ids;
	int got = vt_ids[i].fn(), want = vt_raw0(vt_ids[i].nr);

	VT_CHECK(got == want, "%s: vDSO %d, system call %d, parent %d",
		 vt_ids[i].name, got, want, parent.v[i]);
	return vt_result(vt_same_now("child"));
}

static int unrefreshed(void *arg)
{
	(void)arg;
	return vt_result(vt_same_before_refresh("child, before any refresh"));
}

/* The task_struct, which fork copies, has the location of the record. */
static int check_record(const void *arg)
{
	int i;

	(void)arg;
	if (setup())
		return VT_FAIL;
	for (i = 0; i < 20; i++)
		if (vt_run_child(unrefreshed, NULL, "child"))
			return VT_FAIL;
	return VT_PASS;
}

static int check_first_call(const void *arg)
{
	unsigned int i;

	(void)arg;
	if (setup())
		return VT_FAIL;
	for (i = 0; i < FORKS; i++)
		if (vt_run_child(first_call, &i, "child") ||
		    !vt_same(&parent, "parent"))
			return VT_FAIL;
	return VT_PASS;
}

/* Runs on after its parent has exited and the parent's pages are freed. */
static int run_orphan(int result_fd, int parent_exit)
{
	char byte;
	int i, result = VT_PASS;

	(void)!read(parent_exit, &byte, 1);
	vt_sleep_ms(100);
	for (i = 0; i < 50 && !result; i++) {
		result = !vt_same_now("orphan");
		if (i == 20 && !result && !vt_promote())
			result = vt_final_result(VT_FAIL);
	}
	byte = result;
	return write(result_fd, &byte, 1) != 1;
}

static int exit_early(void *arg)
{
	int *result = arg, gone[2];
	pid_t pid;

	if (setup())
		return VT_FAIL;
	VT_NEED(!pipe(gone));
	pid = fork();
	if (!pid) {
		close(gone[1]);
		_exit(run_orphan(result[1], gone[0]));
	}
	return pid < 0;
}

static int check_parent_gone(const void *arg)
{
	char byte = VT_FAIL;
	int i, result[2];

	(void)arg;
	for (i = 0; i < 5; i++) {
		VT_NEED(!pipe(result));
		if (vt_run_child(exit_early, result, "parent"))
			return VT_FAIL;
		close(result[1]);
		VT_CHECK(read(result[0], &byte, 1) == 1 && byte != VT_FAIL,
			 "wrong answers after the parent's exit");
		close(result[0]);
		if (byte)
			return byte;
	}
	return VT_PASS;
}

static __u32 field(const struct vt_maps *m, size_t line, size_t offset)
{
	return *(const volatile __u32 *)(m->vvar + line * VDSO_TASK_LINE_SIZE + offset);
}

/*
 * Searches the whole area of this process for answers of its parent that are not its
 * own as well.
 */
static int search(const struct vt_maps *m)
{
	struct vt_answers mine = vt_raw_answers();
	size_t line, n = vt_nr_lines(m);
	unsigned int i, differs = 0;

	if (!vt_has_area(m))
		return VT_FAIL;
	for (i = 0; i < vt_nr_ids; i++) {
		if (mine.v[i] == parent.v[i])
			continue;
		differs++;
		for (line = 0; line < n; line++)
			VT_CHECK(field(m, line, vt_ids[i].offset) !=
				 (__u32)parent.v[i] + 1,
				 "line %zu holds the parent's %s", line,
				 vt_ids[i].name);
	}
	VT_CHECK(differs, "child and parent have the same answers in all entries");
	return VT_PASS;
}

/* Before any call, after some, and when the child has a record of its own. */
static int search_child(void *arg)
{
	struct vt_maps *m = arg;

	if (search(m) || !vt_same_now("child") || search(m))
		return VT_FAIL;
	return vt_promote() ? search(m) : VT_FAIL;
}

static int check_raw_lines(const void *arg)
{
	struct vt_maps m;
	int i;

	(void)arg;
	if (setup() || !vt_read_maps(&m, 0))
		return VT_FAIL;
	/* Self-check: the parent finds its own answer. */
	VT_CHECK(vt_own_field(&m, vt_ids[0].offset) == (__u32)parent.v[0] + 1,
		 "the parent does not find its own record");
	for (i = 0; i < 20; i++)
		if (vt_run_child(search_child, &m, "child"))
			return VT_FAIL;
	return VT_PASS;
}

static int search_only(void *arg)
{
	return search(arg);
}

/*
 * Unmaps a page of [vvar], @page pages above the area's end. The kernel refuses to split
 * special mappings; if it ever allows that, the child must still find nothing.
 */
static int check_split(const void *arg)
{
	long size = sysconf(_SC_PAGESIZE);
	int page = *(const int *)arg;
	struct vt_maps m, after;

	if (setup() || !vt_read_maps(&m, 0))
		return VT_FAIL;
	if (munmap((void *)(m.area + page * size), size))
		vt_note("munmap() of a page of [vvar] fails: %s", strerror(errno));
	VT_NEED(vt_read_maps(&after, 0));
	VT_CHECK(after.vvar == m.vvar, "the start of [vvar] moved from %#lx to %#lx",
		 m.vvar, after.vvar);
	if (!vt_same_now("parent without a page of [vvar]"))
		return VT_FAIL;
	return vt_run_child(search_child, &m, "child");
}

static int move(unsigned long from, unsigned long to, unsigned long size)
{
	void *p = mremap((void *)from, size, size,
			 MREMAP_MAYMOVE | MREMAP_FIXED, (void *)to);

	VT_CHECK(p == (void *)to, "mremap: %m");
	return VT_PASS;
}

static unsigned long free_range(unsigned long size)
{
	void *p = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0);

	return p == MAP_FAILED ? 0 : (unsigned long)p;
}

/* Moves [vvar] without [vdso]; the vDSO must not be called then. */
static int check_moved_vvar(const void *arg)
{
	struct vt_maps m, away;
	unsigned long to;

	(void)arg;
	if (setup() || !vt_read_maps(&m, 0))
		return VT_FAIL;
	VT_NEED(vt_has_area(&m));
	to = free_range(m.vvar_end - m.vvar);
	VT_NEED(to);
	if (move(m.vvar, to, m.vvar_end - m.vvar))
		return VT_FAIL;
	away = m;
	away.vvar = to;
	away.area = to + (m.area - m.vvar);
	VT_CHECK(vt_own_field(&away, vt_ids[0].offset) ==
		 (__u32)parent.v[0] + 1, "the record is not in the moved [vvar]");
	return vt_run_child(search_only, &away, "child");
}

/* Moves [vvar] and [vdso] together, like a restore by CRIU; then calls still work. */
static int after_move(void *arg)
{
	struct vt_maps *m = arg;
	unsigned int i;

	if (search(m))
		return VT_FAIL;
	for (i = 0; i < 100; i++)
		if (!vt_same_now("child after the move"))
			return VT_FAIL;
	return vt_promote() ? search(m) : VT_FAIL;
}

static int check_moved_together(const void *arg)
{
	unsigned long size, to;
	struct vt_maps m;
	unsigned int i;

	(void)arg;
	if (setup() || !vt_read_maps(&m, 0))
		return VT_FAIL;
	size = m.vdso_end - m.vvar;
	to = free_range(size);
	VT_NEED(to);
	if (move(m.vvar, to, m.vvar_end - m.vvar) ||
	    move(m.vdso, to + (m.vdso - m.vvar), m.vdso_end - m.vdso))
		return VT_FAIL;
	for (i = 0; i < vt_nr_ids; i++)
		vt_ids[i].fn = (int (*)(void))((char *)vt_ids[i].fn +
					       (to - m.vvar));
	VT_NEED(vt_read_maps(&m, 0));
	VT_CHECK(m.vvar == to, "[vvar] is at %#lx, not %#lx", m.vvar, to);
	if (!vt_same_now("after the move") || !vt_promote())
		return VT_FAIL;
	return vt_run_child(after_move, &m, "child");
}

/* MADV_KEEPONFORK and similar advice do not give the child its parent's pages. */
static int check_advised(const void *arg)
{
	static const int advice[] = { MADV_DONTFORK, MADV_DOFORK,
				      MADV_WIPEONFORK, MADV_KEEPONFORK };
	struct vt_maps m;
	unsigned int i;

	(void)arg;
	if (setup() || !vt_read_maps(&m, 0))
		return VT_FAIL;
	for (i = 1; i < VT_ARRAY_SIZE(advice); i++) {
		int ret = madvise((void *)m.vvar, m.vvar_end - m.vvar,
				  advice[i]);

		vt_note("madvise(%d): %s", advice[i], ret ? strerror(errno) :
			"success");
		if (vt_run_child(search_child, &m, "child") ||
		    !vt_same(&parent, "parent"))
			return VT_FAIL;
	}
	return VT_PASS;
}

int main(void)
{
	static const int first = 0, second = 1;
	static const struct vt_case cases[] = {
		{ "first-call", check_first_call, NULL, 60 },
		{ "record", check_record, NULL, 60 },
		{ "parent-gone", check_parent_gone, NULL, 60 },
		{ "raw-lines", check_raw_lines, NULL, 60 },
		{ "split-above-area", check_split, &first, 0 },
		{ "split-higher-up", check_split, &second, 0 },
		{ "moved-vvar", check_moved_vvar, NULL, 0 },
		{ "moved-together", check_moved_together, NULL, 0 },
		{ "advised", check_advised, NULL, 0 },
	};

	return vt_run(cases, VT_ARRAY_SIZE(cases));
}
