/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOGEN_ELF_FRAME_H
#define VDSOGEN_ELF_FRAME_H

#include <cstdint>
#include <vector>

#include "elf_file.h"

namespace vdsogen
{

/* The code that one frame description entry (FDE) covers. */
struct FrameRange {
	std::uint64_t begin = 0;
	std::uint64_t size = 0;
	std::uint64_t record = 0; /* address of the FDE */

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

/* Parses .eh_frame and its search table, which PT_GNU_EH_FRAME leads to. */
FrameInfo parse_frames(const ElfFile &elf, Diagnostics &faults);

} // namespace vdsogen

#endif
