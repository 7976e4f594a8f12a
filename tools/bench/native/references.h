/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOX_BENCH_REFERENCES_H
#define VDSOX_BENCH_REFERENCES_H

#include <cstdint>
#include <string>

namespace bench
{

/* Other ways of a thread to read its own state without a system call, to compare with. */

std::uint64_t load_tls();

/* rseq's cpu_id; has_rseq() is false if glibc has not registered rseq. */
bool has_rseq();
std::uint64_t load_rseq();

/* The task clock of perf_event_open(), which a task reads from a mapped page. */
class PerfClock
{
public:
	PerfClock();
	~PerfClock();
	PerfClock(const PerfClock &) = delete;
	PerfClock &operator=(const PerfClock &) = delete;

	/* The reason why it cannot be read; empty if it can. */
	const std::string &lacking() const { return lacking_; }
	std::uint64_t read() const;

private:
	void *page_ = nullptr;
	std::string lacking_;
};

} // namespace bench

#endif
