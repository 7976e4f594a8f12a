// SPDX-License-Identifier: GPL-2.0
/* Cases that end in every way in which a case can, for test_vt.py. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "vt.h"

static int body_good(void *arg)
{
	(void)arg;
	return VT_PASS;
}

static int body_late(void *arg)
{
	(void)arg;
	return vt_late("the child's flag");
}

static int body_wrong(void *arg)
{
	(void)arg;
	return vt_fail("the child's answer");
}

static int body_crash(void *arg)
{
	(void)arg;
	raise(SIGSEGV);
	return VT_PASS;
}

static int body_sleep(void *arg)
{
	(void)arg;
	pause();
	return VT_PASS;
}

/* A child that has exited and is not reaped. */
static pid_t ended_child(int (*body)(void *))
{
	pid_t pid = vt_child(body, NULL);
	siginfo_t info;

	waitid(P_PID, pid, &info, WEXITED | WNOWAIT);
	return pid;
}

static int good(const void *arg)
{
	(void)arg;
	return VT_PASS;
}

static int skipped(const void *arg)
{
	(void)arg;
	return vt_skip("not here");
}

static int wrong(const void *arg)
{
	(void)arg;
	VT_CHECK(0, "an answer");
	return VT_PASS;
}

static int silent(const void *arg)
{
	(void)arg;
	return VT_FAIL;
}

static int late(const void *arg)
{
	(void)arg;
	VT_IN_TIME(0, "flag %d", 7);
	return VT_PASS;
}

static bool not_in_time(void)
{
	static const volatile int flag;

	return vt_await_in_time(&flag, 1, 1, "a flag") != VT_PASS;
}

/* not_in_time() returns no verdict to its caller, only that it failed. */
static int late_by_bool(const void *arg)
{
	(void)arg;
	return not_in_time() ? VT_FAIL : VT_PASS;
}

static int late_and_wrong(const void *arg)
{
	(void)arg;
	return vt_late("a flag") | vt_fail("an answer");
}

static int ignored(const void *arg)
{
	(void)arg;
	vt_late("a flag that does not matter");
	return VT_PASS;
}

static int crash(const void *arg)
{
	(void)arg;
	return body_crash(NULL);
}

static int child_late(const void *arg)
{
	(void)arg;
	return vt_run_child(body_late, NULL, "child") ? VT_FAIL : VT_PASS;
}

static int child_wrong_beside(const void *arg)
{
	int result;

	(void)arg;
	result = vt_reap(ended_child(body_wrong), "child");
	return vt_late("a flag") | result;
}

/* The parent waits for a flag that the crashed child would have set. */
static int child_crashed(const void *arg)
{
	(void)arg;
	ended_child(body_crash);
	return vt_late("a flag");
}

static int hung(const void *arg)
{
	(void)arg;
	return body_sleep(NULL);
}

static int hung_beside_crash(const void *arg)
{
	(void)arg;
	ended_child(body_crash);
	return body_sleep(NULL);
}

static int finished_late(const void *arg)
{
	(void)arg;
	return vt_finish(vt_late("a flag"), vt_child(body_sleep, NULL), "child");
}

static int finished_crash(const void *arg)
{
	pid_t pid = ended_child(body_crash);

	(void)arg;
	return vt_finish(VT_LATE, pid, "child");
}

static int finished_good(const void *arg)
{
	(void)arg;
	return vt_finish(VT_PASS, vt_child(body_good, NULL), "child");
}

static int image(const char *mode)
{
	pid_t pid = fork();

	if (!pid) {
		execl("/proc/self/exe", "kinds", mode, NULL);
		_exit(VT_FAIL);
	}
	return vt_reap(pid, "image");
}

static int image_late(const void *arg)
{
	(void)arg;
	return image("--late") ? VT_FAIL : VT_PASS;
}

static int image_wrong(const void *arg)
{
	(void)arg;
	return image("--wrong") ? VT_FAIL : VT_PASS;
}

static const struct vt_case all[] = {
	{ "good", good, NULL, 0 },
	{ "skipped", skipped, NULL, 0 },
	{ "wrong", wrong, NULL, 0 },
	{ "silent", silent, NULL, 0 },
	{ "late", late, NULL, 0 },
	{ "late-by-bool", late_by_bool, NULL, 0 },
	{ "late-and-wrong", late_and_wrong, NULL, 0 },
	{ "ignored", ignored, NULL, 0 },
	{ "crash", crash, NULL, 0 },
	{ "child-late", child_late, NULL, 0 },
	{ "child-wrong-beside", child_wrong_beside, NULL, 0 },
	{ "child-crashed", child_crashed, NULL, 0 },
	{ "hung", hung, NULL, 2 },
	{ "hung-beside-crash", hung_beside_crash, NULL, 2 },
	{ "finished-late", finished_late, NULL, 0 },
	{ "finished-crash", finished_crash, NULL, 0 },
	{ "finished-good", finished_good, NULL, 0 },
	{ "image-late", image_late, NULL, 0 },
	{ "image-wrong", image_wrong, NULL, 0 },
};

/* The cases that the arguments name, in that order. */
int main(int argc, char **argv)
{
	struct vt_case chosen[VT_ARRAY_SIZE(all)];
	unsigned int i, n = 0;

	if (argc == 2 && !strcmp(argv[1], "--late"))
		return vt_final_result(not_in_time() ? VT_FAIL : VT_PASS);
	if (argc == 2 && !strcmp(argv[1], "--wrong"))
		return vt_final_result(body_wrong(NULL));
	for (argv++; *argv && n < VT_ARRAY_SIZE(all); argv++)
		for (i = 0; i < VT_ARRAY_SIZE(all); i++)
			if (!strcmp(*argv, all[i].name))
				chosen[n++] = all[i];
	return vt_run(chosen, n);
}
