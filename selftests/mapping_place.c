// SPDX-License-Identifier: GPL-2.0
/*
 * Where the slots are: found again after [vvar] was moved, and never left by a
 * reader, whatever number its CPU says it has.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "ids.h"
#include "mapping_parts.h"
#include "slots.h"

/* Both mappings @by bytes further; as CRIU does it, without a call in between. */
static int move(const struct vt_maps *from, struct vt_maps *to, long by)
{
	size_t vvar = from->vvar_end - from->vvar, vdso = from->vdso_end - from->vdso;

	VT_NEED(mremap((void *)from->vvar, vvar, vvar, MREMAP_MAYMOVE | MREMAP_FIXED,
		       (void *)(from->vvar + by)) != MAP_FAILED);
	VT_NEED(mremap((void *)from->vdso, vdso, vdso, MREMAP_MAYMOVE | MREMAP_FIXED,
		       (void *)(from->vdso + by)) != MAP_FAILED);
	return vt_read_maps(to, 0) ? VT_PASS : VT_FAIL;
}

/* How far to a place for as much as [vvar] and [vdso] take; 0 after a message. */
static long free_place(const struct vt_maps *m)
{
	size_t size = m->vdso_end - m->vvar;
	char *place = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (place == MAP_FAILED) {
		vt_fail("mmap: %m");
		return 0;
	}
	return (unsigned long)place - m->vvar;
}

/* Touched once where it was, called where it is. */
static int move_cold(void *arg)
{
	struct vt_limit limit;
	struct vt_maps m, moved;
	int (*fn)(void), want, got;
	long by;

	(void)arg;
	if (vt_ids_init() || !vt_read_maps(&m, 0))
		return VT_FAIL;
	want = vt_raw0(vt_ids[0].nr);
	VT_CHECK(vt_ids[0].fn() == want, "wrong before the move");
	VT_CHECK(!m.vclock, "more mappings than this test moves");
	by = free_place(&m);
	if (!by || move(&m, &moved, by))
		return VT_FAIL;
	fn = (int (*)(void))((char *)vt_ids[0].fn + by);
	for (limit = vt_limit_ms(5000); !vt_is_over(&limit);) {
		got = fn();
		VT_CHECK(got == want, "%s after the move: %d, by the system call %d",
			 vt_ids[0].name, got, want);
		if (vt_own_field(&moved, vt_ids[0].offset) == (__u32)want + 1)
			return VT_PASS;
	}
	return vt_late("never answered from a slot after the move");
}

int check_moved(const void *arg)
{
	(void)arg;
	return vt_run_child(move_cold, NULL, "the process that moves it");
}

#ifdef __x86_64__
#define MSR_TSC_AUX	0xc0000103

/* What RDPID says on @cpu; false after a message. */
static bool set_number(int cpu, uint64_t number)
{
	char path[32];
	bool done;
	int fd;

	snprintf(path, sizeof(path), "/dev/cpu/%d/msr", cpu);
	fd = open(path, O_WRONLY);
	done = fd >= 0 && pwrite(fd, &number, sizeof(number), MSR_TSC_AUX) ==
	       sizeof(number);
	if (!done)
		vt_fail("%s: %m", path);
	if (fd >= 0)
		close(fd);
	return done;
}

static uint64_t right_numbers[VT_MAX_CPUS];

static bool get_number(int cpu)
{
	char path[32];
	bool done;
	int fd;

	snprintf(path, sizeof(path), "/dev/cpu/%d/msr", cpu);
	fd = open(path, O_RDONLY);
	done = fd >= 0 && pread(fd, &right_numbers[cpu], sizeof(uint64_t),
				MSR_TSC_AUX) == sizeof(uint64_t);
	if (fd >= 0)
		close(fd);
	return done;
}

/* After a case that may have died between the two. */
static void right_again(void)
{
	int cpu, cpus[VT_MAX_CPUS], n = vt_cpus(cpus, VT_MAX_CPUS);

	for (cpu = 0; cpu < n; cpu++)
		set_number(cpus[cpu], right_numbers[cpus[cpu]]);
}

static bool has_rdpid(void)
{
	FILE *f = fopen("/proc/cpuinfo", "r");
	char line[4096];
	bool has = false;

	while (f && !has && fgets(line, sizeof(line), f))
		has = !strncmp(line, "flags", 5) && strstr(line, " rdpid");
	if (f)
		fclose(f);
	return has;
}

/*
 * Lines below [vvar], as far down as twelve bits of a number reach on a kernel of one
 * CPU: each is believed by who reads it, and wrong.
 */
static int put_lies(const struct vt_maps *m)
{
	size_t size = (VT_MAX_CPUS + 1) * VDSO_TASK_SLOT_SIZE;
	struct vdso_task_slot *lies, lie = { .gen = vt_header(m)->begin };
	unsigned int i;

	for (i = 0; i < vt_nr_ids; i++)
		*(__u32 *)((char *)&lie + vt_ids[i].offset) = 0x5a5a5a5a;
	lies = mmap((void *)(m->vvar - size), size, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		    MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	VT_NEED(lies == (void *)(m->vvar - size));
	for (i = 0; i < size / sizeof(lie); i++)
		lies[i] = lie;
	return VT_PASS;
}

static int read_with_wrong_numbers(int cpu)
{
	static const unsigned int numbers[] = { 62, 63, 64, 127, 500, 2047, 4094, 4095 };
	struct vt_answers want = vt_raw_answers();
	unsigned int i;
	int wrong = -1;

	for (i = 0; i < VT_ARRAY_SIZE(numbers) && wrong < 0; i++) {
		if (!set_number(cpu, (right_numbers[cpu] & ~0xfffull) | numbers[i]))
			return VT_FAIL;
		wrong = vt_wrong(&want);
		if (!set_number(cpu, right_numbers[cpu]))
			return VT_FAIL;
	}
	VT_CHECK(wrong < 0, "%s is wrong where the CPU says it is number %u",
		 vt_ids[wrong].name, numbers[i - 1]);
	return vt_same_now("with the right number again") ? VT_PASS : VT_FAIL;
}

int check_numbers(const void *arg)
{
	struct vt_maps m;
	int cpu;

	(void)arg;
	if (!has_rdpid())
		return vt_skip("this CPU has no RDPID, and no other number can be set");
	if (vt_ids_init() || !vt_make_hot() || !vt_read_maps(&m, 0))
		return VT_FAIL;
	VT_NEED(vt_cpus(&cpu, 1) == 1 && !vt_pin(cpu));
	VT_CHECK((right_numbers[cpu] & 0xfff) == (unsigned int)cpu, "CPU %d says %#llx",
		 cpu, (unsigned long long)right_numbers[cpu]);
	if (put_lies(&m))
		return VT_FAIL;
	return read_with_wrong_numbers(cpu);
}

void numbers_init(void)
{
	int cpu, cpus[VT_MAX_CPUS], n = vt_cpus(cpus, VT_MAX_CPUS);

	if (!has_rdpid())
		return;
	for (cpu = 0; cpu < n; cpu++)
		if (!get_number(cpus[cpu]))
			return;
	vt_at_end(right_again);
}
#else
void numbers_init(void) { }
#endif
