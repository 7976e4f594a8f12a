// SPDX-License-Identifier: GPL-2.0
/* Patches the image's alternatives, as the kernel does at boot. */
#include <algorithm>
#include <cstring>

#include "fake_vdso.h"
#include "host.h"
#include "offsets.h"

namespace bench
{

#if defined(__x86_64__)

namespace
{

constexpr char nop = '\x90';

/* The kernel's nops: one instruction for up to eight bytes. */
constexpr std::size_t longest_nop = 8;
constexpr const char *nops[longest_nop + 1] = {
	"",
	"\x90",
	"\x66\x90",
	"\x0f\x1f\x00",
	"\x0f\x1f\x40\x00",
	"\x0f\x1f\x44\x00\x00",
	"\x66\x0f\x1f\x44\x00\x00",
	"\x0f\x1f\x80\x00\x00\x00\x00",
	"\x0f\x1f\x84\x00\x00\x00\x00\x00",
};

/* Replaces the one-byte nops at the end of @code by long ones. */
void merge_nops(char *code, std::uint64_t length)
{
	std::uint64_t at = length;

	while (at > 0 && code[at - 1] == nop)
		at--;
	while (at < length) {
		const std::size_t size = std::min<std::size_t>(length - at, longest_nop);

		std::memcpy(code + at, nops[size], size);
		at += size;
	}
}

/* Offset in the file: @record plus the signed 32-bit distance stored there. */
std::uint64_t relative(const vdsogen::View &bytes, std::uint64_t record)
{
	const auto distance = static_cast<std::int32_t>(bytes.number(record, 4).value_or(0));

	return record + static_cast<std::uint64_t>(static_cast<std::int64_t>(distance));
}

void apply(const vdsogen::View &bytes, std::uint64_t record, char *code)
{
	const auto feature = bytes.number(record + ALTERNATIVE_FLAGS_OFFSET, 2).value_or(0);
	const auto inverted = bytes.number(record + ALTERNATIVE_FLAGS_OFFSET + 2, 2).value_or(0);
	const auto length = bytes.number(record + ALTERNATIVE_LENGTH_OFFSET, 1).value_or(0);
	const auto by_length = bytes.number(record + ALTERNATIVE_BY_LENGTH_OFFSET, 1).value_or(0);
	const std::uint64_t where = relative(bytes, record + ALTERNATIVE_WHERE_OFFSET);
	const std::uint64_t by = relative(bytes, record + ALTERNATIVE_BY_OFFSET);

	if (by_length > length || !bytes.contains(where, length) || !bytes.contains(by, by_length))
		throw Fault("an alternative lies outside of the image");
	if (has_feature(static_cast<unsigned int>(feature)) && !inverted) {
		std::memset(code + where, nop, length);
		std::memcpy(code + where, bytes.bytes().data() + by, by_length);
	}
	merge_nops(code + where, length);
}

} // namespace

void apply_alternatives(const Image &image, char *code)
{
	const vdsogen::Section *section = image.elf().find_section(".altinstructions");
	const vdsogen::View &bytes = image.elf().bytes;

	if (!section)
		throw Fault("the image has no section .altinstructions");
	for (std::uint64_t at = 0; at + ALTERNATIVE_SIZE <= section->size; at += ALTERNATIVE_SIZE)
		apply(bytes, section->offset + at, code);
}

#else

/* The other architectures' unpatched code is correct on every CPU. */
void apply_alternatives(const Image &, char *) {}

#endif

} // namespace bench
