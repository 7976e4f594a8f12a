/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOX_BENCH_LABORATORY_H
#define VDSOX_BENCH_LABORATORY_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <time.h>
#include <vector>

#include "image.h"

namespace bench
{

/* Pages of this process's own; given back at the end. */
class Mapping
{
public:
	explicit Mapping(std::size_t size);
	~Mapping();
	Mapping(const Mapping &) = delete;
	Mapping &operator=(const Mapping &) = delete;

	char *begin() const { return begin_; }
	std::size_t size() const { return size_; }
	void protect(char *from, std::size_t size, int how) const;

private:
	char *begin_ = nullptr;
	std::size_t size_ = 0;
};

/* An entry that a record answers, and what it must say. */
struct RecordEntry {
	std::string name;
	std::string symbol;
	std::size_t field = 0;
	long nr = 0;
};

const std::vector<RecordEntry> &record_entries();

/* Seconds that the laboratory adds to CLOCK_MONOTONIC for another clock. */
constexpr std::int64_t seconds_apart(clockid_t id)
{
	return id == CLOCK_MONOTONIC ? 0 : (id + 1) * 1000000ll;
}

/*
 * A vDSO image as a kernel would have mapped it, above vvar pages that the laboratory
 * fills: clocks that run by this CPU's counter, and if the image knows of records, the
 * answers of this process in all of them.
 */
class FakeVdso
{
public:
	explicit FakeVdso(const Image &image);

	/* An export as a function to call. */
	template <typename Function> Function function(const std::string &name) const
	{
		return reinterpret_cast<Function>(code_ + image_.export_of(name));
	}

	bool in_code(std::uintptr_t address) const
	{
		const auto code = reinterpret_cast<std::uintptr_t>(code_);

		return address - code < image_.bytes().size();
	}

	bool has_records() const { return has_records_; }

	/* All answers are what the system calls say plus @shift. */
	void fill_records(unsigned int shift) const;

	/*
	 * Lets the clocks run from the second that it is now. An image subtracts each
	 * second that has passed since by itself, which takes instructions.
	 */
	void fill_clocks() const;

private:
	void fill_clock(char *data, std::int64_t second) const;
	void fill_scheduler_clock() const;

	const Image &image_;
	double rate_;
	bool has_records_;
	Mapping pages_;
	char *code_ = nullptr;
	char *area_end_ = nullptr;
	char *records_ = nullptr;
};

/* Patches @code as the kernel does at boot, for the CPU that this runs on. */
void apply_alternatives(const Image &image, char *code);

} // namespace bench

#endif
