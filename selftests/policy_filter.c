// SPDX-License-Identifier: GPL-2.0
/* Filters for the system calls under test, and allow lists as containers have. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "ids.h"
#include "policy.h"

/* More than any architecture has; the list has an instruction pair for each. */
#define HIGHEST_NR	480

#if defined(__x86_64__)
#define NATIVE	AUDIT_ARCH_X86_64
#define COMPAT	AUDIT_ARCH_I386
#else
#define NATIVE	AUDIT_ARCH_AARCH64
#define COMPAT	AUDIT_ARCH_ARM
#endif

static struct sock_filter code[BPF_MAXINSNS];
static struct sock_fprog prog = { 0, code };

static void emit(unsigned short op, unsigned char jt, unsigned char jf,
		 unsigned int k)
{
	code[prog.len++] = (struct sock_filter)BPF_JUMP(op, k, jt, jf);
}

static void load(size_t offset)
{
	emit(BPF_LD | BPF_W | BPF_ABS, 0, 0, offset);
}

static void verdict_for(unsigned int nr, unsigned int verdict)
{
	emit(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, nr);
	emit(BPF_RET | BPF_K, 0, 0, verdict);
}

static int install(unsigned int flags)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return vt_raw3(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
}

int policy_no_seccomp(void)
{
	if (prctl(PR_GET_SECCOMP) == -1 && errno == EINVAL)
		return vt_skip("this kernel has no CONFIG_SECCOMP");
	return VT_PASS;
}

int policy_filter(unsigned int flags, unsigned int verdict)
{
	unsigned int i;

	prog.len = 0;
	load(offsetof(struct seccomp_data, nr));
	for (i = 0; i < vt_nr_ids; i++)
		verdict_for(vt_ids[i].nr, verdict);
	emit(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
	return install(flags);
}

static bool denied(unsigned int nr, unsigned int mask)
{
	unsigned int i;

	for (i = 0; i < vt_nr_ids; i++)
		if (mask & 1u << i && vt_ids[i].nr == (long)nr)
			return true;
	return false;
}

static void emit_list(unsigned int mask)
{
	unsigned int nr;

	load(offsetof(struct seccomp_data, nr));
	for (nr = 0; nr <= HIGHEST_NR; nr++)
		if (!denied(nr, mask))
			verdict_for(nr, SECCOMP_RET_ALLOW);
	emit(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EPERM);
}

int policy_allow_list(unsigned int mask)
{
	unsigned short over;

	prog.len = 0;
	load(offsetof(struct seccomp_data, arch));
	emit(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, NATIVE);
	over = prog.len;
	emit(BPF_JMP | BPF_JA, 0, 0, 0);
	emit_list(mask);
	code[over].k = prog.len - over - 1;
	emit(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, COMPAT);
	emit(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_THREAD);
	emit_list(0);
	return install(0);
}

int policy_argument_filter(unsigned int entry, unsigned int argument)
{
	prog.len = 0;
	load(offsetof(struct seccomp_data, nr));
	emit(BPF_JMP | BPF_JEQ | BPF_K, 0, 3, vt_ids[entry].nr);
	load(offsetof(struct seccomp_data, args[0]));
	emit(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, argument);
	emit(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EPERM);
	emit(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
	return install(0);
}

int policy_answers(int want, const char *where)
{
	unsigned int i;

	for (i = 0; i < vt_nr_ids; i++) {
		int got = vt_ids[i].fn();

		VT_CHECK(got == want, "%s: %s returns %d, the filter's error is %d",
			 where, vt_ids[i].name, got, want);
	}
	return VT_PASS;
}
