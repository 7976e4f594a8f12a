// SPDX-License-Identifier: GPL-2.0
#include "checks.h"

#include <cstdlib>
#include <iostream>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls.h"

namespace bench
{

int report_faults(const std::string &program, const std::function<int()> &body)
{
	try {
		return body();
	} catch (const std::exception &fault) {
		std::cerr << program << ": " << fault.what() << '\n';
		return exit_fault;
	}
}

void check_entries(const FakeVdso &vdso)
{
	constexpr unsigned int shift = 1000;

	for (const unsigned int by : {shift, 0u}) {
		vdso.fill_records(by);
		for (const RecordEntry &entry : record_entries()) {
			const auto want = static_cast<std::uint32_t>(syscall(entry.nr)) + by;

			if (vdso.function<IdFunction>(entry.symbol)() != want)
				throw Fault(entry.name + " does not answer from its record");
		}
	}
}

void check_clocks(const FakeVdso &vdso)
{
	const auto function = vdso.function<ClockFunction>(clock_symbol());

	for (const Clock &clock : kernel_clocks()) {
		timespec ours = {}, host = {};

		if (function(clock.id, &ours) != 0 || clock_gettime(CLOCK_MONOTONIC, &host) != 0 ||
		    std::labs(ours.tv_sec - host.tv_sec - seconds_apart(clock.id)) > 2)
			throw Fault(std::string("the image's ") + clock.name + " is wrong");
	}
}

} // namespace bench
