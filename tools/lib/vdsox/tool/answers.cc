// SPDX-License-Identifier: GPL-2.0
/*
 * A program cannot observe whether the vDSO answers or falls back: the kernel counts
 * fallbacks, system-wide. So the tool makes many calls between two reads of the counters
 * and ignores an increase of less than half that number, which other processes may cause.
 */
#include "answers.h"

#include <vdsox.h>

#include <ctime>
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
	{"fallback_clock", "user mode cannot compute the scheduler's clock here: another clock"
			   " source than the TSC, or steal time"},
	{"fallback_threads", "the process has other threads or CPU timers"},
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

/* By the C library's function, which calls the vDSO's. */
template <clockid_t clock> void read_clock()
{
	std::timespec time;

	(void)clock_gettime(clock, &time);
}

struct OwnClock {
	const char *name;
	void (*call)();
};

constexpr OwnClock own_clock_rows[] = {
	{"CLOCK_THREAD_CPUTIME_ID", read_clock<CLOCK_THREAD_CPUTIME_ID>},
	{"CLOCK_PROCESS_CPUTIME_ID", read_clock<CLOCK_PROCESS_CPUTIME_ID>},
};

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

Answer measured(const char *name, void (*call)())
{
	call_often(call, warming_calls);

	const auto before = read_counters();

	call_often(call, counted_calls);

	const auto after = read_counters();

	if (!before || !after)
		return {name, Source::unknown,
			std::string("cannot read ") + stats_path +
				"; root and debugfs are required"};

	const auto reason = fallback_reason(*before, *after, counted_calls);

	if (!reason)
		return {name, Source::vdso, ""};
	return {name, Source::syscall, *reason};
}

Answer answer_of(const OwnEntry &entry, bool has_vvar)
{
	if (vdsox_entry_source(entry.number) != VDSOX_SOURCE_VDSO)
		return {entry.name, Source::syscall,
			has_vvar ? "the vDSO does not export it" : no_vvar};
	return entry.call ? measured(entry.name, entry.call) : Answer{entry.name, Source::vdso, ""};
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

const char *key_of(Source source)
{
	switch (source) {
	case Source::vdso:
		return "vdso";
	case Source::syscall:
		return "syscall";
	default:
		return "unknown";
	}
}

std::string verdict_of(const Answer &answer)
{
	const std::string source =
		answer.source == Source::syscall ? "system call" : key_of(answer.source);

	return answer.reason.empty() ? source : source + ": " + answer.reason;
}

std::vector<Answer> own_ids(bool has_vvar)
{
	std::vector<Answer> answers;

	for (const OwnEntry &entry : own_entries)
		if (entry.call)
			answers.push_back(answer_of(entry, has_vvar));
	return answers;
}

std::vector<Answer> own_clocks(const std::string &obstacle)
{
	std::vector<Answer> answers;

	for (const OwnClock &clock : own_clock_rows)
		answers.push_back(obstacle.empty() ? measured(clock.name, clock.call)
						   : Answer{clock.name, Source::syscall, obstacle});
	return answers;
}

std::vector<Answer> own_answers(bool has_vvar)
{
	std::vector<Answer> answers;

	for (const OwnEntry &entry : own_entries)
		answers.push_back(answer_of(entry, has_vvar));
	return answers;
}

} // namespace vdsox_tool
