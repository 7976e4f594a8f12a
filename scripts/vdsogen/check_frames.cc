// SPDX-License-Identifier: GPL-2.0
/* Unwind information of every exported function. */
#include "check.h"
#include "elf_frame.h"
#include "text.h"

namespace vdsogen
{

namespace
{

const FrameRange *find_range(const FrameInfo &info, std::uint64_t address)
{
	for (const FrameRange &range : info.ranges)
		if (range.contains(address))
			return &range;
	return nullptr;
}

/*
 * The frame range of a function's first instruction. That of a base entry may begin
 * later: sgx_enter_enclave's begins after its ENDBR.
 */
const FrameRange *find_range(const FrameInfo &info, const Symbol &symbol, std::uint64_t begin,
			     std::uint64_t end)
{
	const FrameRange *range = find_range(info, begin);

	for (const FrameRange &other : info.ranges)
		if (!range && !symbol.entry->is_new() && other.begin > begin && other.begin < end)
			range = &other;
	return range;
}

/* The first address in [@begin, @end) without unwind information; @end if there is none. */
std::uint64_t first_gap(const FrameInfo &info, std::uint64_t begin, std::uint64_t end)
{
	while (begin < end) {
		const FrameRange *range = find_range(info, begin);

		if (!range || range->size - (begin - range->begin) >= end - begin)
			return range ? end : begin;
		begin = range->begin + range->size;
	}
	return end;
}

/* Searches like an unwinder: the last table entry at or before @address. */
bool table_finds(const FrameInfo &info, std::uint64_t address, const FrameRange &range)
{
	const FrameIndex *last = nullptr;

	for (const FrameIndex &entry : info.table)
		if (entry.begin <= address)
			last = &entry;
	return last && last->begin == range.begin && last->record == range.record;
}

} // namespace

void check_frames(const Table &table, const Abi &abi, const ElfFile &elf, const DynamicInfo &info,
		  Diagnostics &faults)
{
	const FrameInfo frames = parse_frames(elf, faults);

	for (const DynamicSymbol &found : info.symbols) {
		const std::uint64_t begin = found.symbol.value;
		const std::uint64_t end = begin + found.symbol.size;

		for (const Symbol &symbol : table.symbols_of(abi)) {
			const FrameRange *range = find_range(frames, symbol, begin, end);

			if (symbol.name != found.symbol.name || !symbol.entry->has_frame ||
			    symbol.entry->elf_type == ElfType::object)
				continue;
			if (!range)
				faults.add(0, symbol.name + ": no unwind information (FDE)");
			else if (!table_finds(frames, range->begin, *range))
				faults.add(0,
					   symbol.name + ": not in .eh_frame_hdr's search table");
			/* Base entries may end in bytes that are never executed: sigreturn. */
			if (range && symbol.entry->is_new() && first_gap(frames, begin, end) != end)
				faults.add(0, symbol.name + ": no unwind information from " +
						      hex(first_gap(frames, begin, end)) + " on");
		}
	}
}

} // namespace vdsogen
