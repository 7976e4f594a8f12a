// SPDX-License-Identifier: GPL-2.0
#include "laboratory.h"

#include <cerrno>
#include <cmath>
#include <cstring>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "host.h"
#include "layout.h"
#include "offsets.h"

namespace bench
{

namespace
{

constexpr std::size_t page = 4096;

/* The line above the slots comes first, so CPU c has line c + 1. */
std::size_t slots_size()
{
	const std::size_t lines = cpu_limit() + 1;

	return (lines * VDSO_TASK_SLOT_SIZE + page - 1) / page * page;
}

constexpr const char *slots_end_symbol = "vdso_task_end";

/* Where, from the image's start, the pages begin that are no slots; below 0. */
std::int64_t other_pages(const Image &image)
{
	for (const char *name : {slots_end_symbol, "vvar_start", "_vdso_data"})
		if (image.has_local(name))
			return image.local(name);
	throw Fault("the image has no symbol of its first page");
}

std::size_t total_size(const Image &image)
{
	const auto below = static_cast<std::size_t>(-other_pages(image));
	const std::size_t code = (image.bytes().size() + page - 1) / page * page;

	return slots_size() + below + code;
}

template <typename Number> void put(char *where, Number value)
{
	std::memcpy(where, &value, sizeof(value));
}

/* The image's clock data: x86 has a symbol at an offset in the page. */
std::int64_t clock_data(const Image &image)
{
	for (const char *name : {"vvar__vdso_data", "_vdso_data"})
		if (image.has_local(name))
			return image.local(name);
	throw Fault("the image has no symbol of its clock data");
}

} // namespace

Mapping::Mapping(std::size_t size) : size_(size)
{
	void *memory =
		mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		throw Fault(std::string("mmap: ") + std::strerror(errno));
	begin_ = static_cast<char *>(memory);
}

Mapping::~Mapping()
{
	munmap(begin_, size_);
}

void Mapping::protect(char *from, std::size_t size, int how) const
{
	if (mprotect(from, size, how) != 0)
		throw Fault(std::string("mprotect: ") + std::strerror(errno));
}

#define SLOT_ENTRY(name, symbol, field, type, nr)                                                  \
	{#name, #symbol, offsetof(struct vdso_task_slot, field), __NR_##nr},

const std::vector<SlotEntry> &slot_entries()
{
	static const std::vector<SlotEntry> entries = {
#if defined(__x86_64__)
		VDSO_TASK_ENTRIES_X86_64(SLOT_ENTRY)
#elif defined(__aarch64__)
		VDSO_TASK_ENTRIES_ARM64(SLOT_ENTRY)
#endif
	};

	return entries;
}

Laboratory::Laboratory(const Image &image)
    : image_(image), rate_(counter_rate()), has_slots_(image.has_local(slots_end_symbol)),
      pages_(total_size(image))
{
	slots_end_ = pages_.begin() + slots_size();
	code_ = slots_end_ - other_pages(image);
	std::memcpy(code_, image.bytes().data(), image.bytes().size());
	apply_alternatives(image, code_);
	fill_clocks();
	if (has_slots_) {
		fill_scheduler_clock();
		fill_slots(0);
	}
	pages_.protect(code_, (image.bytes().size() + page - 1) / page * page,
		       PROT_READ | PROT_EXEC);
}

char *Laboratory::line(unsigned int index) const
{
	return slots_end_ - (index + 1ul) * VDSO_TASK_SLOT_SIZE;
}

/*
 * The header line is filled as a slot as well: on arm64 a kernel without the patches
 * leaves the register of the CPU number 0, which names that line. Its begin lies where a
 * slot has seq.
 */
void Laboratory::fill_slots(unsigned int shift) const
{
	constexpr std::uint64_t generation = 1;

	for (unsigned int i = 0; i <= cpu_limit(); i++) {
		put<std::uint64_t>(line(i) + VDSO_TASK_SLOT_SEQ_OFFSET, 1 + i);
		put(line(i) + VDSO_TASK_SLOT_GEN_OFFSET, generation);
		for (const SlotEntry &entry : slot_entries()) {
			const auto answer = static_cast<std::uint32_t>(syscall(entry.nr));

			put<std::uint32_t>(line(i) + entry.field, answer + 1 + shift);
		}
		put<std::uint64_t>(line(i) + VDSO_TASK_SLOT_BASE_OFFSET, 1);
		put<std::uint64_t>(line(i) + VDSO_TASK_SLOT_DEAD_OFFSET, 1);
	}
	put(line(0) + VDSO_TASK_HEADER_BEGIN_OFFSET, generation);
}

void Laboratory::fill_clocks() const
{
	timespec now = {};

	clock_gettime(CLOCK_MONOTONIC, &now);
	for (std::size_t i = 0; i < CLOCK_DATA_COUNT; i++)
		fill_clock(code_ + clock_data(image_) + i * CLOCK_DATA_SIZE, now.tv_sec);
}

/* From now on, by the counter's rate, as the timekeeping core would write it. */
void Laboratory::fill_clock(char *data, std::int64_t second) const
{
	constexpr unsigned int shift = 24;

	put<std::uint64_t>(data + CLOCK_LAST_OFFSET, read_counter());
	put<std::int32_t>(data + CLOCK_MODE_OFFSET, CLOCK_MODE_COUNTER);
#ifdef CLOCK_LIMIT_OFFSET
	put<std::uint64_t>(data + CLOCK_LIMIT_OFFSET, ~0ull >> 1);
#endif
	put<std::uint64_t>(data + CLOCK_MASK_OFFSET, ~0ull);
	put<std::uint32_t>(data + CLOCK_MULT_OFFSET,
			   static_cast<std::uint32_t>(std::lround(std::ldexp(1e9 / rate_, shift))));
	put<std::uint32_t>(data + CLOCK_SHIFT_OFFSET, shift);
	for (clockid_t id = 0; id < CLOCK_BASE_COUNT; id++) {
		char *base = data + id * CLOCK_BASE_SIZE;

		put<std::int64_t>(base + CLOCK_SEC_OFFSET, second + seconds_apart(id));
		put<std::uint64_t>(base + CLOCK_NSEC_OFFSET, 0);
	}
}

/* Of the page that all processes share: a CPU time that began with the laboratory. */
void Laboratory::fill_scheduler_clock() const
{
	constexpr unsigned int shift = 24;
	const double mult = std::ldexp(1e9 / rate_, shift);

	put<std::uint32_t>(slots_end_ + VDSO_TASK_GLOBAL_SEQ_OFFSET, 2);
	put(slots_end_ + VDSO_TASK_GLOBAL_MULT_OFFSET,
	    static_cast<std::uint32_t>(std::lround(mult)));
	put<std::uint32_t>(slots_end_ + VDSO_TASK_GLOBAL_SHIFT_OFFSET, shift);
	put<std::uint64_t>(slots_end_ + VDSO_TASK_GLOBAL_EPOCH_OFFSET, read_counter());
	put<std::uint64_t>(slots_end_ + VDSO_TASK_GLOBAL_OFFSET_OFFSET, 1);
}

} // namespace bench
