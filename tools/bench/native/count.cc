// SPDX-License-Identifier: GPL-2.0
/*
 * count IMAGE IMAGE.dbg
 *
 * Instructions of each call that the image answers, one call a line. Of an image without
 * records: those of the kernel's own clocks. Counts need no CPU of silicon, but one that
 * runs the image and a kernel that steps.
 *
 * Exit status: 0 done, 2 fault.
 */
#include <algorithm>
#include <functional>
#include <iostream>
#include <limits>

#include "calls.h"
#include "checks.h"
#include "steps.h"

namespace
{

using namespace bench;

/* Of a clock: the least of some, each from a second that has just begun. */
long count_clock(const Laboratory &laboratory, const std::function<void()> &call)
{
	constexpr int tries = 5;
	long least = std::numeric_limits<long>::max();

	for (int i = 0; i < tries; i++) {
		laboratory.fill_clocks();
		least = std::min(least, count_steps(laboratory, call));
	}
	return least;
}

void print_steps(const Laboratory &laboratory, const std::vector<Clock> &list)
{
	const auto function = laboratory.function<ClockFunction>(clock_symbol());

	for (const Clock &clock : list) {
		const clockid_t id = clock.id;
		timespec time;

		std::cout << clock.name << ' '
			  << count_clock(laboratory, [&] { function(id, &time); }) << '\n';
	}
}

void print_record_steps(const Laboratory &laboratory)
{
	for (const RecordEntry &entry : record_entries()) {
		const auto function = laboratory.function<IdFunction>(entry.symbol);

		/* The child's answers would be others, the way to them is the same. */
		std::cout << entry.name << ' '
			  << count_steps(laboratory, [function] { function(); }) << '\n';
	}
	print_steps(laboratory, task_clocks());
}

int run(int argc, char **argv)
{
	if (argc != 3) {
		std::cerr << "usage: count IMAGE IMAGE.dbg\n";
		return exit_fault;
	}

	const Image image(argv[1], argv[2]);
	const Laboratory laboratory(image);

	check_clocks(laboratory);
	print_steps(laboratory, kernel_clocks());
	if (laboratory.has_records()) {
		check_entries(laboratory);
		print_record_steps(laboratory);
	}
	return 0;
}

} // namespace

int main(int argc, char **argv)
{
	return tell_faults("count", [&] { return run(argc, argv); });
}
