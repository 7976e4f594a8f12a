// SPDX-License-Identifier: GPL-2.0
/*
 * Audit wants to see each system call of every task that was forked since it was
 * first enabled, with or without a rule, unless a rule says never.
 *
 * Fails when: answers are stored for an audited task (audited), a task that is not
 * audited is taken for one (off, never-rule; audited: the parent), or the decision is
 * kept in something that a child inherits.
 *
 * It cannot be undone that audit was enabled once: each new task is audited
 * until the next boot. So at the end of each case the rule is there that
 * excepts all, and stays.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "ids.h"
#include "stats.h"

#define CALLS	2000

struct request {
	struct nlmsghdr head;
	union {
		struct audit_status status;
		struct audit_rule_data rule;
	};
};

struct answer {
	struct nlmsghdr head;
	union {
		struct nlmsgerr error;
		struct audit_status status;
		char space[8192];
	};
};

/* The first message that comes back; 0 or -errno of the exchange. */
static int exchange(int type, int flags, const void *payload, size_t size,
		    struct answer *a)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct request r = { .head = {
		.nlmsg_len = NLMSG_LENGTH(size), .nlmsg_type = type,
		.nlmsg_flags = NLM_F_REQUEST | flags, .nlmsg_seq = 1 } };
	int error = 0;

	if (fd < 0)
		return -errno;
	if (size)
		memcpy(NLMSG_DATA(&r.head), payload, size);
	if (sendto(fd, &r, r.head.nlmsg_len, 0, (struct sockaddr *)&kernel,
		   sizeof(kernel)) < 0 || recv(fd, a, sizeof(*a), 0) <= 0)
		error = -errno;
	close(fd);
	return error;
}

/* 0 or -errno as the kernel acknowledges it. */
static int ask(int type, const void *payload, size_t size)
{
	struct answer a;
	int error = exchange(type, NLM_F_ACK, payload, size, &a);

	if (error)
		return error;
	return a.head.nlmsg_type == NLMSG_ERROR ? a.error.error : -EPROTO;
}

/* Whether audit is on now, or -errno. */
static int enabled(void)
{
	struct answer a;
	int error = exchange(AUDIT_GET, 0, NULL, 0, &a);

	if (error)
		return error;
	if (a.head.nlmsg_type == NLMSG_ERROR)
		return a.error.error ? a.error.error : -EPROTO;
	return a.head.nlmsg_type == AUDIT_GET ? (int)a.status.enabled : -EPROTO;
}

static int enable(int on)
{
	struct audit_status status = { .mask = AUDIT_STATUS_ENABLED,
				       .enabled = on };

	return ask(AUDIT_SET, &status, sizeof(status));
}

/* The rule "never,task". */
static int except_all(int how)
{
	struct audit_rule_data rule = { .flags = AUDIT_FILTER_TASK,
					.action = AUDIT_NEVER };
	int error = ask(how, &rule, sizeof(rule));

	return error == -EEXIST || error == -ENOENT ? 0 : error;
}

/* Shared by the cases with the runner, which tidies up after them. */
static volatile int *touched;

static void leave_quietly(void)
{
	if (!touched || !*touched)
		return;
	if (except_all(AUDIT_ADD_RULE) || enable(0))
		vt_fail("audit stays on: later tests will see system calls only");
}

static int setup(void)
{
	int result = vt_stats_init(), now;

	if (result)
		return result;
	if (geteuid())
		return vt_skip("audit needs root");
	now = enabled();
	if (now == -EPROTONOSUPPORT)
		return vt_skip("needs CONFIG_AUDIT");
	if (now > 0)
		return vt_skip("audit is in use");
	VT_CHECK(!now && touched, "AUDIT_GET: %s", strerror(-now));
	*touched = 1;
	VT_CHECK(!except_all(AUDIT_ADD_RULE), "no rule for tasks");
	return vt_ids_init() || !vt_promote() ? VT_FAIL : VT_PASS;
}

static int fast_body(void *arg)
{
	return vt_promoted_and_same(arg) ? VT_PASS : VT_FAIL;
}

/* No field, the right answers, and each call is made. */
static int slow_body(void *arg)
{
	struct vt_answers want = vt_raw_answers();
	long before = vt_fallbacks(), made;
	int i;

	(void)arg;
	for (i = 0; i < CALLS; i++)
		if (!vt_same(&want, "audited"))
			return VT_FAIL;
	made = vt_fallbacks() - before;
	VT_CHECK(made >= (long)(CALLS * vt_nr_ids), "%d calls each, %ld made",
		 CALLS, made);
	return vt_promote_but((1u << vt_nr_ids) - 1) ? VT_PASS : VT_FAIL;
}

static int no_thread(void *arg)
{
	return fast_body(arg) || vt_run_child(fast_body, arg, "grandchild");
}

/* Enabled, without any rule: a child is seen, its parent is as it was. */
static int check_audited(const void *arg)
{
	int result = setup();

	(void)arg;
	if (result)
		return result;
	VT_NEED(!except_all(AUDIT_DEL_RULE) && !enable(1));
	if (!vt_promoted_and_same("forked before") ||
	    vt_run_child(slow_body, NULL, "audited child"))
		return VT_FAIL;
	return vt_promoted_and_same("forked before, later") ? VT_PASS : VT_FAIL;
}

/* Disabled again: what is forked now is audited all the same. */
static int check_was_enabled(const void *arg)
{
	int result = setup();

	(void)arg;
	if (result)
		return result;
	VT_NEED(!enable(1) && !enable(0) && !except_all(AUDIT_DEL_RULE));
	return vt_run_child(slow_body, NULL, "child");
}

static int check_never(const void *arg)
{
	int result = setup();

	(void)arg;
	if (result)
		return result;
	VT_NEED(!enable(1));
	return vt_run_child(no_thread, "under never,task", "child");
}

static int check_off(const void *arg)
{
	int result = setup();

	(void)arg;
	return result ? result : vt_run_child(no_thread, "audit off", "child");
}

int main(void)
{
	static const struct vt_case cases[] = {
		{ "off", check_off, NULL, 0 },
		{ "audited", check_audited, NULL, 60 },
		{ "was-enabled", check_was_enabled, NULL, 60 },
		{ "never-rule", check_never, NULL, 0 },
	};

	touched = vt_shared(sizeof(*touched));
	vt_cleanup(leave_quietly);
	return vt_run(cases, VT_ARRAY_SIZE(cases));
}
