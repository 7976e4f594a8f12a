/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOX_BENCH_CALLS_H
#define VDSOX_BENCH_CALLS_H

#include <cstdint>
#include <string>
#include <time.h>
#include <vector>

namespace bench
{

/* A clock that the benchmarks read by the image's clock_gettime(). */
struct Clock {
	const char *name;
	clockid_t id;
};

/* The clocks that every kernel's vDSO answers, and those that need a record. */
const std::vector<Clock> &kernel_clocks();
const std::vector<Clock> &task_clocks();

using ClockFunction = int (*)(clockid_t, timespec *);
using IdFunction = std::uint32_t (*)();
using CpuFunction = long (*)(unsigned int *, unsigned int *, void *);

/* Symbol names, from the table. */
std::string clock_symbol();
std::string cpu_symbol();

} // namespace bench

#endif
