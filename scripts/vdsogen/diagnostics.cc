// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "diagnostics.h"

#include <algorithm>

namespace vdsogen
{

namespace
{

/* Longer than any file has lines. */
constexpr std::size_t lines_of_a_file = std::size_t{1} << 24;

} // namespace

std::string describe_line(const std::vector<std::string> &files, std::size_t line)
{
	const std::size_t index = line / lines_of_a_file;
	const std::string number = "line " + std::to_string(line % lines_of_a_file);

	return index ? number + " of " + files[index] : number;
}

std::size_t Diagnostics::begin_file(std::string file)
{
	files_.push_back(std::move(file));
	return (files_.size() - 1) * lines_of_a_file;
}

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
		out << files_[fault.line / lines_of_a_file] << ':';
		if (fault.line)
			out << fault.line % lines_of_a_file << ':';
		out << ' ' << fault.message << '\n';
	}
}

} // namespace vdsogen
