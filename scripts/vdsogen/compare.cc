// SPDX-License-Identifier: GPL-2.0
#include "compare.h"

#include <elf.h>

#include <vector>

#include "elf_file.h"
#include "text.h"

namespace vdsogen
{

namespace
{

constexpr std::size_t longest_padding = 65536; /* the largest page */

/* Size of struct alt_instr, and the offset of the old code's length in it. */
struct AltForm {
	std::uint64_t size;
	std::uint64_t length_offset;
};

AltForm alt_form(const ElfFile &elf)
{
	if (elf.header.machine == EM_AARCH64)
		return {12, 10};
	return {14, 12};
}

/* One flag per byte of the image: true if an alternative may patch it. */
std::vector<bool> patched_bytes(const ElfFile &elf, Diagnostics &faults)
{
	std::vector<bool> patched(elf.bytes.size());
	const Section *section = elf.find_section(".altinstructions");
	const AltForm form = alt_form(elf);
	const std::uint64_t mask = elf.header.is_64 ? ~std::uint64_t{0} : 0xffffffff;

	if (!section)
		return patched;
	if (section->size % form.size || !elf.bytes.contains(section->offset, section->size)) {
		faults.add(0, ".altinstructions has a wrong size");
		return patched;
	}
	for (std::uint64_t i = 0; i < section->size; i += form.size) {
		const std::uint64_t at = section->offset + i;
		const std::uint64_t delta = elf.bytes.number(at, 4).value_or(0);
		const std::uint64_t place = (at + delta - (delta >> 31 << 32)) & mask;
		const std::uint64_t length =
			elf.bytes.number(at + form.length_offset, 1).value_or(0);

		if (!elf.bytes.contains(place, length)) {
			faults.add(0, ".altinstructions patches bytes outside of the image");
			continue;
		}
		for (std::uint64_t j = place; j < place + length; j++)
			patched[static_cast<std::size_t>(j)] = true;
	}
	return patched;
}

std::string section_at(const ElfFile &elf, std::size_t offset)
{
	for (const Section &section : elf.sections)
		if (section.type != SHT_NULL && section.type != SHT_NOBITS &&
		    offset >= section.offset && offset - section.offset < section.size)
			return " (" + section.name + ")";
	return "";
}

void compare_bytes(const ElfFile &elf, std::string_view other, const std::vector<bool> &patched,
		   Diagnostics &faults)
{
	const std::string_view image = elf.bytes.bytes();
	const std::size_t end = std::min(image.size(), other.size());
	const auto differs = [&](std::size_t i) { return image[i] != other[i] && !patched[i]; };

	for (std::size_t i = 0; i < end; i++) {
		const std::size_t begin = i;

		if (!differs(i))
			continue;
		while (i + 1 < end && differs(i + 1))
			i++;
		faults.add(0, "differs in bytes " + hex(begin) + " to " + hex(i) +
				      section_at(elf, begin));
	}
}

void compare_sizes(std::string_view image, std::string_view other, Diagnostics &faults)
{
	if (other.size() < image.size()) {
		faults.add(0, "ends after " + std::to_string(other.size()) + " of " +
				      std::to_string(image.size()) + " bytes");
		return;
	}

	const std::string_view padding = other.substr(image.size());

	if (padding.size() >= longest_padding)
		faults.add(0, "is longer by more than a page");
	else if (padding.find_first_not_of('\0') != std::string_view::npos)
		faults.add(0, "has bytes other than zero behind the image's end");
}

} // namespace

void compare_images(std::string_view image, std::string_view other, Diagnostics &faults)
{
	const auto elf = parse_elf(View(image), faults);

	if (!elf)
		return;
	compare_sizes(image, other, faults);
	compare_bytes(*elf, other, patched_bytes(*elf, faults), faults);
}

} // namespace vdsogen
