// SPDX-License-Identifier: GPL-2.0
/*
 * Task records: races and faults on demand, for tests.
 *
 * /sys/kernel/debug/vdso_task/delays has one line a delay point, "NAME USEC PID".
 * Writing "NAME USEC [PID]" makes whoever comes there wait USEC microseconds, if
 * PID is 0 or left out or the process ID (in the initial namespace) of the task
 * that the point is about: the incoming one in a publication, the changed one in a
 * change, the running one in a wakeup and a tick, the moved one in a move, one of the
 * process in a sync, else the caller. Writing "off" ends all delays. The wait is
 * busy, as most points hold locks.
 *
 *   publish   in a publication, after seq was incremented and before the rest changes
 *   refresh   in a refresh, before the answers are computed
 *   computed  in a refresh, before the answers are stored
 *   stored    in a refresh, after that and before the last look at the changes
 *   begin     in a change, before it becomes visible to readers
 *   change    in a change, before the change itself
 *   end       in a change, after the change itself
 *   drop      after current changed its own answers, before they become 0
 *   fault     in a fault, before the page of zeros is mapped
 *   map       in a fault, before a page of the process's own is mapped
 *   wakeup    in a wakeup, after the runqueue's clock was updated and before the
 *             task that runs there is told to stop
 *   tick      in a tick, before the runqueue's clock is updated
 *   move      in a move to another CPU, when the task is in no runqueue
 *   sync      where a process's time is asked for by system call, before its threads
 *             are charged
 *
 * /sys/kernel/debug/vdso_task/clock takes "change": a change of sched_clock() that
 * changes nothing, and where the kernel can lose its trust in it, "unstable".
 *
 * /sys/kernel/debug/vdso_task/inject_bad_cpu has the number of a CPU, or -1: that CPU
 * fails each check of its number from then on.
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
} points[VDSO_TASK_NR_DELAYS] = {
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
	[VDSO_TASK_DELAY_SYNC]	= { "sync" },
};

static int bad_cpu = -1;

static DEFINE_MUTEX(points_lock);

/**
 * __vdso_task_delay() - wait here if a test asked for it
 * @point: where "here" is
 * @p: the task that it is about
 *
 * Context: any.
 */
void __vdso_task_delay(enum vdso_task_delay point, const struct task_struct *p)
{
	unsigned int usec = READ_ONCE(points[point].usec);
	pid_t pid = READ_ONCE(points[point].pid);

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

/* Whoever is there just now may see some of the old and some of the new. */
static void set_point(unsigned int i, unsigned int usec, pid_t pid)
{
	WRITE_ONCE(points[i].pid, pid);
	WRITE_ONCE(points[i].usec, usec);
}

static void update_key(void)
{
	unsigned int i, on = 0;

	for (i = 0; i < VDSO_TASK_NR_DELAYS; i++)
		on += points[i].usec;
	if (on)
		static_branch_enable(&vdso_task_delay_key);
	else
		static_branch_disable(&vdso_task_delay_key);
}

static int set_by_name(const char *name, unsigned int usec, pid_t pid)
{
	unsigned int i;

	for (i = 0; i < VDSO_TASK_NR_DELAYS; i++)
		if (!strcmp(points[i].name, name)) {
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

/* What was written to a file here, as a string. */
static int get_text(char *text, size_t size, const char __user *from, size_t n)
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
	int ret = get_text(text, sizeof(text), from, n);

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
		seq_printf(m, "%s %u %d\n", points[i].name, points[i].usec,
			   points[i].pid);
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

static int change_clock(const char *text)
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
	int ret = get_text(text, sizeof(text), from, n);

	if (!ret)
		ret = change_clock(strim(text));
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
