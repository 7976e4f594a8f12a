// SPDX-License-Identifier: GPL-2.0
/*
 * A process can read its own area, move it, and give it up (unmap it, map over it); user
 * space can do nothing else to it.
 *
 * Fails when: the VMA has VM_MAYWRITE or VM_MAYEXEC, the fault handler inserts a
 * writable entry or serves a foreign access, get_user_pages() gets a page, or the
 * kernel fails over a [vvar] that was unmapped or mapped over.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "ids.h"
#include "mapping_parts.h"
#include "records.h"

static struct vt_maps m;

static int setup(void)
{
	if (vt_ids_init() || !vt_promote() || !vt_read_maps(&m, 0))
		return VT_FAIL;
	return VT_PASS;
}

/* The answers are still right, here and in a new process. */
static int new_child(void *arg)
{
	(void)arg;
	return vt_result(vt_promoted_and_same("new process"));
}

static int all_well(void)
{
	if (!vt_same_now("afterwards") || vt_run_child(new_child, NULL, "new process"))
		return VT_FAIL;
	return VT_PASS;
}

int check_mprotect(const void *arg)
{
	static const int prots[] = {
		PROT_WRITE, PROT_READ | PROT_WRITE, PROT_EXEC,
		PROT_READ | PROT_EXEC, PROT_READ | PROT_WRITE | PROT_EXEC,
	};
	long size = sysconf(_SC_PAGESIZE);
	unsigned int i;

	(void)arg;
	if (setup())
		return VT_FAIL;
	for (i = 0; i < VT_ARRAY_SIZE(prots); i++) {
		VT_CHECK(mprotect((void *)(m.area - size), size, prots[i]) &&
			 errno == EACCES, "mprotect(%d) of a page: %m", prots[i]);
		VT_CHECK(mprotect((void *)m.vvar, m.vvar_end - m.vvar,
				  prots[i]) && errno == EACCES,
			 "mprotect(%d) of [vvar]: %m", prots[i]);
	}
	/* PROT_NONE and PROT_READ are allowed and change no answer. */
	VT_NEED(!mprotect((void *)m.vvar, m.vvar_end - m.vvar, PROT_NONE));
	VT_NEED(!mprotect((void *)m.vvar, m.vvar_end - m.vvar, PROT_READ));
	return all_well();
}

static void *record_address(void)
{
	return (void *)vt_record(&m, vt_own_locator(&m));
}

static int write_record(void *arg)
{
	(void)arg;
	*(volatile int *)record_address() = 1;
	return VT_FAIL;
}

static int write_first(void *arg)
{
	(void)arg;
	*(volatile int *)vt_record(&m, 0) = 1;
	return VT_FAIL;
}

static int jump_to_record(void *arg)
{
	(void)arg;
	((void (*)(void))record_address())();
	return VT_FAIL;
}

/* @fn in a child that has a record must die of SIGSEGV or SIGBUS. */
static int must_die(int (*fn)(void *), const char *what)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		if (!vt_promote())
			_exit(vt_final_result(VT_FAIL));
		_exit(fn(NULL));
	}
	VT_NEED(waitpid(pid, &status, 0) == pid);
	VT_CHECK(WIFSIGNALED(status) && (WTERMSIG(status) == SIGSEGV ||
					 WTERMSIG(status) == SIGBUS),
		 "%s: no SIGSEGV or SIGBUS, wait status %#x", what, status);
	return VT_PASS;
}

int check_user_write(const void *arg)
{
	(void)arg;
	if (setup() || must_die(write_record, "store to a record") ||
	    must_die(write_first, "store to record 0") ||
	    must_die(jump_to_record, "jump to a record"))
		return VT_FAIL;
	return all_well();
}

