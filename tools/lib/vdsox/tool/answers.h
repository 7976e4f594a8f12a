/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOX_TOOL_ANSWERS_H
#define VDSOX_TOOL_ANSWERS_H

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace vdsox_tool
{

constexpr const char *no_vvar = "the vDSO's data pages are not mapped";

enum class Source { vdso, syscall, unknown };

/* The current source of an entry's answers in this process, and the reason. */
struct Answer {
	std::string entry;
	Source source = Source::unknown;
	std::string reason; /* empty if there is nothing to explain */
};

using Counters = std::map<std::string, long>;

/* Parses `key value` lines, as in the kernel's statistics, up to the first other line. */
Counters parse_counters(const std::string &text);

/*
 * The reason of most fallbacks during @calls calls, by the fallback counters; nullopt
 * if the vDSO answered most calls.
 */
std::optional<std::string> fallback_reason(const Counters &before, const Counters &after,
					   long calls);

/* A source's word in JSON, and an answer's in text: with its reason, if it has one. */
const char *key_of(Source source);
std::string verdict_of(const Answer &answer);

/* The answers' sources of every entry of the library, found by calling it. */
std::vector<Answer> own_answers(bool has_vvar);

/* The same of the entries with a record. */
std::vector<Answer> own_ids(bool has_vvar);

/* The same of the CPU-time clocks; the system call answers if there is an @obstacle. */
std::vector<Answer> own_clocks(const std::string &obstacle);

} // namespace vdsox_tool

#endif
