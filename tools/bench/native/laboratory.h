/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOX_BENCH_LABORATORY_H
#define VDSOX_BENCH_LABORATORY_H

#include <cstddef>
#include <cstdint>
#include <string>
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

/* An entry that a slot answers, and what it must say. */
struct SlotEntry {
	std::string name;
	std::string symbol;
	std::size_t field = 0;
	long nr = 0;
};

const std::vector<SlotEntry> &slot_entries();

/*
 * A vDSO image as a kernel would have mapped it, above vvar pages that the laboratory
 * fills: a slot for each CPU with the answers of this process, all under the header's
 * generation, and clocks that run by this CPU's counter.
 */
class Laboratory
{
public:
	explicit Laboratory(const Image &image);

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

	/* All answers are what the system calls say plus @shift. */
	void fill_slots(unsigned int shift) const;

private:
	void fill_clock() const;
	void fill_scheduler_clock() const;
	char *line(unsigned int index) const;

	const Image &image_;
	Mapping pages_;
	char *code_ = nullptr;
	char *slots_end_ = nullptr;
};

/* Patches @code as the kernel does at boot, for the CPU that this runs on. */
void apply_alternatives(const Image &image, char *code);

} // namespace bench

#endif
