// SPDX-License-Identifier: GPL-2.0
/* .eh_frame and .eh_frame_hdr, as specified by the Linux Standard Base. */
#include "elf_frame.h"

#include <elf.h>

#include <optional>
#include <string>

#include "text.h"

namespace vdsogen
{

namespace
{

/* DW_EH_PE_*: encodings of a pointer. */
enum PointerForm : unsigned int {
	form_native = 0x00,
	form_uleb128 = 0x01,
	form_udata2 = 0x02,
	form_udata4 = 0x03,
	form_udata8 = 0x04,
	form_sleb128 = 0x09,
	form_sdata2 = 0x0a,
	form_sdata4 = 0x0b,
	form_sdata8 = 0x0c,
	form_mask = 0x0f,
	base_pc = 0x10,
	base_data = 0x30,
	base_mask = 0x70,
	indirect = 0x80,
	omitted = 0xff,
};

/* Reads frame records; after a read past the end, good() is false. */
class FrameReader
{
public:
	FrameReader(View bytes, std::uint64_t address, bool is_64)
	    : bytes_(bytes), address_(address), is_64_(is_64)
	{
	}

	bool good() const { return good_; }
	std::uint64_t address() const { return address_ + offset_; }
	void skip(std::uint64_t count) { take_view(count); }

	View take_view(std::uint64_t count)
	{
		const auto view = bytes_.slice(offset_, count);

		good_ = good_ && view.has_value();
		offset_ += view ? count : 0;
		return view.value_or(View());
	}

	std::uint64_t take(unsigned int width)
	{
		return take_view(width).number(0, width).value_or(0);
	}

	std::uint64_t take_signed(unsigned int width)
	{
		const std::uint64_t value = take(width);
		const std::uint64_t sign = std::uint64_t{1} << (width * 8 - 1);

		return (value ^ sign) - sign;
	}

	std::uint64_t take_leb128(bool is_signed)
	{
		std::uint64_t value = 0;
		unsigned int shift = 0;
		std::uint64_t byte = 0;

		do {
			byte = take(1);
			if (shift < 64)
				value |= (byte & 0x7f) << shift;
			shift += 7;
		} while (byte & 0x80 && good_);
		if (is_signed && byte & 0x40 && shift < 64)
			value |= ~std::uint64_t{0} << shift;
		return value;
	}

	std::string take_text()
	{
		const auto text = bytes_.text(offset_);

		good_ = good_ && text.has_value();
		if (!text)
			return {};
		offset_ += text->size() + 1;
		return std::string(*text);
	}

	/* A pointer in @encoding; base_data pointers are relative to @data. */
	std::uint64_t take_pointer(unsigned int encoding, std::uint64_t data)
	{
		const std::uint64_t here = address();
		std::uint64_t value = take_form(encoding & form_mask);

		if ((encoding & base_mask) == base_pc)
			value += here;
		else if ((encoding & base_mask) == base_data)
			value += data;
		else if (encoding & base_mask)
			good_ = false;
		if (encoding & indirect)
			good_ = false;
		return is_64_ ? value : value & 0xffffffff;
	}

private:
	std::uint64_t take_form(unsigned int form)
	{
		switch (form) {
		case form_native:
			return take(is_64_ ? 8 : 4);
		case form_uleb128:
		case form_sleb128:
			return take_leb128(form == form_sleb128);
		case form_udata2:
			return take(2);
		case form_udata4:
			return take(4);
		case form_udata8:
		case form_sdata8:
			return take(8);
		case form_sdata2:
			return take_signed(2);
		case form_sdata4:
			return take_signed(4);
		default:
			good_ = false;
			return 0;
		}
	}

	View bytes_;
	std::uint64_t address_;
	std::uint64_t offset_ = 0;
	bool is_64_;
	bool good_ = true;
};

/* Parses .eh_frame at @address. */
class FrameParser
{
public:
	FrameParser(const ElfFile &elf, std::uint64_t address, Diagnostics &faults)
	    : address_(address), is_64_(elf.header.is_64), faults_(faults)
	{
		const Section *section = elf.find_section(".eh_frame");

		bytes_ = elf.from(address);
		/* Without a section header, the terminator record ends the walk. */
		if (section && section->addr == address)
			bytes_ = bytes_.slice(0, section->size).value_or(bytes_);
	}