/* Reads and writes of the area through @fd, a /proc/PID/mem, must fail. */
static int mem_refused(int fd, const char *name)
{
	unsigned long where[] = { (unsigned long)record_address(),
				  (unsigned long)vt_record(&m, 0), m.vvar };
	char buf[8] = "xxxxxxx";
	unsigned int i;

	for (i = 0; i < VT_ARRAY_SIZE(where); i++) {
		VT_CHECK(pwrite(fd, buf, 8, where[i]) == -1,
			 "%s: wrote to the area", name);
		VT_CHECK(pread(fd, buf, 8, where[i]) == -1,
			 "%s: read the area", name);
	}
	return VT_PASS;
}

int check_own_mem(const void *arg)
{
	int fd, result;

	(void)arg;
	if (setup())
		return VT_FAIL;
	fd = open("/proc/self/mem", O_RDWR);
	VT_NEED(fd >= 0);
	result = mem_refused(fd, "own /proc/self/mem");
	close(fd);
	return result ? result : all_well();
}

/* Accesses the area of a child that has a record, from its parent. */
static int remote_access(pid_t pid)
{
	char path[64], buf[8] = { 0 };
	struct iovec local = { buf, sizeof(buf) }, remote = { NULL, 8 };
	int fd, result;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR);
	VT_NEED(fd >= 0);
	result = mem_refused(fd, "/proc/PID/mem of another process");
	close(fd);
	remote.iov_base = record_address();
	if (syscall(__NR_process_vm_readv, pid, &local, 1, &remote, 1, 0) != -1)
		result = vt_fail("process_vm_readv reads the area");
	else if (errno == ENOSYS)
		vt_note("no process_vm_readv in this kernel");
	if (syscall(__NR_process_vm_writev, pid, &local, 1, &remote, 1, 0) != -1)
		result = vt_fail("process_vm_writev writes the area");
	return result;
}

/* Forks, so the child's [vvar] has the address of the parent's, and promotes the child. */
static int with_promoted_child(int (*fn)(pid_t pid))
{
	volatile int *step = vt_shared(sizeof(*step) * 2);
	int result;
	pid_t pid;

	VT_NEED(step);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		if (!vt_promote())
			_exit(vt_final_result(VT_FAIL));
		vt_store(&step[0], 1);
		_exit(vt_await_in_time(&step[1], 1, 20000, "the parent's request to exit") ?:
		      !vt_same_now("child afterwards"));
	}
	VT_IN_TIME(vt_await(&step[0], 1, 10000), "the child gets no record");
	result = fn(pid);
	vt_store(&step[1], 1);
	return vt_reap(pid, "child") ? VT_FAIL : result;
}

int check_other_mem(const void *arg)
{
	int result;

	(void)arg;
	if (setup())
		return VT_FAIL;
	result = with_promoted_child(remote_access);
	return result ? result : all_well();
}

static int poke(pid_t pid)
{
	void *slot = record_address();
	int status, result = VT_PASS;

	VT_NEED(!ptrace(PTRACE_ATTACH, pid, NULL, NULL));
	VT_NEED(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
	errno = 0;
	if (ptrace(PTRACE_POKEDATA, pid, slot, 1) != -1)
		result = vt_fail("PTRACE_POKEDATA writes the area");
	errno = 0;
	if (ptrace(PTRACE_PEEKDATA, pid, slot, NULL) != -1 || !errno)
		result = vt_fail("PTRACE_PEEKDATA reads the area");
	VT_NEED(!ptrace(PTRACE_DETACH, pid, NULL, NULL));
	return result;
}

int check_ptrace_poke(const void *arg)
{
	int result;

	(void)arg;
	if (setup())
		return VT_FAIL;
	result = with_promoted_child(poke);
	return result ? result : all_well();
}

/* The VmFlags line of the mapping that contains @addr. */
static bool vm_flags(unsigned long addr, char *flags, size_t size)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long start, end;
	char line[512];
	bool inside = false;

	flags[0] = 0;
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			inside = addr >= start && addr < end;
		if (inside && !strncmp(line, "VmFlags:", 8))
			snprintf(flags, size, " %.200s", line + 8);
	}
	if (f)
		fclose(f);
	return flags[0];
}

