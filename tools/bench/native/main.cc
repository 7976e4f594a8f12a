// SPDX-License-Identifier: GPL-2.0
/*
 * native check|time IMAGE IMAGE.dbg [GOOGLE-BENCHMARK-OPTION]...
 *
 * Exit status: 0 done, 2 fault, 3 this CPU is emulated, so times mean nothing.
 */
#include <benchmark/benchmark.h>
#include <iostream>

#include "checks.h"
#include "host.h"
#include "timings.h"

namespace
{

using namespace bench;

constexpr int exit_meaningless = 3;

int time_all(const FakeVdso &vdso, int argc, char **argv)
{
	const PerfClock perf;

	benchmark::AddCustomContext("cpu_number_by", cpu_number_by());
	benchmark::AddCustomContext("perf_lacking", perf.lacking());
	benchmark::AddCustomContext("rseq", has_rseq() ? "yes" : "no");
	register_timings(vdso, perf);
	benchmark::Initialize(&argc, argv);
	if (benchmark::ReportUnrecognizedArguments(argc, argv))
		return exit_fault;
	benchmark::RunSpecifiedBenchmarks();
	return 0;
}

int run(int argc, char **argv)
{
	const std::string verb = argc >= 4 ? argv[1] : "";

	if (verb != "check" && verb != "time") {
		std::cerr << "usage: native check|time IMAGE IMAGE.dbg [OPTION]...\n";
		return exit_fault;
	}
	if (const std::string why = emulation(); !why.empty()) {
		std::cerr << "native: " << why << ": its times mean nothing\n";
		return exit_meaningless;
	}

	const Image image(argv[2], argv[3]);
	const FakeVdso vdso(image);

	if (!vdso.has_records())
		throw Fault(std::string(argv[2]) + ": has no record entries");
	check_entries(vdso);
	check_clocks(vdso);
	if (verb == "check")
		return 0;
	argv[3] = argv[0];
	return time_all(vdso, argc - 3, argv + 3);
}

} // namespace

int main(int argc, char **argv)
{
	return report_faults("native", [&] { return run(argc, argv); });
}
