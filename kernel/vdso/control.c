// SPDX-License-Identifier: GPL-2.0
/*
 * Task records: when they are in use at all.
 *
 * The static key keeps the context switch and the system calls as they were
 * until a process first touches its area. It is enabled by a work item, because
 * that touch is a page fault. Patching is not atomic over the call sites: an
 * area may exist only once every CPU runs every site, or a switch that is not
 * patched yet would leave another thread's record in a slot that a patched
 * refresh wrote. vdso_task_enabled says so; no process is promoted before. Nor is
 * one before all changes of answers have ended that began without the key.
 *
 * A CPU that does not know its own number would show one thread the record of
 * another. Each CPU is checked before user threads run there. If one fails, no
 * process ever gets records; if some may have them already, that CPU stays
 * offline, for what is in their slots now can be read from there too. The boot
 * CPU cannot stay offline after a suspend: there all answers end.
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

/* What the administrator wants, and whether the CPUs can be trusted with it. */
static bool sysctl_enabled __read_mostly = true;
static bool cpu_ids_valid __read_mostly;

/* A process has touched its area, be it while nothing was allowed. */
static bool touched;

static DEFINE_MUTEX(allowed_lock);

static void enable(struct work_struct *work)
{
	static_branch_enable(&vdso_task_key);
	/* The end of changes that were begun without it: see invalidate.c. */
	synchronize_rcu_expedited();
	WRITE_ONCE(vdso_task_enabled, true);
}

static DECLARE_WORK(key_work, enable);

static void update_allowed(void)
{
	bool allowed;

	mutex_lock(&allowed_lock);
	allowed = READ_ONCE(sysctl_enabled) && READ_ONCE(cpu_ids_valid);
	WRITE_ONCE(vdso_task_allowed, allowed);
	smp_mb();	/* pairs with the one in vdso_task_enable() */
	if (!allowed)
		vdso_task_invalidate_all();
	else if (READ_ONCE(touched) && !READ_ONCE(vdso_task_enabled))
		schedule_work(&key_work);
	mutex_unlock(&allowed_lock);
}

/**
 * vdso_task_enable() - a process has touched its area, be ready for it to call often
 *
 * Where nothing is allowed, this is put off until something is:
 *
 *	CPU 0: a fault                          CPU 1: the administrator
 *	--------------                          ------------------------
 *	touched = true                          allowed = true
 *	smp_mb()                                smp_mb()
 *	allowed? schedule the work              touched? schedule the work
 *
 * Of two CPUs that store and then look, one sees the other's.
 *
 * Context: any; does not sleep.
 */
void vdso_task_enable(void)
{
	if (READ_ONCE(vdso_task_enabled))
		return;
	WRITE_ONCE(touched, true);
	smp_mb();	/* pairs with the one in update_allowed() */
	if (READ_ONCE(vdso_task_allowed))
		schedule_work(&key_work);
}

static int __init vdso_task_setup(char *arg)
{
	return kstrtobool(arg, &sysctl_enabled);
}
early_param("vdso_task", vdso_task_setup);

static bool is_valid(unsigned int cpu)
{
	return arch_vdso_task_cpu_valid(cpu) && !vdso_task_is_bad_cpu(cpu);
}

static int check_cpu(unsigned int cpu)
{
	if (is_valid(cpu) || !READ_ONCE(cpu_ids_valid))
		return 0;
	if (READ_ONCE(vdso_task_enabled)) {
		pr_warn("CPU%u does not know its number, it stays offline\n",
			cpu);
		return -EINVAL;
	}
	pr_warn("CPU%u does not know its number, system calls answer\n", cpu);
	WRITE_ONCE(cpu_ids_valid, false);
	update_allowed();
	return 0;
}

/**
 * vdso_task_resume() - the boot CPU is back from a suspend, does it know itself?
 *
 * All other CPUs are offline and user threads are frozen, so nobody reads before
 * all answers are gone.
 *
 * Context: on the boot CPU, before the others come back.
 */
void vdso_task_resume(void)
{
	unsigned int cpu = get_cpu();
	bool good = is_valid(cpu);

	put_cpu();
	if (good || !READ_ONCE(cpu_ids_valid))
		return;
	pr_warn("CPU%u does not know its number any more, system calls answer\n",
		cpu);
	WRITE_ONCE(cpu_ids_valid, false);
	WRITE_ONCE(vdso_task_allowed, false);
	vdso_task_invalidate_all();
}

static int set_wanted(const struct ctl_table *table, int write, void *buffer,
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
		.proc_handler	= set_wanted,
	},
};

static int __init vdso_task_setup_all(void)
{
	int ret;

	vdso_task_area_init();
	vdso_task_clock_init();
	cpu_ids_valid = nr_cpu_ids <= ARCH_VDSO_TASK_MAX_CPUS;
	ret = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "kernel/vdso_task:online",
				check_cpu, NULL);
	if (ret < 0) {
		cpu_ids_valid = false;
		return ret;
	}
	update_allowed();
	register_sysctl_init("kernel", vdso_task_table);
	return 0;
}
late_initcall(vdso_task_setup_all);
