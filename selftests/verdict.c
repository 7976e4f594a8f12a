// SPDX-License-Identifier: GPL-2.0
/*
 * Failures are of two kinds, see vt.h. Processes of a case report them into
 * struct vt_said, so a caller that only knows that something failed can return
 * VT_FAIL: vt_settle() turns that into VT_LATE if nothing but limits was reported.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "verdict.h"
#include "vt.h"

static struct vt_said own;
struct vt_said *vt_said = &own;

static void print_line(const char *prefix, const char *fmt, va_list ap)
{
	printf("# %s", prefix);
	vprintf(fmt, ap);
	printf("\n");
	fflush(stdout);
}

int vt_fail(const char *fmt, ...)
{
	va_list ap;

	__atomic_fetch_add(&vt_said->nr_wrong, 1, __ATOMIC_SEQ_CST);
	va_start(ap, fmt);
	print_line("", fmt, ap);
	va_end(ap);
	return VT_FAIL;
}

void vt_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_line("", fmt, ap);
	va_end(ap);
}

int vt_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(vt_said->skip, VT_REASON_SIZE, fmt, ap);
	va_end(ap);
	return VT_SKIP;
}

/* The signal that ended process @pid of @group if it is a zombie, or 0. */
static int fatal_signal(const char *pid, pid_t group)
{
	char path[280], line[1024] = "", state;
	const char *rest, *last;
	int in_group, status;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	f = fopen(path, "r");
	if (!f)
		return 0;
	rest = fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
	fclose(f);
	last = strrchr(line, ' ');	/* the last field is the exit status */
	if (!rest || sscanf(rest, ") %c %*d %d", &state, &in_group) != 2)
		return 0;
	status = atoi(last);
	return state == 'Z' && in_group == group && WIFSIGNALED(status) ?
	       WTERMSIG(status) : 0;
}

/*
 * A wait for a process that has crashed ends at its limit, but time is not the
 * cause. Cases end their own processes with SIGKILL.
 */
static int crashed_process(pid_t group)
{
	DIR *dir = group ? opendir("/proc") : NULL;
	struct dirent *entry;
	int sig = 0;

	while (dir && !sig && (entry = readdir(dir))) {
		if (isdigit(entry->d_name[0]))
			sig = fatal_signal(entry->d_name, group);
		if (sig == SIGKILL)
			sig = 0;
	}
	if (dir)
		closedir(dir);
	return sig;
}

int vt_late(const char *fmt, ...)
{
	int error = errno, sig = crashed_process(vt_said->group);
	va_list ap;

	errno = error;
	va_start(ap, fmt);
	if (!__atomic_fetch_add(&vt_said->nr_late, 1, __ATOMIC_SEQ_CST)) {
		va_list copy;

		va_copy(copy, ap);
		vsnprintf(vt_said->late, VT_REASON_SIZE, fmt, copy);
		va_end(copy);
	}
	print_line("late: ", fmt, ap);
	va_end(ap);
	return sig ? vt_fail("a process was killed by signal %d", sig) : VT_LATE;
}

int vt_settle(int result)
{
	if (result & (VT_FAIL | VT_LATE)) {
		if (vt_said->nr_wrong)
			return VT_FAIL;
		return vt_said->nr_late || !(result & VT_FAIL) ? VT_LATE : VT_FAIL;
	}
	return result;
}

int vt_judge(const char *who, int status)
{
	int code = WEXITSTATUS(status);

	if (!WIFEXITED(status))
		return vt_fail("%s: killed by signal %d", who, WTERMSIG(status));
	switch (code) {
	case VT_PASS:
	case VT_SKIP:
		return code;
	case VT_FAIL:	/* its message is its own */
		__atomic_fetch_add(&vt_said->nr_wrong, 1, __ATOMIC_SEQ_CST);
		return code;
	case VT_LATE:	/* of an executed image only the status comes here */
		return vt_said->nr_late ? code : vt_late("%s was late", who);
	}
	return vt_fail("%s: exit status %d", who, code);
}

int vt_reap(pid_t pid, const char *who)
{
	int status;

	if (pid < 0)
		return vt_fail("%s: could not be started: %m", who);
	while (waitpid(pid, &status, __WALL) != pid)
		if (errno != EINTR)
			return vt_fail("%s: wait: %m", who);
	return vt_judge(who, status);
}

int vt_finish(int result, pid_t pid, const char *who)
{
	int status = 0;

	if (!result)
		return vt_reap(pid, who);
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status))
		;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return result;
	return result | vt_judge(who, status);
}