int check_vm_flags(const void *arg)
{
	static const char * const bad[] = { " wr ", " ex ", " mw ", " me ",
					    " sh ", " ms " };
	char flags[256];
	unsigned int i;

	(void)arg;
	if (setup())
		return VT_FAIL;
	if (!vm_flags(m.vvar, flags, sizeof(flags)))
		return vt_skip("no VmFlags in this kernel's /proc/PID/smaps");
	VT_CHECK(strstr(flags, " rd "), "[vvar] lacks VmFlag rd:%s", flags);
	VT_CHECK(strstr(flags, " dd "), "[vvar] lacks VmFlag dd (VM_DONTDUMP):%s", flags);
	VT_CHECK(strstr(flags, " de "), "[vvar] lacks VmFlag de (VM_DONTEXPAND):%s", flags);
	for (i = 0; i < VT_ARRAY_SIZE(bad); i++)
		VT_CHECK(!strstr(flags, bad[i]), "[vvar] has VmFlag%s:%s", bad[i], flags);
	return VT_PASS;
}

static int unmap_and_call(void *arg)
{
	(void)arg;
	if (munmap((void *)m.vvar, m.vvar_end - m.vvar))
		return VT_FAIL;
	vt_vdso_answers();
	return VT_FAIL;
}

/* A process that unmaps [vvar] dies at its next call; no other process does. */
int check_unmap(const void *arg)
{
	(void)arg;
	if (setup() || must_die(unmap_and_call, "call without [vvar]"))
		return VT_FAIL;
	return all_well();
}

static int same_child(void *arg)
{
	(void)arg;
	return vt_result(vt_same_now("child with anonymous [vvar]"));
}

/* Anonymous memory in place of [vvar]: the reader loads zeros and falls back. */
static int map_over(void *arg)
{
	size_t size = m.vvar_end - m.vvar;

	(void)arg;
	if (!vt_promote())
		return VT_FAIL;
	VT_NEED(mmap((void *)m.vvar, size, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		     MAP_ANONYMOUS | MAP_FIXED, -1, 0) == (void *)m.vvar);
	return vt_result(vt_same_now("with anonymous [vvar]") &&
			 !vt_run_child(same_child, NULL, "its child"));
}

int check_overmap(const void *arg)
{
	(void)arg;
	if (setup())
		return VT_FAIL;
	VT_NEED(vt_has_area(&m));
	if (vt_run_child(map_over, NULL, "child"))
		return VT_FAIL;
	return all_well();
}

int check_madvise(const void *arg)
{
	static const int advice[] = {
		MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED,
		MADV_DONTNEED, MADV_FREE, MADV_REMOVE, MADV_MERGEABLE,
		MADV_UNMERGEABLE, MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_DODUMP,
		MADV_DONTDUMP, MADV_WIPEONFORK, MADV_KEEPONFORK, MADV_DOFORK,
		MADV_COLD, MADV_PAGEOUT, 22 /* MADV_POPULATE_READ */,
		23 /* MADV_POPULATE_WRITE */, 24 /* MADV_DONTNEED_LOCKED */,
	};
	unsigned int i;
	char flags[256];

	(void)arg;
	if (setup())
		return VT_FAIL;
	for (i = 0; i < VT_ARRAY_SIZE(advice); i++) {
		madvise((void *)m.vvar, m.area - m.vvar, advice[i]);
		if (!vt_same_now("after madvise") || !vt_promote())
			return vt_fail("after madvise(%d)", advice[i]);
	}
	if (vm_flags(m.vvar, flags, sizeof(flags)))
		VT_CHECK(strstr(flags, " dd "), "madvise() cleared VM_DONTDUMP:%s", flags);
	return all_well();
}

int check_mlock(const void *arg)
{
	(void)arg;
	if (setup())
		return VT_FAIL;
	mlock((void *)m.vvar, m.vvar_end - m.vvar);
	if (!vt_same_now("after mlock"))
		return VT_FAIL;
	mlockall(MCL_CURRENT | MCL_FUTURE);
	if (!vt_same_now("after mlockall"))
		return VT_FAIL;
	munlockall();
	return all_well();
}
