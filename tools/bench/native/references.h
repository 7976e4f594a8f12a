/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOX_BENCH_REFERENCES_H
#define VDSOX_BENCH_REFERENCES_H

#include <cstdint>
#include <string>

namespace bench
{

/* What a thread can learn about itself without the image, and without a system call. */

std::uint64_t load_tls();

/* rseq's cpu_id as glibc registered it; false where it did not. */
bool has_rseq();
std::uint64_t load_rseq();

/* The clock that perf_event_open() gives a task to read by itself. */
class PerfClock
{
public:
	PerfClock();
	~PerfClock();
	PerfClock(const PerfClock &) = delete;
	PerfClock &operator=(const PerfClock &) = delete;

	/* Why it cannot be read; empty where it can. */
	const std::string &lacking() const { return lacking_; }
	std::uint64_t read() const;

private:
	void *page_ = nullptr;
	std::string lacking_;
};

} // namespace bench

#endif
