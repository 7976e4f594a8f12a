/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOX_BENCH_FAKE_VDSO_H
#define VDSOX_BENCH_FAKE_VDSO_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <time.h>
#include <vector>

#include "image.h"

namespace bench
{

/* An anonymous private mapping; the destructor unmaps it. */
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

/* A record entry: its field in a record, and the nr of its system call. */
struct RecordEntry {
	std::string name;
	std::string symbol;
	std::size_t field = 0;
	long nr = 0;
};

const std::vector<RecordEntry> &record_entries();

/* Seconds by which a FakeVdso's clock @id is ahead of its CLOCK_MONOTONIC. */
constexpr std::int64_t seconds_apart(clockid_t id)
{
	return id == CLOCK_MONOTONIC ? 0 : (id + 1) * 1000000ll;
}

/*
 * A vDSO image, mapped as a kernel maps it, above vvar pages that this class fills:
 * clocks based on this CPU's counter, and if the image has record entries, the answers
 * for this process in all records.
 */
class FakeVdso
{
public:
	explicit FakeVdso(const Image &image);

	/* The address of export @name as a pointer to a function. */
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

	/* Stores the results of the system calls plus @shift in all records. */
	void fill_records(unsigned int shift) const;

	/*
	 * Sets the clocks to the current second. An image subtracts every second that has
	 * passed since then in a loop, which takes instructions.
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

/* Patches @code for this CPU, as the kernel does at boot. */
void apply_alternatives(const Image &image, char *code);

} // namespace bench

#endif
