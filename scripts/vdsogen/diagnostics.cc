// SPDX-License-Identifier: GPL-2.0
#include "diagnostics.h"

#include <algorithm>

namespace vdsogen
{

void Diagnostics::add(std::size_t line, std::string message)
{
	faults_.push_back({line, std::move(message)});
}

void Diagnostics::print(std::ostream &out) const
{
	std::vector<Fault> sorted = faults_;

	std::stable_sort(sorted.begin(), sorted.end(),
			 [](const Fault &a, const Fault &b) { return a.line < b.line; });
	for (const Fault &fault : sorted) {
		out << file_ << ':';
		if (fault.line)
			out << fault.line << ':';
		out << ' ' << fault.message << '\n';
	}
}

} // namespace vdsogen
