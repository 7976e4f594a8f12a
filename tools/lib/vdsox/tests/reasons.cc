// SPDX-License-Identifier: GPL-2.0
/* Prints the tool's result for two texts of statistics: reasons BEFORE AFTER CALLS. */
#include <cstdlib>
#include <iostream>

#include "../tool/answers.h"

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;

	const auto reason = vdsox_tool::fallback_reason(vdsox_tool::parse_counters(argv[1]),
							vdsox_tool::parse_counters(argv[2]),
							std::atol(argv[3]));

	std::cout << reason.value_or("vdso") << '\n';
	return 0;
}
