// SPDX-License-Identifier: GPL-2.0
/*
 * count IMAGE IMAGE.dbg
 *
 * Prints the instructions of each call that the image answers, one call per line. If the
 * image has no record entries, these are the clocks of unpatched kernels. The CPU may be
 * emulated, but the kernel must support single-stepping.
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

/* The least of several counts, each right after the clocks were set to a full second. */
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

		std::cout << clock.name << ' ' << count_clock(vdso, [&] { function(id, &time); })
			  << '\n';
	}
}

void print_record_steps(const FakeVdso &vdso)
{
	for (const RecordEntry &entry : record_entries()) {
		const auto function = vdso.function<IdFunction>(entry.symbol);

		/* The records have the parent's answers; the instructions are the same. */
		std::cout << entry.name << ' ' << count_steps(vdso, [function] { function(); })
			  << '\n';
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
	return report_faults("count", [&] { return run(argc, argv); });
}
