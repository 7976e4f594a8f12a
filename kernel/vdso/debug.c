// SPDX-License-Identifier: GPL-2.0
/*
 * Task records: races and faults on demand, for tests.
 *
 * /sys/kernel/debug/vdso_task/delays has one line per delay point, "NAME USEC PID".
 * Writing "NAME USEC [PID]" makes each task that reaches the point wait USEC
 * microseconds. With a PID other than 0, only a point that is about a thread of that
 * process (ID in the initial namespace) waits. A point is about the incoming task in
 * publish, the invalidated one in begin, change and end, the running one in wakeup and
 * tick, the moved one in move, a thread of the process in sync, else the current task.
 * Writing "off" ends all delays. The wait is busy, as most points hold locks.
 *
 *   publish   in a publication, after seq++ on x86 and before the other stores
 *   refresh   in a refresh, before it computes the answers
 *   computed  in a refresh, before it stores the answers
 *   stored    in a refresh, after that and before begin and end are compared
 *   begin     in an invalidation by another task, before the record is zeroed
 *   change    in an invalidation by another task, before the change itself
 *   end       in an invalidation by another task, after the change itself
 *   drop      after current changed its own answers, before its record is zeroed
 *   fault     in a fault, before the zero page is mapped
 *   map       in a fault, before a page of the area is mapped
 *   wakeup    in a wakeup, after the runqueue's clock was updated and before the
 *             running task is marked for rescheduling
 *   tick      in a tick, before the runqueue's clock is updated
 *   move      in a move to another CPU, when the task is on no runqueue
 *   sync      in a system call for a process's time, before its threads are synced
 *
 * /sys/kernel/debug/vdso_task/clock takes "change", a change of sched_clock() that
 * changes nothing, and "unstable", which marks sched_clock() unstable where the kernel
 * can.
 *
 * /sys/kernel/debug/vdso_task/inject_bad_cpu has the number of a CPU, or -1: that CPU
 * fails each later check of its number.
 */

#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/init.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "internal.h"

#define MAX_USEC	1000000

DEFINE_STATIC_KEY_FALSE(vdso_task_delay_key);

static struct {
	const char	*name;
	unsigned int	usec;
	pid_t		pid;
} delay_points[VDSO_TASK_NR_DELAYS] = {
	[VDSO_TASK_DELAY_PUBLISH]	= { "publish" },
	[VDSO_TASK_DELAY_REFRESH]	= { "refresh" },
	[VDSO_TASK_DELAY_COMPUTED]	= { "computed" },
	[VDSO_TASK_DELAY_STORED]	= { "stored" },
	[VDSO_TASK_DELAY_BEGIN]		= { "begin" },
	[VDSO_TASK_DELAY_CHANGE]	= { "change" },
	[VDSO_TASK_DELAY_END]		= { "end" },
	[VDSO_TASK_DELAY_DROP]		= { "drop" },
	[VDSO_TASK_DELAY_FAULT]		= { "fault" },
	[VDSO_TASK_DELAY_MAP]		= { "map" },
	[VDSO_TASK_DELAY_WAKEUP]	= { "wakeup" },
	[VDSO_TASK_DELAY_TICK]		= { "tick" },
	[VDSO_TASK_DELAY_MOVE]		= { "move" },
	[VDSO_TASK_DELAY_SYNC]		= { "sync" },
};

static int bad_cpu = -1;

static DEFINE_MUTEX(points_lock);

/**
 * __vdso_task_delay() - wait if a test has enabled the delay point
 * @point: the delay point that was reached
 * @p: the task that the point is about
 *
 * Context: any.
 */
void __vdso_task_delay(enum vdso_task_delay point, const struct task_struct *p)
{
	unsigned int usec = READ_ONCE(delay_points[point].usec);
	pid_t pid = READ_ONCE(delay_points[point].pid);

	if (!usec || (pid && pid != p->tgid))
		return;
	for (; usec > 1000; usec -= 1000)
		udelay(1000);
	udelay(usec);
}

bool vdso_task_is_bad_cpu(unsigned int cpu)
{
	return READ_ONCE(bad_cpu) == (int)cpu;
}

/* A task at the point now may load one old and one new value. */
static void set_point(unsigned int i, unsigned int usec, pid_t pid)
{
	WRITE_ONCE(delay_points[i].pid, pid);
	WRITE_ONCE(delay_points[i].usec, usec);
}

