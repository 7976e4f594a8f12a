// SPDX-License-Identifier: GPL-2.0
/*
 * Breakpoints without a tracer: perf events of the calling thread, which send SIGTRAP
 * before the instruction is executed. They set no SYSCALL_WORK flag, so the vDSO still
 * answers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>

#include "breakpoints.h"
#include "context.h"

/* The length that each architecture demands of an execution breakpoint. */
#if defined(__aarch64__)
#define BP_LEN	HW_BREAKPOINT_LEN_4
#else
#define BP_LEN	sizeof(long)
#endif

/**
 * struct trap - a breakpoint
 * @fd:		the perf event
 * @set:	set, and not hit since
 * @address:	address of the instruction
 * @place:	position in the order of hits, from 1; 0: not hit
 * @event:	called when it is hit; may be NULL
 */
struct trap {
	int fd;
	bool set;
	unsigned long address;
	unsigned int place;
	bp_event event;
};

static struct trap traps[BP_AT_ONCE];
static unsigned int nr_hits;

static struct perf_event_attr attr_of(unsigned long address, bool disabled)
{
	return (struct perf_event_attr){
		.type = PERF_TYPE_BREAKPOINT,
		.size = sizeof(struct perf_event_attr),
		.sample_period = 1,
		.disabled = disabled,
		.exclude_kernel = 1,
		.exclude_hv = 1,
		.remove_on_exec = 1,
		.sigtrap = 1,
		.bp_type = HW_BREAKPOINT_X,
		.bp_addr = address,
		.bp_len = BP_LEN,
	};
}

/*
 * Disables the breakpoint before the read continues: arm64 single-steps from it into the
 * handler, and would hit it again when the handler returns.
 */
static void on_trap(int sig, siginfo_t *info, void *context)
{
	unsigned long pc = vt_pc(context);
	unsigned int i;

	(void)sig;
	(void)info;
	for (i = 0; i < BP_AT_ONCE; i++) {
		struct trap *trap = &traps[i];

		if (!trap->set || trap->address != pc)
			continue;
		trap->set = false;
		trap->place = ++nr_hits;
		vt_raw3(__NR_ioctl, trap->fd, PERF_EVENT_IOC_DISABLE, 0);
		if (trap->event)
			trap->event();
		return;
	}
}

int bp_open(void)
{
	struct sigaction sa = { .sa_sigaction = on_trap,
				.sa_flags = SA_SIGINFO | SA_NODEFER };
	unsigned int i;

	VT_NEED(!sigaction(SIGTRAP, &sa, NULL));
	for (i = 0; i < BP_AT_ONCE; i++) {
		struct perf_event_attr attr = attr_of((unsigned long)&traps, true);
		int fd = syscall(__NR_perf_event_open, &attr, 0, -1, -1, 0);

		if (fd < 0 && (errno == ENOSYS || errno == ENOENT ||
			       errno == EOPNOTSUPP || errno == EACCES))
			return vt_skip("no hardware breakpoints: %s", strerror(errno));
		VT_CHECK(fd >= 0, "perf_event_open: %m");
		traps[i] = (struct trap){ .fd = fd };
	}
	return VT_PASS;
}

bool bp_set(unsigned int which, unsigned long address, bp_event event)
{
	struct perf_event_attr attr = attr_of(address, false);
	struct trap *trap = &traps[which];

	*trap = (struct trap){ trap->fd, true, address, 0, event };
	nr_hits = 0;
	if (!ioctl(trap->fd, PERF_EVENT_IOC_MODIFY_ATTRIBUTES, &attr))
		return true;
	vt_fail("breakpoint at %#lx: %m", address);
	return false;
}

void bp_clear(void)
{
	unsigned int i;

	for (i = 0; i < BP_AT_ONCE; i++) {
		if (traps[i].set)
			ioctl(traps[i].fd, PERF_EVENT_IOC_DISABLE, 0);
		traps[i].set = false;
	}
}

bool bp_was_hit(unsigned int which)
{
	return traps[which].place;
}

bool bp_was_first(unsigned int which)
{
	return traps[which].place == 1;
}
