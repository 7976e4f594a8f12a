// SPDX-License-Identifier: GPL-2.0
/*
 * Which instructions a call executes, without knowing where instructions begin: a
 * breakpoint is tried at each address of the image, and one that is not at an
 * instruction's first byte never fires.
 */
#include <string.h>

#include "breakpoints.h"
#include "records.h"

#define TRIES		2000	/* until a call makes no system call */
#define CALLS		5

#if defined(__x86_64__)
#define STRIDE		1
#define LONGEST		15

static bool is_syscall(const unsigned char *at)
{
	return at[0] == 0x0f && at[1] == 0x05;
}

/* Something after which the next instruction may be elsewhere. */
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

/* Where a call makes the system call; 0: it makes none. */
static unsigned long slow;

/* The first call of a process makes the system call. */
static int is_slow_here(void *arg)
{
	const struct bp_path *path = arg;

	if (bp_open() || !bp_set(0, slow, NULL))
		return VT_FAIL;
	bp_vdso(path->entry);
	bp_clear();
	return bp_was_hit(0) ? VT_PASS : VT_SKIP;
}

static int find_slow(struct bp_path *path, const struct vt_maps *m)
{
	int result;

	for (slow = m->vdso; slow < m->vdso_end - STRIDE; slow += STRIDE) {
		if (!is_syscall((void *)slow))
			continue;
		result = vt_run_child(is_slow_here, path, "first call");
		if (result != VT_SKIP)
			return result;
	}
	slow = 0;
	VT_CHECK(path->entry->kind == BP_CPU, "%s: its first call is no system call",
		 path->entry->name);
	return VT_PASS;
}

/* One call with the breakpoints that are set, which made no system call? */
static bool is_warm_call(const struct bp_entry *e)
{
	if (slow && !bp_set(BP_AT_ONCE - 1, slow, NULL))
		return false;
	bp_get_ready(e);
	bp_vdso(e);
	bp_clear();
	return !slow || !bp_was_hit(BP_AT_ONCE - 1);
}

/* Is the instruction executed in the next warm call? -1: there is none. */
static int is_reached_once(const struct bp_entry *e, unsigned long at)
{
	int tries;

	for (tries = 0; tries < TRIES; tries++) {
		if (!bp_set(0, at, NULL))
			return -1;
		if (is_warm_call(e))
			return bp_was_hit(0);
		if (tries > 50)
			bp_pause();
	}
	vt_late("%s: %d calls are all system calls", e->name, tries);
	return -1;
}

/*
 * Is it in most warm calls? A call into which a switch comes executes others as well, to
 * begin anew. They are no part of the way.
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
		/* Two breakpoints at one place: it is not executed in a warm call. */
		hit = at == slow ? 0 : is_reached(path->entry, at);
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

/* Is @a executed before @b? -1: a failure. */
static int precedes(const struct bp_entry *e, unsigned long a, unsigned long b)
{
	int i;

	for (i = 0; i < TRIES; i++) {
		if (!bp_set(0, a, NULL) || !bp_set(1, b, NULL))
			return -1;
		if (is_warm_call(e) && bp_was_hit(0) && bp_was_hit(1))
			return bp_was_first(0);
		bp_pause();
	}
	vt_late("%s: %#lx and %#lx are not both reached", e->name, a, b);
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

/* From the function's first instruction, without a gap, to a return. */
static int check_whole(const struct bp_path *path)
{
	unsigned int i;

	for (i = 0; i < path->n; i++)
		VT_CHECK(!is_syscall((void *)path->step[i]),
			 "%s: a warm call makes a system call", path->entry->name);
	VT_CHECK(path->n && path->step[0] == (unsigned long)path->entry->fn,
		 "%s: its first instruction is not reached", path->entry->name);
	for (i = 1; i < path->n; i++) {
		unsigned long last = path->step[i - 1];

		VT_CHECK(path->step[i] - last - 1 < LONGEST ||
			 is_branch((void *)last),
			 "%s: nothing is reached after %#lx", path->entry->name,
			 last);
	}
	VT_CHECK(is_branch((void *)path->step[path->n - 1]),
		 "%s: its last instruction is no return", path->entry->name);
	return VT_PASS;
}

int bp_find_path(const struct bp_entry *e, struct bp_path *path)
{
	struct vt_maps m;

	path->entry = e;
	if (!vt_read_maps(&m, 0))
		return VT_FAIL;
	return find_slow(path, &m) ?: scan(path, &m) ?: sort(path) ?: check_whole(path);
}
