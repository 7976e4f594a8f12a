// SPDX-License-Identifier: GPL-2.0
/*
 * VT_FAIL and VT_LATE, see vt.h. The processes of a case count their failures in
 * struct vt_reports, so a function that does not know which of the two occurred can
 * return VT_FAIL: vt_final_result() turns it into VT_LATE if only vt_late() was called.
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

static struct vt_reports own;
struct vt_reports *vt_reports = &own;

int vt_print(int result, const char *fmt, ...)
{
	va_list ap;

	printf("# ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	return result;
}

int vt_count_wrong(void)
{
	__atomic_fetch_add(&vt_reports->nr_wrong, 1, __ATOMIC_SEQ_CST);
	return VT_FAIL;
}

int vt_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(vt_reports->skip, VT_REASON_SIZE, fmt, ap);
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
	last = strrchr(line, ' ');	/* the last field is the wait status */
	if (!rest || sscanf(rest, ") %c %*d %d", &state, &in_group) != 2)
		return 0;
	status = atoi(last);
	return state == 'Z' && in_group == group && WIFSIGNALED(status) ?
	       WTERMSIG(status) : 0;
}

/*
 * The signal that killed a zombie of the group, or 0. A wait for a crashed process
 * ends at its time limit, but the crash is the failure. SIGKILL does not count: cases
 * end their own processes with it.
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
	int error = errno, sig = crashed_process(vt_reports->group);
	char reason[VT_REASON_SIZE];
	va_list ap;

	errno = error;
	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	if (!__atomic_fetch_add(&vt_reports->nr_late, 1, __ATOMIC_SEQ_CST))
		snprintf(vt_reports->late, VT_REASON_SIZE, "%s", reason);
	vt_note("late: %s", reason);
	return sig ? vt_fail("a process of the case was killed by signal %d", sig) : VT_LATE;
}

int vt_final_result(int result)
{
	if (result & (VT_FAIL | VT_LATE)) {
		if (vt_reports->nr_wrong)
			return VT_FAIL;
		return vt_reports->nr_late || !(result & VT_FAIL) ? VT_LATE : VT_FAIL;
	}
	return result;
}

int vt_decode_status(const char *name, int status)
{
	int code = WEXITSTATUS(status);

	if (!WIFEXITED(status))
		return vt_fail("%s: killed by signal %d", name, WTERMSIG(status));
	switch (code) {
	case VT_PASS:
	case VT_SKIP:
		return code;
	case VT_FAIL:	/* the process has printed a message */
		return vt_count_wrong();
	case VT_LATE:	/* after exec, a process does not count in vt_reports */
		return vt_reports->nr_late ? code : vt_late("%s exceeded a time limit", name);
	}
	return vt_fail("%s: exit status %d", name, code);
}

int vt_reap(pid_t pid, const char *name)
{
	int status;

	if (pid < 0)
		return vt_fail("%s: fork: %m", name);
	while (waitpid(pid, &status, __WALL) != pid)
		if (errno != EINTR)
			return vt_fail("%s: waitpid: %m", name);
	return vt_decode_status(name, status);
}

int vt_finish(int result, pid_t pid, const char *name)
{
	int status = 0;

	if (!result)
		return vt_reap(pid, name);
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status))
		;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return result;
	return result | vt_decode_status(name, status);
}
