// SPDX-License-Identifier: GPL-2.0
/*
 * Each timing calls one function eight times per iteration, so that the cost of Google
 * Benchmark's loop is small and the same in all of them.
 */
#include "timings.h"

#include <benchmark/benchmark.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls.h"
#include "host.h"

namespace bench
{

namespace
{

constexpr int calls = 8;

template <typename Call> void add(const std::string &name, Call call)
{
	benchmark::RegisterBenchmark(name.c_str(), [call](benchmark::State &state) {
		for (auto _ : state)
			for (int i = 0; i < calls; i++)
				benchmark::DoNotOptimize(call());
		state.SetItemsProcessed(state.iterations() * calls);
	});
}

void add_ids(const FakeVdso &vdso)
{
	for (const RecordEntry &entry : record_entries()) {
		const long nr = entry.nr;

		add("image/" + entry.name, vdso.function<IdFunction>(entry.symbol));
		add("syscall/" + entry.name, [nr] { return syscall(nr); });
	}
	add("glibc/getpid", [] { return getpid(); });
	add("glibc/gettid", [] { return gettid(); });
	add("glibc/sched_getcpu", [] { return sched_getcpu(); });
}

template <typename Function> void add_clock(const std::string &where, Function function)
{
	for (const Clock &clock : {kernel_clocks().front(), task_clocks().front()}) {
		const clockid_t id = clock.id;

		add(where + "/" + clock.name, [function, id] {
			timespec time;

			function(id, &time);
			return time.tv_nsec;
		});
	}
}

void add_host()
{
	const auto cpu = reinterpret_cast<CpuFunction>(host_function(cpu_symbol()));
	const auto clock = reinterpret_cast<ClockFunction>(host_function(clock_symbol()));

	if (cpu)
		add("host/getcpu", [cpu] {
			unsigned int number;

			cpu(&number, nullptr, nullptr);
			return number;
		});
	if (clock)
		add_clock("host", clock);
}

} // namespace

void register_timings(const FakeVdso &vdso, const PerfClock &perf)
{
	const auto clock = vdso.function<ClockFunction>(clock_symbol());

	add_ids(vdso);
	add_host();
	add_clock("image", clock);
	add_clock("syscall",
		  [](clockid_t id, timespec *time) { syscall(__NR_clock_gettime, id, time); });
	add("glibc/clock_monotonic", [] {
		timespec time;

		clock_gettime(CLOCK_MONOTONIC, &time);
		return time.tv_nsec;
	});
	add("tls/load", [] { return load_tls(); });
	if (has_rseq())
		add("rseq/cpu_id", [] { return load_rseq(); });
	if (perf.lacking().empty())
		add("perf/clock", [&perf] { return perf.read(); });
}

} // namespace bench
