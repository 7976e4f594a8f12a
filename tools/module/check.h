/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VDSOX_MODULE_CHECK_H
#define VDSOX_MODULE_CHECK_H

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "elf_dynamic.h"
#include "elf_file.h"
#include "table.h"

namespace modules
{

constexpr std::uint64_t longest_image = std::uint64_t{16} << 20;

/* Which module the shared data are of: the last bytes of their mapping. */
struct SharedMark {
	char module[longest_name + 1];
	std::uint64_t layout;
	std::uint64_t size;
};

/* The image's note. */
struct Note {
	std::string module;
	Version version;
	std::uint64_t layout = 0;
	std::uint64_t shared_size = 0;
	std::uint64_t private_size = 0;
	std::uint64_t callbacks = 0;
	std::map<std::string, long> constants;
};

/* An image whose structure is valid: what a loader must know of it. */
struct Image {
	vdsogen::ElfFile elf;
	vdsogen::DynamicInfo dynamic;
	Note note;

	/* Addresses in private data to which the load address is added, with addends. */
	std::vector<std::pair<std::uint64_t, std::uint64_t>> relocations;

	/*
	 * Bytes of the shared mapping, which ends where the image begins; 0 if there are no
	 * shared data. These begin the mapping; a SharedMark ends it.
	 */
	std::uint64_t distance = 0;

	/* From the image's address to the end of its last segment. */
	std::uint64_t size = 0;

	/* Alignment of its segments, not less than a page of the kernel. */
	std::uint64_t align = 0;
};

/*
 * Reads an image without a table, as a loader does, and adds a fault for all that a module
 * cannot have. What it returns is valid if no fault was added.
 */
Image read_image(vdsogen::View bytes, vdsogen::Diagnostics &faults);

/* Compares an image's exports and note with its table. @file: its whole content */
void check_image(const Table &table, std::string_view file, vdsogen::Diagnostics &faults);

/*
 * Checks where an image that is not stripped expects its shared data.
 */
void check_distance(std::string_view file, vdsogen::Diagnostics &faults);

} // namespace modules

#endif
