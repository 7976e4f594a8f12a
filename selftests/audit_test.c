// SPDX-License-Identifier: GPL-2.0
/*
 * Once audit was enabled, it must see each system call of every task that is forked
 * from then on, with or without a rule, unless a "never,task" rule excludes the task.
 *
 * Fails when: a refresh stores answers for an audited task (audited), a task that is not
 * audited is treated as one (off, never-rule; audited: the parent), or the decision is
 * kept in something that a child inherits.
 *
 * Enabling audit cannot be undone: each new task is audited until the next boot. So each
 * case ends with the rule "never,task" in place, and the rule stays.
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

/* Sends a request, receives the first message into @a. Returns 0 or -errno. */
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

/* Sends a request. Returns 0 or -errno from the kernel's acknowledgement. */
static int send_request(int type, const void *payload, size_t size)
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

	return send_request(AUDIT_SET, &status, sizeof(status));
}

/* Adds or deletes the rule "never,task". */
static int never_task_rule(int type)
{
	struct audit_rule_data rule = { .flags = AUDIT_FILTER_TASK,
					.action = AUDIT_NEVER };
	int error = send_request(type, &rule, sizeof(rule));

	return error == -EEXIST || error == -ENOENT ? 0 : error;
}

/* Set by a case that changes audit's state, for the runner to restore it. */
static volatile int *touched;

static void restore_audit(void)
{
	if (!touched || !*touched)
		return;
	if (never_task_rule(AUDIT_ADD_RULE) || enable(0))
		vt_fail("audit stays enabled: records answer no later test");
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
		return vt_skip("audit is enabled already");
	VT_CHECK(!now && touched, "AUDIT_GET: %s", strerror(-now));
	*touched = 1;
	VT_CHECK(!never_task_rule(AUDIT_ADD_RULE),
		 "cannot add the rule never,task");
	return vt_result(!vt_ids_init() && vt_promote());
}

static int answered_body(void *arg)
{
	return vt_result(vt_promoted_and_same(arg));
}

/* The record has no answers; each call falls back and returns the right id. */
static int audited_body(void *arg)
{
	struct vt_answers want = vt_raw_answers();
	long before = vt_fallbacks(), fallbacks;
	int i;

	(void)arg;
	for (i = 0; i < CALLS; i++)
		if (!vt_same(&want, "audited"))
			return VT_FAIL;
	fallbacks = vt_fallbacks() - before;
	VT_CHECK(fallbacks >= (long)(CALLS * vt_nr_ids),
		 "%d calls of each entry, %ld fell back", CALLS, fallbacks);
	return vt_result(vt_promote_but((1u << vt_nr_ids) - 1));
}

/* Records answer this process and its child. */
static int unaudited_body(void *arg)
{
	return answered_body(arg) ||
	       vt_run_child(answered_body, arg, "grandchild");
}

/* Enabled without a rule: a new child is audited, its parent is not. */
static int check_audited(const void *arg)
{
	int result = setup();

	(void)arg;
	if (result)
		return result;
	VT_NEED(!never_task_rule(AUDIT_DEL_RULE) && !enable(1));
	if (!vt_promoted_and_same("forked before audit was enabled") ||
	    vt_run_child(audited_body, NULL, "audited child"))
		return VT_FAIL;
	return vt_result(vt_promoted_and_same("parent of an audited child"));
}

/* Disabled again: a task that is forked now is audited all the same. */
static int check_was_enabled(const void *arg)
{
	int result = setup();

	(void)arg;
	if (result)
		return result;
	VT_NEED(!enable(1) && !enable(0) && !never_task_rule(AUDIT_DEL_RULE));
	return vt_run_child(audited_body, NULL, "child");
}

static int check_never(const void *arg)
{
	int result = setup();

	(void)arg;
	if (result)
		return result;
	VT_NEED(!enable(1));
	return vt_run_child(unaudited_body, "under never,task", "child");
}

static int check_off(const void *arg)
{
	int result = setup();

	(void)arg;
	return result ? result : vt_run_child(unaudited_body, "audit off", "child");
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
	vt_cleanup(restore_audit);
	return vt_run(cases, VT_ARRAY_SIZE(cases));
}
