// SPDX-License-Identifier: GPL-2.0
/*
 * A program cannot observe whether the vDSO answers or falls back: the kernel counts
 * fallbacks, system-wide. So the tool makes many calls between two reads of the counters
 * and ignores an increase of less than half that number, which other processes may cause.
 */
#include "answers.h"

#include <vdsox.h>

#include <fstream>
#include <iterator>
#include <sstream>

#include "vdsox_calls.h"

namespace vdsox_tool
{

namespace
{

constexpr const char *stats_path = "/sys/kernel/debug/vdso_task/stats";
constexpr long warming_calls = 4096;
constexpr long counted_calls = 20000;
constexpr const char *prefix = "fallback_";

struct Reason {
	const char *key;
	const char *text;
};

/* A key that is not listed, for example of a later kernel, is printed as it is. */
constexpr Reason reasons[] = {
	{"fallback_unpromoted", "not promoted: the process has not called often yet"},
	{"fallback_direct",
	 "the reads are interrupted, or the program makes the system call itself"},
	{"fallback_nomem", "no memory for a record"},
	{"fallback_off", "kernel.vdso_task is off, or a CPU reports a wrong number"},
	{"fallback_policy", "a tracer, filter or audit observes the system calls"},
	{"fallback_stale", "the answers are invalidated again and again"},
	{"fallback_none", "this thread has an ID that is not mapped in its namespace"},
};

struct OwnEntry {
	const char *name;
	vdsox_entry number;
	void (*call)(); /* nullptr if the kernel does not count its fallbacks */
};

#define VDSOX_OWN_RECORD(name) +[] { (void)vdsox_##name(); }
#define VDSOX_OWN_CODE(name) nullptr
#define VDSOX_OWN_BASE(name) nullptr
#define VDSOX_OWN(name, NAME, KIND, symbol, version, nr, result, shown, passed, all, sent)         \
	{#name, VDSOX_##NAME, VDSOX_OWN_##KIND(name)},

constexpr OwnEntry own_entries[] = {VDSOX_CALLS(VDSOX_OWN)};

/* nullopt if the statistics cannot be read. */
std::optional<Counters> read_counters()
{
	std::ifstream in(stats_path);

	if (!in)
		return std::nullopt;
	return parse_counters(std::string(std::istreambuf_iterator<char>(in), {}));
}

void call_often(void (*call)(), long times)
{
	for (long i = 0; i < times; i++)
		call();
}

Answer measured(const OwnEntry &entry)
{
	call_often(entry.call, warming_calls);

	const auto before = read_counters();

	call_often(entry.call, counted_calls);

	const auto after = read_counters();

	if (!before || !after)
		return {entry.name, Source::unknown,
			std::string("cannot read ") + stats_path +
				"; root and debugfs are required"};

	const auto reason = fallback_reason(*before, *after, counted_calls);

	if (!reason)
		return {entry.name, Source::vdso, ""};
	return {entry.name, Source::syscall, *reason};
}

Answer answer_of(const OwnEntry &entry, bool has_vvar)
{
	if (vdsox_entry_source(entry.number) != VDSOX_SOURCE_VDSO)
		return {entry.name, Source::syscall,
			has_vvar ? "the vDSO does not export it"
				 : "the vDSO's data pages are not mapped"};
	return entry.call ? measured(entry) : Answer{entry.name, Source::vdso, ""};
}

} // namespace

Counters parse_counters(const std::string &text)
{
	std::istringstream in(text);
	Counters counters;
	std::string key;
	long value;

	while (in >> key >> value)
		counters[key] = value;
	return counters;
}

std::optional<std::string> fallback_reason(const Counters &before, const Counters &after,
					   long calls)
{
	const std::string start(prefix);
	std::string largest;
	long most = 0, all = 0;

	for (const auto &[key, value] : after) {
		const auto old = before.find(key);
		const long moved = value - (old == before.end() ? 0 : old->second);

		if (key.compare(0, start.size(), start) != 0 || moved <= 0)
			continue;
		all += moved;
		if (moved > most) {
			most = moved;
			largest = key;
		}
	}
	if (all < calls / 2)
		return std::nullopt;
	for (const Reason &reason : reasons)
		if (largest == reason.key)
			return reason.text;
	return largest;
}

std::vector<Answer> own_answers(bool has_vvar)
{
	std::vector<Answer> answers;

	for (const OwnEntry &entry : own_entries)
		answers.push_back(answer_of(entry, has_vvar));
	return answers;
}

} // namespace vdsox_tool
