// SPDX-License-Identifier: GPL-2.0
/*
 * Task records: the static key, the sysctl and the check of CPU numbers.
 *
 * With the static key off, the context switch and the system calls are as without
 * records. The first touch of an area by any process enables the key, in a work item,
 * because that touch is a page fault. Patching is not atomic over the call sites: if an
 * area existed before every CPU runs every patched site, an unpatched switch could leave
 * another thread's record in a slot that a patched refresh wrote. So no process is
 * promoted before vdso_task_enabled is set, which also waits for the end of every
 * invalidation that began with the key off.
 *
 * If a CPU reported a wrong number, a thread there would read another thread's record.
 * So each CPU is checked before user threads run on it. If one fails, no process ever
 * gets records; if a process may have records already, that CPU stays offline, because a
 * thread on it could read the current slots. The boot CPU cannot stay offline after a
 * suspend: all answers are invalidated then.
 */

#define pr_fmt(fmt) "vdso_task: " fmt

#include <linux/cpuhotplug.h>
#include <linux/init.h>
#include <linux/kstrtox.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/sysctl.h>
#include <linux/workqueue.h>

#include <asm/vdso/task_cpu.h>

#include "internal.h"

DEFINE_STATIC_KEY_FALSE(vdso_task_key);

bool vdso_task_enabled __read_mostly;
bool vdso_task_allowed __read_mostly;

/* The sysctl, and whether every CPU reports its own number to user mode. */
static bool sysctl_enabled __read_mostly = true;
static bool cpu_ids_valid __read_mostly;

/* A process has touched its area, maybe while vdso_task_allowed was false. */
static bool key_requested;

static DEFINE_MUTEX(allowed_lock);

static void enable_key(struct work_struct *work)
{
	static_branch_enable(&vdso_task_key);
	/* Wait for invalidations that began with the key off: see invalidate.c. */
	synchronize_rcu_expedited();
	WRITE_ONCE(vdso_task_enabled, true);
}

static DECLARE_WORK(key_work, enable_key);

static void update_allowed(void)
{
	bool allowed;

	mutex_lock(&allowed_lock);
	allowed = READ_ONCE(sysctl_enabled) && READ_ONCE(cpu_ids_valid);
	WRITE_ONCE(vdso_task_allowed, allowed);
	smp_mb();	/* pairs with the one in vdso_task_enable() */
	if (!allowed)
		vdso_task_invalidate_all();
	else if (READ_ONCE(key_requested) && !READ_ONCE(vdso_task_enabled))
		schedule_work(&key_work);
	mutex_unlock(&allowed_lock);
}

/**
 * vdso_task_enable() - enable the static key after the first touch of an area
 *
 * While vdso_task_allowed is false, this is deferred to update_allowed():
 *
 *	CPU 0: a fault                          CPU 1: write to the sysctl
 *	--------------                          --------------------------
 *	key_requested = true                    vdso_task_allowed = true
 *	smp_mb()                                smp_mb()
 *	if (vdso_task_allowed)                  if (key_requested)
 *		schedule_work()                         schedule_work()
 *
 * Each CPU stores before it loads, so at least one sees the other's store.
 *
 * Context: any; does not sleep.
 */
void vdso_task_enable(void)
{
	if (READ_ONCE(vdso_task_enabled))
		return;
	WRITE_ONCE(key_requested, true);
	smp_mb();	/* pairs with the one in update_allowed() */
	if (READ_ONCE(vdso_task_allowed))
		schedule_work(&key_work);
}

static int __init vdso_task_setup(char *arg)
{
	return kstrtobool(arg, &sysctl_enabled);
}
early_param("vdso_task", vdso_task_setup);

static bool is_cpu_valid(unsigned int cpu)
{
	return arch_vdso_task_cpu_valid(cpu) && !vdso_task_is_bad_cpu(cpu);
}

static int vdso_task_cpu_online(unsigned int cpu)
{
	if (is_cpu_valid(cpu) || !READ_ONCE(cpu_ids_valid))
		return 0;
	if (READ_ONCE(vdso_task_enabled)) {
		pr_warn("CPU%u reports a wrong number to user mode, it stays offline\n",
			cpu);
		return -EINVAL;
	}
	pr_warn("CPU%u reports a wrong number to user mode, no task records\n", cpu);
	WRITE_ONCE(cpu_ids_valid, false);
	update_allowed();
	return 0;
}

/**
 * vdso_task_resume() - check the boot CPU's number after a suspend
 *
 * All other CPUs are offline and user threads are frozen, so no thread reads a record
 * before all answers are invalidated.
 *
 * Context: on the boot CPU, before the others come online.
 */
void vdso_task_resume(void)
{
	unsigned int cpu = get_cpu();
	bool good = is_cpu_valid(cpu);

	put_cpu();
	if (good || !READ_ONCE(cpu_ids_valid))
		return;
	pr_warn("CPU%u reports a wrong number to user mode after resume, no task records\n",
		cpu);
	WRITE_ONCE(cpu_ids_valid, false);
	WRITE_ONCE(vdso_task_allowed, false);
	vdso_task_invalidate_all();
}

static int vdso_task_sysctl(const struct ctl_table *table, int write, void *buffer,
			    size_t *lenp, loff_t *ppos)
{
	int ret = proc_dobool(table, write, buffer, lenp, ppos);

	if (!ret && write)
		update_allowed();
	return ret;
}

static struct ctl_table vdso_task_table[] = {
	{
		.procname	= "vdso_task",
		.data		= &sysctl_enabled,
		.maxlen		= sizeof(sysctl_enabled),
		.mode		= 0644,
		.proc_handler	= vdso_task_sysctl,
	},
};

static int __init vdso_task_control_init(void)
{
	int ret;

	vdso_task_area_init();
	vdso_task_clock_init();
	cpu_ids_valid = nr_cpu_ids <= ARCH_VDSO_TASK_MAX_CPUS;
	ret = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "kernel/vdso_task:online",
				vdso_task_cpu_online, NULL);
	if (ret < 0) {
		cpu_ids_valid = false;
		return ret;
	}
	update_allowed();
	register_sysctl_init("kernel", vdso_task_table);
	return 0;
}
late_initcall(vdso_task_control_init);
