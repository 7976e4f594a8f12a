// SPDX-License-Identifier: GPL-2.0
/*
 * Finds the instructions that a call executes, without a disassembler: a breakpoint is
 * set at each address of the image, and fires only at the first byte of an executed
 * instruction.
 */
#include <string.h>

#include "breakpoints.h"
#include "records.h"

#define TRIES		2000	/* until a call does not fall back */
#define CALLS		5

#if defined(__x86_64__)
#define STRIDE		1
#define LONGEST		15

static bool is_syscall(const unsigned char *at)
{
	return at[0] == 0x0f && at[1] == 0x05;
}

/* The next executed instruction may be at any address. */
static bool is_branch(const unsigned char *at)
{
	while (*at == 0xf2 || *at == 0xf3 || *at == 0x66 || *at == 0x2e ||
	       *at == 0x3e || (*at & 0xf0) == 0x40)
		at++;
	return (*at & 0xf0) == 0x70 || (*at == 0x0f && (at[1] & 0xf0) == 0x80) ||
	       *at == 0xe8 || *at == 0xe9 || *at == 0xeb || *at == 0xc2 ||
	       *at == 0xc3 || *at == 0xff;
}
#else
#define STRIDE		4
#define LONGEST		4

static uint32_t insn(const unsigned char *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static bool is_syscall(const unsigned char *at)
{
	return insn(at) == 0xd4000001;
}

static bool is_branch(const unsigned char *at)
{
	uint32_t i = insn(at);

	return (i & 0x7c000000) == 0x14000000 ||	/* b, bl */
	       (i & 0x7c000000) == 0x34000000 ||	/* cbz, tbz and so on */
	       (i & 0xfe000000) == 0x54000000 ||	/* b.cond */
	       (i & 0xfe000000) == 0xd6000000;		/* br, blr, ret */
}
#endif

/* Address of the fallback's system call instruction; 0: the entry has none. */
static unsigned long syscall_at;

/* In a new process, whose first call falls back. */
static int executes_syscall(void *arg)
{
	const struct bp_path *path = arg;

	if (bp_open() || !bp_set(0, syscall_at, NULL))
		return VT_FAIL;
	bp_vdso(path->entry);
	bp_clear();
	return bp_was_hit(0) ? VT_PASS : VT_SKIP;
}

static int find_syscall(struct bp_path *path, const struct vt_maps *m)
{
	int result;

	for (syscall_at = m->vdso; syscall_at < m->vdso_end - STRIDE; syscall_at += STRIDE) {
		if (!is_syscall((void *)syscall_at))
			continue;
		result = vt_run_child(executes_syscall, path, "first call");
		if (result != VT_SKIP)
			return result;
	}
	syscall_at = 0;
	VT_CHECK(path->entry->kind == BP_CPU, "%s: the first call does not fall back",
		 path->entry->name);
	return VT_PASS;
}

/* Calls once with the breakpoints that are set; false if it fell back. */
static bool is_fast_call(const struct bp_entry *e)
{
	if (syscall_at && !bp_set(BP_AT_ONCE - 1, syscall_at, NULL))
		return false;
	bp_refresh(e);
	bp_vdso(e);
	bp_clear();
	return !syscall_at || !bp_was_hit(BP_AT_ONCE - 1);
}

/* Does the next fast call execute the instruction? -1 after a message. */
static int is_reached_once(const struct bp_entry *e, unsigned long at)
{
	int tries;

	for (tries = 0; tries < TRIES; tries++) {
		if (!bp_set(0, at, NULL))
			return -1;
		if (is_fast_call(e))
			return bp_was_hit(0);
		if (tries > 50)
			bp_pause();
	}
	vt_late("%s: all of %d calls fall back", e->name, tries);
	return -1;
}

/*
 * Do most fast calls execute it? A call in which a context switch occurs executes further
 * instructions to retry. They are not part of the path.
 */
static int is_reached(const struct bp_entry *e, unsigned long at)
{
	int calls, hits = 0;

	for (calls = 0; calls < CALLS; calls++) {
		int hit = is_reached_once(e, at);

		if (hit < 0 || (!hit && !hits))
			return hit;
		hits += hit;
	}
	return hits > CALLS / 2;
}

static int scan(struct bp_path *path, const struct vt_maps *m)
{
	unsigned long at;
	int hit;

	path->n = 0;
	for (at = m->vdso; at < m->vdso_end; at += STRIDE) {
		/* is_fast_call() has its own breakpoint there; no fast call executes it. */
		hit = at == syscall_at ? 0 : is_reached(path->entry, at);
		if (hit < 0)
			return VT_FAIL;
		if (!hit)
			continue;
		VT_CHECK(path->n < BP_MAX_STEPS, "%s: more than %d instructions",
			 path->entry->name, BP_MAX_STEPS);
		path->step[path->n++] = at;
	}
	return VT_PASS;
}

/* Is @a executed before @b? -1 after a message. */
static int precedes(const struct bp_entry *e, unsigned long a, unsigned long b)
{
	int i;

	for (i = 0; i < TRIES; i++) {
		if (!bp_set(0, a, NULL) || !bp_set(1, b, NULL))
			return -1;
		if (is_fast_call(e) && bp_was_hit(0) && bp_was_hit(1))
			return bp_was_first(0);
		bp_pause();
	}
	vt_late("%s: no call executes both %#lx and %#lx", e->name, a, b);
	return -1;
}

static int sort(struct bp_path *path)
{
	unsigned int i, k;

	for (i = 1; i < path->n; i++) {
		unsigned long at = path->step[i];
		int later = 0;

		for (k = i; k > 0; k--) {
			later = precedes(path->entry, path->step[k - 1], at);
			if (later)
				break;
			path->step[k] = path->step[k - 1];
		}
		if (later < 0)
			return VT_FAIL;
		path->step[k] = at;
	}
	return VT_PASS;
}

/* From the function's first instruction, without a gap, to a branch: the return. */
static int check_whole(const struct bp_path *path)
{
	unsigned int i;

	for (i = 0; i < path->n; i++)
		VT_CHECK(!is_syscall((void *)path->step[i]),
			 "%s: a call that does not fall back executes a system call",
			 path->entry->name);
	VT_CHECK(path->n && path->step[0] == (unsigned long)path->entry->fn,
		 "%s: its first instruction is not executed", path->entry->name);
	for (i = 1; i < path->n; i++) {
		unsigned long last = path->step[i - 1];

		VT_CHECK(path->step[i] - last - 1 < LONGEST ||
			 is_branch((void *)last),
			 "%s: the instruction after %#lx is missing from the path",
			 path->entry->name, last);
	}
	VT_CHECK(is_branch((void *)path->step[path->n - 1]),
		 "%s: its last instruction is not a return", path->entry->name);
	return VT_PASS;
}

int bp_find_path(const struct bp_entry *e, struct bp_path *path)
{
	struct vt_maps m;

	path->entry = e;
	if (!vt_read_maps(&m, 0))
		return VT_FAIL;
	return find_syscall(path, &m) ?: scan(path, &m) ?: sort(path) ?: check_whole(path);
}