	std::vector<FrameRange> run()
	{
		std::vector<FrameRange> ranges;
		std::uint64_t offset = 0;

		while (offset < bytes_.size()) {
			const auto length = bytes_.number(offset, 4);

			if (length && !*length)
				break;
			if (!length || *length < 4 || !bytes_.contains(offset + 4, *length)) {
				fail(offset, "has a wrong length");
				break;
			}
			parse_record(offset, *length, ranges);
			offset += 4 + *length;
		}
		return ranges;
	}

private:
	void parse_record(std::uint64_t offset, std::uint64_t length,
			  std::vector<FrameRange> &ranges)
	{
		FrameReader in(bytes_.slice(offset + 4, length).value_or(View()),
			       address_ + offset + 4, is_64_);
		const std::uint64_t back = in.take(4);

		if (!back) /* a CIE; pointer_encoding() reads it for its FDEs */
			return;

		const auto encoding =
			back <= offset + 4 ? pointer_encoding(offset + 4 - back) : std::nullopt;

		if (!encoding) {
			fail(offset, "has no readable CIE");
			return;
		}

		FrameRange range;

		range.record = address_ + offset;
		range.begin = in.take_pointer(*encoding, 0);
		range.size = in.take_pointer(*encoding & form_mask, 0);
		if (in.good())
			ranges.push_back(range);
		else
			fail(offset, "has an unreadable address");
	}

	/* The pointer encoding of the FDEs that refer to the CIE at @offset. */
	std::optional<unsigned int> pointer_encoding(std::uint64_t offset) const
	{
		const std::uint64_t length = bytes_.number(offset, 4).value_or(0);
		FrameReader in(bytes_.slice(offset + 4, length).value_or(View()),
			       address_ + offset + 4, is_64_);

		if (in.take(4))
			return std::nullopt;

		const std::uint64_t version = in.take(1);
		const std::string augmentation = in.take_text();

		if (version != 1 && version != 3)
			return std::nullopt;
		in.take_leb128(false); /* code alignment */
		in.take_leb128(true);  /* data alignment */
		if (version == 1)
			in.take(1);
		else
			in.take_leb128(false); /* return address column */
		if (augmentation.empty())
			return in.good() ? std::optional<unsigned int>(form_native) : std::nullopt;
		return from_augmentation(in, augmentation);
	}

	static std::optional<unsigned int> from_augmentation(FrameReader &in,
							     const std::string &augmentation)
	{
		unsigned int encoding = form_native;

		if (augmentation.front() != 'z')
			return std::nullopt;
		in.take_leb128(false); /* length of the augmentation data */
		for (const char c : augmentation.substr(1)) {
			if (c == 'R')
				encoding = static_cast<unsigned int>(in.take(1));
			else if (c == 'L')
				in.take(1);
			else if (c == 'P')
				in.take_pointer(static_cast<unsigned int>(in.take(1)), 0);
			else if (c != 'S' && c != 'B')
				return std::nullopt;
		}
		return in.good() ? std::optional<unsigned int>(encoding) : std::nullopt;
	}

	void fail(std::uint64_t offset, const char *message)
	{
		faults_.add(0, ".eh_frame: record at " + hex(address_ + offset) + " " + message);
	}

	View bytes_;
	std::uint64_t address_;
	bool is_64_;
	Diagnostics &faults_;
};

/* The search table: pairs of addresses, sorted by the first. */
std::vector<FrameIndex> parse_table(FrameReader &in, std::uint64_t count, unsigned int encoding,
				    std::uint64_t header, Diagnostics &faults)
{
	std::vector<FrameIndex> table;

	for (std::uint64_t i = 0; i < count; i++) {
		FrameIndex entry;

		entry.begin = in.take_pointer(encoding, header);
		entry.record = in.take_pointer(encoding, header);
		if (!in.good()) {
			faults.add(0, ".eh_frame_hdr: its search table is cut short");
			break;
		}
		if (!table.empty() && entry.begin < table.back().begin)
			faults.add(0, ".eh_frame_hdr: its search table is not sorted at " +
					      hex(entry.begin));
		table.push_back(entry);
	}
	return table;
}

} // namespace

FrameInfo parse_frames(const ElfFile &elf, Diagnostics &faults)
{
	const Segment *segment = elf.find_segment(PT_GNU_EH_FRAME);
	FrameInfo info;

	if (!segment) {
		faults.add(0, "no PT_GNU_EH_FRAME: unwinders cannot unwind through the image");
		return info;
	}

	FrameReader in(elf.at(segment->vaddr, segment->filesz).value_or(View()), segment->vaddr,
		       elf.header.is_64);
	const std::uint64_t version = in.take(1);
	const auto frame_encoding = static_cast<unsigned int>(in.take(1));
	const auto count_encoding = static_cast<unsigned int>(in.take(1));
	const auto table_encoding = static_cast<unsigned int>(in.take(1));
	const std::uint64_t frames = in.take_pointer(frame_encoding, segment->vaddr);

	if (!in.good() || version != 1 || frame_encoding == omitted) {
		faults.add(0, ".eh_frame_hdr has no address of .eh_frame");
		return info;
	}
	info.ranges = FrameParser(elf, frames, faults).run();
	if (count_encoding == omitted || table_encoding == omitted) {
		faults.add(0, ".eh_frame_hdr has no search table");
		return info;
	}

	const std::uint64_t count = in.take_pointer(count_encoding, segment->vaddr);

	info.table = parse_table(in, count, table_encoding, segment->vaddr, faults);
	return info;
}

} // namespace vdsogen
