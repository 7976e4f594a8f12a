/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counts instructions in a guest whose QEMU runs with `-icount shift=0`: there one
 * instruction takes one nanosecond of virtual time, and the CPU's counter is
 * incremented every nanosecond. Documentation/bench.rst has the method and its limits.
 */
#ifndef VDSOX_BENCH_H
#define VDSOX_BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* A counted operation: any function of two words. */
typedef long (*bench_op)(long a, long b);

/* Instructions executed on this CPU, plus a constant. */
static inline uint64_t counter(void)
{
#if defined(__x86_64__)
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) :: "memory");
	return (uint64_t)high << 32 | low;
#elif defined(__aarch64__)
	uint64_t value;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(value) :: "memory");
	return value;
#else
#error "no counter for this architecture"
#endif
}

/* arch.c: an empty function, and system calls in three instructions. */
long bench_nothing(long a, long b);
long bench_call(long nr, long ignored);
long bench_clock_call(long clock, long timespec);

/* count.c: instructions of one call of @op, its return included. */
uint64_t count_once(bench_op op, long a, long b);
void sleep_briefly(void);

/* sample.c */
struct samples {
	uint64_t *values;
	unsigned int n, room;
};

struct samples samples_new(unsigned int room);
void samples_add(struct samples *samples, uint64_t value);
void samples_report(struct samples *samples, const char *name);
void report_value(const char *name, const char *unit, double value);

void count_many(const char *name, bench_op op, long a, long b, unsigned int n);

/* vdso.c: the entries of this kernel's vDSO. */
struct vdso_task_symbol;
typedef void (*vdso_visitor)(const struct vdso_task_symbol *symbol, bench_op op);

void vdso_each_record_entry(vdso_visitor visit);
bench_op vdso_find(const char *name);

/* process.c */
bool write_text(const char *path, const char *text);
bool get_promoted(void);
bool expose_cputime(void);
bool set_fifo(void);
void pin(int cpu);
void *map_shared(size_t size);
pid_t start_child(void (*run)(void *arg), void *arg);
void wait_child(pid_t child);
void run_in_child(void (*run)(void *arg), void *arg);
long stat_value(const char *key);

/*
 * OFF: no process has touched its area since boot. ENABLED: another process has. ONE:
 * one side of a switch has records. PROMOTED: both sides, or the counted process, have.
 * CPUTIME: both sides read their CPU time as well.
 */
enum mode { MODE_OFF, MODE_ENABLED, MODE_ONE, MODE_PROMOTED, MODE_CPUTIME, NR_MODES };

extern const char * const mode_names[NR_MODES];

/* Topics. Each counts its operations in the state @mode. */
void topic_entries(enum mode mode);
void topic_clocks(enum mode mode);
void topic_denied(enum mode mode);
void topic_switch(enum mode mode);
void topic_life(enum mode mode);
void topic_memory(enum mode mode);
void topic_kernel(enum mode mode);
void topic_bystanders(enum mode mode);
void topic_threads(enum mode mode);
void topic_cpus(enum mode mode);
void topic_areas(enum mode mode);

#endif /* VDSOX_BENCH_H */
