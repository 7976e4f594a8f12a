/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOX_BENCH_TIMINGS_H
#define VDSOX_BENCH_TIMINGS_H

#include "fake_vdso.h"
#include "references.h"

namespace bench
{

/* Registers all timings with Google Benchmark. */
void register_timings(const FakeVdso &vdso, const PerfClock &perf);

} // namespace bench

#endif
