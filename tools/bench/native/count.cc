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
long count_clock(const FakeVdso &vdso, const std::function<void()> &call)
{
	constexpr int tries = 5;
	long least = std::numeric_limits<long>::max();

	for (int i = 0; i < tries; i++) {
		vdso.fill_clocks();
		least = std::min(least, count_steps(vdso, call));
	}
	return least;
}

void print_steps(const FakeVdso &vdso, const std::vector<Clock> &list)
{
	const auto function = vdso.function<ClockFunction>(clock_symbol());

	for (const Clock &clock : list) {
		const clockid_t id = clock.id;
		timespec time;

		std::cout << clock.name << ' '
			  << count_clock(vdso, [&] { function(id, &time); }) << '\n';
	}
}

void print_record_steps(const FakeVdso &vdso)
{
	for (const RecordEntry &entry : record_entries()) {
		const auto function = vdso.function<IdFunction>(entry.symbol);

		/* The child's answers would be others, the way to them is the same. */
		std::cout << entry.name << ' '
			  << count_steps(vdso, [function] { function(); }) << '\n';
	}
	print_steps(vdso, task_clocks());
}

int run(int argc, char **argv)
{
	if (argc != 3) {
		std::cerr << "usage: count IMAGE IMAGE.dbg\n";
		return exit_fault;
	}

	const Image image(argv[1], argv[2]);
	const FakeVdso vdso(image);

	check_clocks(vdso);
	print_steps(vdso, kernel_clocks());
	if (vdso.has_records()) {
		check_entries(vdso);
		print_record_steps(vdso);
	}
	return 0;
}

} // namespace

int main(int argc, char **argv)
{
	return tell_faults("count", [&] { return run(argc, argv); });
}