static void update_key(void)
{
	unsigned int i, on = 0;

	for (i = 0; i < VDSO_TASK_NR_DELAYS; i++)
		on += delay_points[i].usec;
	if (on)
		static_branch_enable(&vdso_task_delay_key);
	else
		static_branch_disable(&vdso_task_delay_key);
}

static int set_by_name(const char *name, unsigned int usec, pid_t pid)
{
	unsigned int i;

	for (i = 0; i < VDSO_TASK_NR_DELAYS; i++)
		if (!strcmp(delay_points[i].name, name)) {
			set_point(i, usec, pid);
			return 0;
		}
	return -EINVAL;
}

static int set_delay(const char *text)
{
	unsigned int i, usec;
	char name[16], rest;
	pid_t pid = 0;

	if (sscanf(text, "%15s %u %d %c", name, &usec, &pid, &rest) != 3 &&
	    sscanf(text, "%15s %u %c", name, &usec, &rest) != 2) {
		if (strcmp(text, "off"))
			return -EINVAL;
		for (i = 0; i < VDSO_TASK_NR_DELAYS; i++)
			set_point(i, 0, 0);
		return 0;
	}
	return usec > MAX_USEC ? -ERANGE : set_by_name(name, usec, pid);
}

/* Copy what user mode wrote to a file, as a string. */
static int copy_text(char *text, size_t size, const char __user *from, size_t n)
{
	if (n >= size)
		return -EINVAL;
	if (copy_from_user(text, from, n))
		return -EFAULT;
	text[n] = '\0';
	return 0;
}

static ssize_t delays_write(struct file *file, const char __user *from,
			    size_t n, loff_t *pos)
{
	char text[64];
	int ret = copy_text(text, sizeof(text), from, n);

	if (ret)
		return ret;
	mutex_lock(&points_lock);
	ret = set_delay(strim(text));
	update_key();
	mutex_unlock(&points_lock);
	return ret ? ret : n;
}

static int delays_show(struct seq_file *m, void *v)
{
	unsigned int i;

	mutex_lock(&points_lock);
	for (i = 0; i < VDSO_TASK_NR_DELAYS; i++)
		seq_printf(m, "%s %u %d\n", delay_points[i].name,
			   delay_points[i].usec, delay_points[i].pid);
	mutex_unlock(&points_lock);
	return 0;
}

static int delays_open(struct inode *inode, struct file *file)
{
	return single_open(file, delays_show, NULL);
}

static const struct file_operations delays_fops = {
	.owner		= THIS_MODULE,
	.open		= delays_open,
	.read		= seq_read,
	.write		= delays_write,
	.llseek		= seq_lseek,
	.release	= single_release,
};

static int inject_bad_cpu_get(void *data, u64 *cpu)
{
	*cpu = (u64)(s64)READ_ONCE(bad_cpu);
	return 0;
}

static int inject_bad_cpu_set(void *data, u64 cpu)
{
	WRITE_ONCE(bad_cpu, (int)(s64)cpu);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE_SIGNED(inject_bad_cpu_fops, inject_bad_cpu_get, inject_bad_cpu_set,
				"%lld\n");

static int clock_command(const char *text)
{
	if (!strcmp(text, "unstable"))
		return vdso_task_mark_unstable();
	if (strcmp(text, "change"))
		return -EINVAL;
	vdso_task_clock_begin();
	vdso_task_clock_end();
	return 0;
}

static ssize_t clock_write(struct file *file, const char __user *from,
			   size_t n, loff_t *pos)
{
	char text[16];
	int ret = copy_text(text, sizeof(text), from, n);

	if (!ret)
		ret = clock_command(strim(text));
	return ret ? ret : n;
}

static const struct file_operations clock_fops = {
	.owner		= THIS_MODULE,
	.write		= clock_write,
};

static int __init debug_init(void)
{
	struct dentry *dir = vdso_task_debugfs();

	debugfs_create_file("delays", 0600, dir, NULL, &delays_fops);
	debugfs_create_file("clock", 0200, dir, NULL, &clock_fops);
	debugfs_create_file("inject_bad_cpu", 0600, dir, NULL, &inject_bad_cpu_fops);
	return 0;
}
late_initcall(debug_init);
