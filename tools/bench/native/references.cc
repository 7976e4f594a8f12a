// SPDX-License-Identifier: GPL-2.0
#include "references.h"

#include <cerrno>
#include <cstring>
#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host.h"

namespace bench
{

namespace
{

constexpr std::size_t perf_page = 4096;

thread_local volatile std::uint64_t tls_value = 1;

volatile struct rseq *rseq_area()
{
	return reinterpret_cast<volatile struct rseq *>(
		static_cast<char *>(__builtin_thread_pointer()) + __rseq_offset);
}

} // namespace

std::uint64_t load_tls()
{
	return tls_value;
}

bool has_rseq()
{
	return __rseq_size != 0 && static_cast<std::int32_t>(rseq_area()->cpu_id) >= 0;
}

std::uint64_t load_rseq()
{
	return rseq_area()->cpu_id;
}

PerfClock::PerfClock()
{
	perf_event_attr attr = {};

	attr.type = PERF_TYPE_SOFTWARE;
	attr.size = sizeof(attr);
	attr.config = PERF_COUNT_SW_TASK_CLOCK;
	attr.exclude_kernel = 1;

	const int fd = static_cast<int>(syscall(__NR_perf_event_open, &attr, 0, -1, -1, 0));

	if (fd < 0) {
		lacking_ = std::string("perf_event_open: ") + std::strerror(errno);
		return;
	}
	page_ = mmap(nullptr, perf_page, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (page_ == MAP_FAILED) {
		page_ = nullptr;
		lacking_ = std::string("mmap of a perf event: ") + std::strerror(errno);
	} else if (!static_cast<perf_event_mmap_page *>(page_)->cap_user_time) {
		lacking_ = "the kernel does not allow user space to read the perf clock "
			   "(cap_user_time)";
	}
}

PerfClock::~PerfClock()
{
	if (page_)
		munmap(page_, perf_page);
}

/* The algorithm of linux/perf_event.h. */
std::uint64_t PerfClock::read() const
{
	const auto *data = static_cast<volatile perf_event_mmap_page *>(page_);
	std::uint64_t time = 0;
	std::uint32_t seq = 0;

	do {
		seq = data->lock;
		asm volatile("" ::: "memory");

		const std::uint64_t cycles = read_counter();
		const unsigned int shift = data->time_shift;
		const std::uint64_t whole = cycles >> shift;
		const std::uint64_t rest = cycles & ((1ull << shift) - 1);

		time = data->time_enabled + data->time_offset + whole * data->time_mult +
		       (rest * data->time_mult >> shift);
		asm volatile("" ::: "memory");
	} while (data->lock != seq);
	return time;
}

} // namespace bench
