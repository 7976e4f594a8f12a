/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOX_TOOL_IMAGE_H
#define VDSOX_TOOL_IMAGE_H

#include <cstdint>
#include <string>
#include <vector>

namespace vdsox_tool
{

/* An exported symbol of an image. */
struct Export {
	std::string symbol;
	std::string version;
	std::string entry; /* name in the table; empty if it has no such symbol */
	std::string kind;  /* base, code or record; empty if entry is */
	std::uint64_t value = 0;
};

struct Contents {
	unsigned int bits = 0;
	std::string machine;
	std::uint64_t length = 0; /* of the ELF file, without padding to the page's end */
	std::vector<Export> exports;
};

/* Throws Fault if @image is not an ELF file or has no symbols. */
Contents read_contents(const std::string &image);

} // namespace vdsox_tool

#endif
