// SPDX-License-Identifier: GPL-2.0
#include "fake_vdso.h"

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
#include "symtab.h"

namespace bench
{

namespace
{

constexpr std::size_t page = 4096;

/* Room for the area of include/vdso/task_area.h on any architecture. */
constexpr std::size_t lines = 4096;
constexpr std::size_t area_size = 2 * lines * VDSO_TASK_LINE_SIZE;

constexpr const char *records_symbol = "vdso_task_records";
constexpr const char *area_end_symbol = "vdso_task_end";

/* Offset, below 0, of the first vvar page above the area, from the image's start. */
std::int64_t other_pages(const Image &image)
{
	for (const char *name : {area_end_symbol, "vvar_start", "_vdso_data", "vdso_u_data"})
		if (image.has_local(name))
			return image.local(name);
	throw Fault("the image has no symbol for its first page");
}

std::size_t total_size(const Image &image)
{
	const auto below = static_cast<std::size_t>(-other_pages(image));
	const std::size_t code = (image.bytes().size() + page - 1) / page * page;

	return area_size + below + code;
}

template <typename Number> void put(char *where, Number value)
{
	std::memcpy(where, &value, sizeof(value));
}

/* Offset of the clock data, by 6.12's symbols of x86 and arm64 and 7.3's. */
std::int64_t clock_data(const Image &image)
{
	for (const char *name : {"vvar__vdso_data", "_vdso_data", "vdso_u_time_data"})
		if (image.has_local(name))
			return image.local(name);
	throw Fault("the image has no symbol for its clock data");
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

#define RECORD_ENTRY(name, symbol, field, type, nr)                                                \
	{#name, #symbol, offsetof(struct vdso_task_record, field), __NR_##nr},

const std::vector<RecordEntry> &record_entries()
{
	static const std::vector<RecordEntry> entries = {VDSO_TASK_ENTRIES(RECORD_ENTRY)};

	return entries;
}

FakeVdso::FakeVdso(const Image &image)
    : image_(image), rate_(counter_rate()), has_records_(image.has_local(records_symbol)),
      pages_(total_size(image))
{
	area_end_ = pages_.begin() + area_size;
	code_ = area_end_ - other_pages(image);
	std::memcpy(code_, image.bytes().data(), image.bytes().size());
	apply_alternatives(image, code_);
	fill_clocks();
	if (has_records_) {
		records_ = code_ + image.local(records_symbol);
		fill_scheduler_clock();
		fill_records(0);
	}
	pages_.protect(code_, (image.bytes().size() + page - 1) / page * page,
		       PROT_READ | PROT_EXEC);
}

/*
 * All records have the same contents, also record 0: on arm64 a kernel without the
 * patches leaves TPIDRRO_EL0 at 0, which selects it. Each slot of x86 selects record 1.
 */
void FakeVdso::fill_records(unsigned int shift) const
{
	for (std::size_t i = 0; i + 32 < lines; i++) {
		char *record = records_ - i * VDSO_TASK_LINE_SIZE;

		for (const RecordEntry &entry : record_entries()) {
			const auto answer = static_cast<std::uint32_t>(syscall(entry.nr));

			put<std::uint32_t>(record + entry.field, answer + 1 + shift);
		}
		put<std::uint32_t>(record + VDSO_TASK_RECORD_CPUTIME_OFFSET, 1);
		put<std::uint32_t>(record + VDSO_TASK_RECORD_COUNTER_OFFSET, 1);
		put<std::uint64_t>(record + VDSO_TASK_RECORD_EXITED_RUNTIME_OFFSET, 1);
		put<std::uint64_t>(record + VDSO_TASK_RECORD_BASE_OFFSET, 1);
	}
#if defined(__x86_64__)
	for (std::size_t i = 1; i <= lines; i++) {
		char *slot = records_ + i * VDSO_TASK_LINE_SIZE;

		put<std::uint64_t>(slot + VDSO_TASK_SLOT_SEQ_OFFSET, i);
		put<std::int64_t>(slot + VDSO_TASK_SLOT_RECORD_OFFSET, -VDSO_TASK_LINE_SIZE);
		put<std::uint64_t>(slot + VDSO_TASK_SLOT_STAMP_OFFSET, 0);
		put<std::uint64_t>(slot + VDSO_TASK_SLOT_CLOCK_OFFSET, 0);
		put<std::uint64_t>(slot + VDSO_TASK_SLOT_BASE_OFFSET, 1);
	}
#endif
}

void FakeVdso::fill_clocks() const
{
	timespec now = {};

	clock_gettime(CLOCK_MONOTONIC, &now);
	for (std::size_t i = 0; i < CLOCK_DATA_COUNT; i++)
		fill_clock(code_ + clock_data(image_) + i * CLOCK_DATA_SIZE, now.tv_sec);
}

/* The data that the timekeeping core would write now, by the counter's rate. */
void FakeVdso::fill_clock(char *data, std::int64_t second) const
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
		char *base = data + std::ptrdiff_t{CLOCK_BASE_SIZE} * id;

		put<std::int64_t>(base + CLOCK_SEC_OFFSET, second + seconds_apart(id));
		put<std::uint64_t>(base + CLOCK_NSEC_OFFSET, 0);
	}
}

/* The global page: its clock counts from now, so that CPU times start at 0. */
void FakeVdso::fill_scheduler_clock() const
{
	constexpr unsigned int shift = 24;
	const double mult = std::ldexp(1e9 / rate_, shift);

	put<std::uint32_t>(area_end_ + VDSO_TASK_GLOBAL_SEQ_OFFSET, 2);
	put(area_end_ + VDSO_TASK_GLOBAL_MULT_OFFSET,
	    static_cast<std::uint32_t>(std::lround(mult)));
	put<std::uint32_t>(area_end_ + VDSO_TASK_GLOBAL_SHIFT_OFFSET, shift);
	put<std::uint64_t>(area_end_ + VDSO_TASK_GLOBAL_EPOCH_OFFSET, read_counter());
	put<std::uint64_t>(area_end_ + VDSO_TASK_GLOBAL_OFFSET_OFFSET, 1);
}

} // namespace bench
