// SPDX-License-Identifier: GPL-2.0
/*
 * Task slots: when they are in use at all.
 *
 * The static key keeps the context switch and the system calls as they were
 * until a process first touches slots. It is enabled by a work item, because
 * that touch is a page fault. Patching is not atomic over the call sites: an
 * area may exist only once every CPU runs every site, or a switch that is not
 * patched yet would leave another thread's answers in a slot that a patched
 * refresh wrote. vdso_task_armed says so; no process becomes hot before. Nor does
 * one before all changes of answers have ended that began without the key.
 *
 * A CPU that does not know its own number would show one thread the slot of
 * another. Each CPU is checked before user threads run there. If one fails, no
 * process ever gets slots; if some may have them already, that CPU stays
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

bool vdso_task_armed __read_mostly;
bool vdso_task_allowed __read_mostly;

/* What the administrator wants, and whether the CPUs can be trusted with it. */
static bool vdso_task_wanted __read_mostly = true;
static bool vdso_task_trusted __read_mostly;

static DEFINE_MUTEX(allowed_lock);

static void update_allowed(void)
{
	bool allowed;

	mutex_lock(&allowed_lock);
	allowed = READ_ONCE(vdso_task_wanted) && READ_ONCE(vdso_task_trusted);
	WRITE_ONCE(vdso_task_allowed, allowed);
	if (!allowed)
		vdso_task_end_all();
	mutex_unlock(&allowed_lock);
}

static void arm(struct work_struct *work)
{
	static_branch_enable(&vdso_task_key);
	/* The end of changes that were begun without it: see change.c. */
	synchronize_rcu_expedited();
	WRITE_ONCE(vdso_task_armed, true);
}

static DECLARE_WORK(arm_work, arm);

/**
 * vdso_task_arm() - a process has touched slots, be ready for it to call often
 *
 * Context: any; does not sleep.
 */
void vdso_task_arm(void)
{
	if (!READ_ONCE(vdso_task_armed) && READ_ONCE(vdso_task_allowed))
		schedule_work(&arm_work);
}

static int __init vdso_task_setup(char *arg)
{
	return kstrtobool(arg, &vdso_task_wanted);
}
early_param("vdso_task", vdso_task_setup);

static bool cpu_trusted(unsigned int cpu)
{
	return arch_vdso_task_cpu_trusted(cpu) && !vdso_task_cpu_distrusted(cpu);
}

static int check_cpu(unsigned int cpu)
{
	if (cpu_trusted(cpu) || !READ_ONCE(vdso_task_trusted))
		return 0;
	if (READ_ONCE(vdso_task_armed)) {
		pr_warn("CPU%u does not know its number, it stays offline\n",
			cpu);
		return -EINVAL;
	}
	pr_warn("CPU%u does not know its number, system calls answer\n", cpu);
	WRITE_ONCE(vdso_task_trusted, false);
	update_allowed();
	return 0;
}

/**
 * vdso_task_resume() - the boot CPU is back from a suspend, does it know itself?
 *
 * All other CPUs are offline and user threads are frozen, so nobody reads before
 * what is in the slots is out of use.
 *
 * Context: on the boot CPU, before the others come back.
 */
void vdso_task_resume(void)
{
	unsigned int cpu = get_cpu();
	bool good = cpu_trusted(cpu);

	put_cpu();
	if (good || !READ_ONCE(vdso_task_trusted))
		return;
	pr_warn("CPU%u does not know its number any more, system calls answer\n",
		cpu);
	WRITE_ONCE(vdso_task_trusted, false);
	WRITE_ONCE(vdso_task_allowed, false);
	vdso_task_end_all();
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
		.data		= &vdso_task_wanted,
		.maxlen		= sizeof(vdso_task_wanted),
		.mode		= 0644,
		.proc_handler	= set_wanted,
	},
};

static int __init vdso_task_setup_all(void)
{
	int ret;

	vdso_task_area_init();
	vdso_task_clock_init();
	vdso_task_trusted = nr_cpu_ids <= ARCH_VDSO_TASK_MAX_CPUS;
	ret = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "kernel/vdso_task:online",
				check_cpu, NULL);
	if (ret < 0) {
		vdso_task_trusted = false;
		return ret;
	}
	update_allowed();
	register_sysctl_init("kernel", vdso_task_table);
	return 0;
}
late_initcall(vdso_task_setup_all);
