// SPDX-License-Identifier: GPL-2.0
/*
 * native check|steps|time IMAGE IMAGE.dbg [GOOGLE-BENCHMARK-OPTION]...
 *
 * Steps are also counted of an image without slots: those of the kernel's own clocks.
 *
 * Exit status: 0 done, 2 fault, 3 times would mean nothing on this CPU.
 */
#include <benchmark/benchmark.h>
#include <cstdlib>
#include <iostream>
#include <sys/syscall.h>
#include <unistd.h>

#include "host.h"
#include "steps.h"
#include "timings.h"

namespace
{

using namespace bench;

constexpr int exit_fault = 2;
constexpr int exit_meaningless = 3;

/* Answers that no system call gives must come, so it is the slots that answer. */
void check_entries(const Laboratory &laboratory)
{
	constexpr unsigned int shift = 1000;

	for (const unsigned int by : {shift, 0u}) {
		laboratory.fill_slots(by);
		for (const SlotEntry &entry : slot_entries()) {
			const auto want = static_cast<std::uint32_t>(syscall(entry.nr)) + by;

			if (laboratory.function<IdFunction>(entry.symbol)() != want)
				throw Fault(entry.name + " does not answer from its slot");
		}
	}
}

/*
 * The clocks that every kernel answers run as the host's does, each by the seconds that
 * the laboratory has given it and no system call knows of, within a second or two.
 */
void check_clocks(const Laboratory &laboratory)
{
	const auto function = laboratory.function<ClockFunction>(clock_symbol());

	for (const Clock &clock : kernel_clocks()) {
		timespec ours = {}, host = {};

		if (function(clock.id, &ours) != 0 || clock_gettime(CLOCK_MONOTONIC, &host) != 0 ||
		    std::labs(ours.tv_sec - host.tv_sec - seconds_apart(clock.id)) > 2)
			throw Fault(std::string("the image's ") + clock.name + " is wrong");
	}
}

void print_steps(const Laboratory &laboratory, const std::vector<Clock> &list)
{
	const auto function = laboratory.function<ClockFunction>(clock_symbol());

	for (const Clock &clock : list) {
		const clockid_t id = clock.id;
		timespec time;

		std::cout << clock.name << ' '
			  << count_steps(laboratory, [&] { function(id, &time); }) << '\n';
	}
}

void print_slot_steps(const Laboratory &laboratory)
{
	for (const SlotEntry &entry : slot_entries()) {
		const auto function = laboratory.function<IdFunction>(entry.symbol);

		/* The child's answers would be others, the way to them is the same. */
		std::cout << entry.name << ' '
			  << count_steps(laboratory, [function] { function(); }) << '\n';
	}
	print_steps(laboratory, task_clocks());
}

int time_all(const Laboratory &laboratory, int argc, char **argv)
{
	const PerfClock perf;

	benchmark::AddCustomContext("cpu_number_by", cpu_number_by());
	benchmark::AddCustomContext("perf_lacking", perf.lacking());
	benchmark::AddCustomContext("rseq", has_rseq() ? "yes" : "no");
	register_timings(laboratory, perf);
	benchmark::Initialize(&argc, argv);
	if (benchmark::ReportUnrecognizedArguments(argc, argv))
		return exit_fault;
	benchmark::RunSpecifiedBenchmarks();
	return 0;
}

int run(int argc, char **argv)
{
	const std::string verb = argc >= 4 ? argv[1] : "";

	if (verb != "check" && verb != "steps" && verb != "time") {
		std::cerr << "usage: native check|steps|time IMAGE IMAGE.dbg [OPTION]...\n";
		return exit_fault;
	}
	if (const std::string why = emulated(); !why.empty()) {
		std::cerr << "native: " << why << ": its times mean nothing\n";
		return exit_meaningless;
	}

	const Image image(argv[2], argv[3]);
	const Laboratory laboratory(image);

	if (laboratory.has_slots())
		check_entries(laboratory);
	else if (verb != "steps")
		throw Fault(std::string(argv[2]) + ": has no slots");
	check_clocks(laboratory);
	if (verb == "steps") {
		print_steps(laboratory, kernel_clocks());
		if (laboratory.has_slots())
			print_slot_steps(laboratory);
	}
	if (verb == "time") {
		argv[3] = argv[0];
		return time_all(laboratory, argc - 3, argv + 3);
	}
	return 0;
}

} // namespace

int main(int argc, char **argv)
{
	try {
		return run(argc, argv);
	} catch (const std::exception &fault) {
		std::cerr << "native: " << fault.what() << '\n';
		return exit_fault;
	}
}
