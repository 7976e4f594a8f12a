/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOX_TOOL_ANSWERS_H
#define VDSOX_TOOL_ANSWERS_H

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace vdsox_tool
{

/* What answers an entry in this process at the moment, and why. */
struct Answer {
	std::string entry;
	std::string source; /* "vdso", "syscall" or "unknown" */
	std::string reason; /* empty if there is nothing to explain */
};

using Counters = std::map<std::string, long>;

/* A `key value` a line, as the kernel's statistics are; other lines do not count. */
Counters parse_counters(const std::string &text);

/*
 * What the fallback counters say of @calls calls: the reason that explains most of
 * them, an empty one if the vDSO answered most.
 */
std::optional<std::string> fallback_reason(const Counters &before, const Counters &after,
					   long calls);

/* Every entry of the library, found out by calling it. */
std::vector<Answer> own_answers(bool has_vvar);

} // namespace vdsox_tool

#endif
