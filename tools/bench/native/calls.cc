// SPDX-License-Identifier: GPL-2.0
#include "calls.h"

#include "user.h"

namespace bench
{

const std::vector<Clock> &kernel_clocks()
{
	static const std::vector<Clock> list = {
		{"clock_monotonic", CLOCK_MONOTONIC},
		{"clock_realtime", CLOCK_REALTIME},
		{"clock_monotonic_raw", CLOCK_MONOTONIC_RAW},
		{"clock_realtime_coarse", CLOCK_REALTIME_COARSE},
		{"clock_monotonic_coarse", CLOCK_MONOTONIC_COARSE},
		{"clock_boottime", CLOCK_BOOTTIME},
		{"clock_tai", CLOCK_TAI},
	};

	return list;
}

const std::vector<Clock> &task_clocks()
{
	static const std::vector<Clock> list = {
		{"clock_thread_cputime", CLOCK_THREAD_CPUTIME_ID},
	};

	return list;
}

std::string clock_symbol()
{
	return VDSO_TASK_CLOCK_GETTIME_SYMBOL;
}

std::string cpu_symbol()
{
	return VDSO_TASK_GETCPU_SYMBOL;
}

} // namespace bench
