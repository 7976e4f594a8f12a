/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOGEN_ELF_FRAME_H
#define VDSOGEN_ELF_FRAME_H

#include <cstdint>
#include <vector>

#include "elf_file.h"

namespace vdsogen
{

/* The code that one frame description (FDE) tells how to unwind. */
struct FrameRange {
	std::uint64_t begin = 0;
	std::uint64_t size = 0;
	std::uint64_t record = 0; /* address of the description */

	bool contains(std::uint64_t address) const
	{
		return address >= begin && address - begin < size;
	}
};

/* One entry of the search table in .eh_frame_hdr. */
struct FrameIndex {
	std::uint64_t begin = 0;
	std::uint64_t record = 0;
};

struct FrameInfo {
	std::vector<FrameRange> ranges;
	std::vector<FrameIndex> table;
};

/* .eh_frame and its search table, found through PT_GNU_EH_FRAME. */
FrameInfo parse_frames(const ElfFile &elf, Diagnostics &faults);

} // namespace vdsogen

#endif
