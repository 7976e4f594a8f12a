/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOX_TOOL_REPORT_H
#define VDSOX_TOOL_REPORT_H

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "answers.h"
#include "image.h"

namespace vdsox_tool
{

/* The data that `vdsox entries` prints. */
struct Report {
	long pid = 0;
	std::uint64_t base = 0;
	Contents contents;
	std::optional<long> task_switch;
	std::vector<std::string> policies;
	std::vector<Answer> answers; /* of the own process only */

	const Answer *find_answer(const std::string &entry) const;
	bool exports(const std::string &entry) const;
};

Report make_report(std::optional<long> pid);
void print_text(const Report &report, std::ostream &out);
void print_json(const Report &report, std::ostream &out);

} // namespace vdsox_tool

#endif
