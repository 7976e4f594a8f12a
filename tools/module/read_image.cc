// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The structure of an image: segments, dynamic section, relocations and note. */
#include <elf.h>

#include <algorithm>

#include "check.h"
#include "machine.h"
#include "text.h"

namespace modules
{

namespace
{

using vdsogen::Diagnostics;
using vdsogen::ElfFile;
using vdsogen::Segment;
using vdsogen::View;

constexpr std::uint64_t smallest_page = 4096;
constexpr std::uint64_t largest_page = 65536;
constexpr unsigned int rela_size = 24;
constexpr std::uint64_t most_version = 9999;
constexpr unsigned int note_type = 1;
constexpr std::uint64_t dt_relr = 36;

std::string at(std::uint64_t address)
{
	return " at " + vdsogen::hex(address);
}

void check_header(const ElfFile &elf, Diagnostics &faults)
{
	const vdsogen::ElfHeader &header = elf.header;

	if (!header.is_64 || header.type != ET_DYN)
		faults.add(0, "is no 64-bit shared object");
	if (header.machine != EM_X86_64 && header.machine != EM_AARCH64)
		faults.add(0, "is of machine " + std::to_string(header.machine) +
				      ", which modules do not support");
	if (header.phentsize != sizeof(Elf64_Phdr))
		faults.add(0, "program headers of " + std::to_string(header.phentsize) + " bytes");
}

bool is_page_size(std::uint64_t align)
{
	return align >= smallest_page && align <= largest_page && !(align & (align - 1));
}

/* The loaded segments are R, R+X and, if there are private data, R+W, in this order. */
class LoadCheck
{
public:
	LoadCheck(const ElfFile &elf, Diagnostics &faults) : elf_(elf), faults_(faults) {}

	/* Returns the end of the last one. */
	std::uint64_t run()
	{
		constexpr std::uint64_t order[] = {PF_R, PF_R | PF_X, PF_R | PF_W};
		std::size_t count = 0;

		for (const Segment &segment : elf_.segments) {
			if (segment.type != PT_LOAD)
				continue;
			if (count == std::size(order)) {
				faults_.add(0, "has more than three PT_LOAD segments");
				break;
			}
			check(segment, order[count++]);
		}
		if (count < 2)
			faults_.add(0, "has no segments for data and code");
		return end_;
	}

private:
	void check(const Segment &load, std::uint64_t flags)
	{
		const std::string name = "PT_LOAD" + at(load.vaddr);

		if (load.flags != flags)
			faults_.add(0, name + " has flags " + vdsogen::hex(load.flags) +
					       " instead of " + vdsogen::hex(flags));
		if (!is_page_size(load.align) || (align_ && load.align != align_))
			faults_.add(0, name + " has alignment " + vdsogen::hex(load.align));
		else if (load.vaddr % load.align || load.offset % load.align)
			faults_.add(0, name + " does not begin with a page");
		align_ = load.align;
		if (load.vaddr < end_ || (!end_ && (load.vaddr || load.offset)))
			faults_.add(0, name + " is not where the segment before it ends");
		if (load.memsz < load.filesz || load.memsz > longest_image ||
		    load.vaddr > longest_image)
			faults_.add(0, name + " has a wrong size in memory");
		if (!(load.flags & PF_W) && load.memsz != load.filesz)
			faults_.add(0, name + " is longer in memory than in the file");
		if (!elf_.bytes.contains(load.offset, load.filesz))
			faults_.add(0, name + " reaches past the end of the file");
		end_ = load.vaddr + load.memsz;
	}

	const ElfFile &elf_;
	Diagnostics &faults_;
	std::uint64_t align_ = 0;
	std::uint64_t end_ = 0;
};

void check_segments(const ElfFile &elf, Diagnostics &faults)
{
	for (const Segment &segment : elf.segments) {
		if (segment.type == PT_TLS)
			faults.add(0, "PT_TLS: a module has no thread-local data");
		if (segment.type == PT_INTERP)
			faults.add(0, "PT_INTERP: a module has no interpreter");
		if (segment.type == PT_GNU_STACK && segment.flags & PF_X)
			faults.add(0, "PT_GNU_STACK asks for an executable stack");
		if (segment.flags & PF_W && segment.flags & PF_X)
			faults.add(0, "segment" + at(segment.vaddr) +
					      " is both writable and executable");
	}
}

void check_tags(const vdsogen::DynamicInfo &info, Diagnostics &faults)
{
	for (const auto &[tag, name] :
	     {std::pair<std::uint64_t, const char *>{DT_NEEDED, "DT_NEEDED: another library"},
	      {DT_TEXTREL, "DT_TEXTREL: relocations in code"},
	      {DT_JMPREL, "DT_JMPREL: calls of functions elsewhere"},
	      {DT_REL, "DT_REL: relocations without addends"},
	      {dt_relr, "DT_RELR: packed relocations"},
	      {DT_INIT, "DT_INIT: a constructor"},
	      {DT_INIT_ARRAY, "DT_INIT_ARRAY: constructors"},
	      {DT_FINI, "DT_FINI: a destructor"},
	      {DT_FINI_ARRAY, "DT_FINI_ARRAY: destructors"}})
		if (info.find(tag))
			faults.add(0, std::string(name) + "; a module has none");
	for (const vdsogen::DynamicSymbol &symbol : info.symbols)
		if (symbol.symbol.shndx == SHN_UNDEF)
			faults.add(0, symbol.symbol.name + ": is undefined");
}

/* All are relative ones, in private data. */
void read_relocations(Image &image, Diagnostics &faults)
{
	const auto address = image.dynamic.find(DT_RELA);
	const std::uint64_t size = image.dynamic.find(DT_RELASZ).value_or(0);
	const std::uint64_t relative =
		image.elf.header.machine == EM_X86_64 ? R_X86_64_RELATIVE : R_AARCH64_RELATIVE;

	if (!address || !size)
		return;

	const auto table = image.elf.at(*address, size);

	if (!table || size % rela_size || image.dynamic.find(DT_RELAENT) != rela_size) {
		faults.add(0, "DT_RELA is no table of relocations within the image");
		return;
	}
	for (std::uint64_t i = 0; i < size; i += rela_size) {
		const std::uint64_t where = table->number(i, 8).value_or(0);
		const std::uint64_t info = table->number(i + 8, 8).value_or(0);
		const std::uint64_t addend = table->number(i + 16, 8).value_or(0);
		const Segment *load = image.elf.find_load(where);

		if (info != relative)
			faults.add(0, "relocation" + at(where) + " is no relative one");
		else if (!load || !(load->flags & PF_W) || load->vaddr + load->memsz - where < 8)
			faults.add(0, "relocation" + at(where) + " is not in private data");
		else if (!image.elf.find_load(addend))
			faults.add(0, "relocation" + at(where) + " makes an address outside");
		else
			image.relocations.emplace_back(where, addend);
	}
}

/* 0x-prefixed, 1 to 16 digits. */
std::optional<std::uint64_t> parse_hex(const std::string &text)
{
	const std::string digits = text.substr(std::min<std::size_t>(text.size(), 2));
	std::uint64_t value = 0;

	if (text.substr(0, 2) != "0x" || digits.empty() || digits.size() > 16)
		return std::nullopt;
	for (char c : digits) {
		const std::size_t digit = std::string_view("0123456789abcdef").find(c);

		if (digit == std::string_view::npos)
			return std::nullopt;
		value = value << 4 | digit;
	}
	return value;
}

std::optional<std::uint64_t> parse_size(const std::string &text)
{
	const long value = vdsogen::parse_number(text).value_or(-1);

	if (value < 0 || static_cast<std::uint64_t>(value) > most_data)
		return std::nullopt;
	return static_cast<std::uint64_t>(value);
}

std::optional<Version> parse_version(const std::string &text)
{
	const std::vector<std::string> parts = vdsogen::split(text, '.');

	if (parts.size() != 2)
		return std::nullopt;

	const auto major = parse_size(parts[0]);
	const auto minor = parse_size(parts[1]);

	if (!major || !minor || *major > most_version || *minor > most_version)
		return std::nullopt;
	return Version{static_cast<unsigned int>(*major), static_cast<unsigned int>(*minor)};
}

/* Stores @found; false if it is none. */
template <typename Value> bool store(const std::optional<Value> &found, Value &value)
{
	value = found.value_or(Value());
	return found.has_value();
}

/* One `WORD VALUE` or `const NAME VALUE` line of the note. */
bool read_note_line(const std::vector<std::string> &words, Note &note)
{
	const bool is_constant = words.size() == 3 && words[0] == "const";

	if (is_constant) {
		const auto value = vdsogen::parse_number(words[2]);

		return value && note.constants.emplace(words[1], *value).second;
	}
	if (words.size() != 2)
		return false;
	if (words[0] == "module")
		note.module = words[1];
	else if (words[0] == "version")
		return store(parse_version(words[1]), note.version);
	else if (words[0] == "layout")
		return store(parse_hex(words[1]), note.layout);
	else if (words[0] == "shared")
		return store(parse_size(words[1]), note.shared_size);
	else if (words[0] == "private")
		return store(parse_size(words[1]), note.private_size);
	else if (words[0] == "callbacks")
		return store(parse_size(words[1]), note.callbacks);
	return true; /* of a later release */
}

void read_note(const ElfFile &elf, Note &note, Diagnostics &faults)
{
	const std::string_view found = vdsogen::find_note(elf, "vdsox", note_type);
	const std::string text(found.substr(0, found.find('\0')));

	if (text.empty() || text.back() != '\n') {
		faults.add(0, "has no note of a module");
		return;
	}
	for (const std::string &line : vdsogen::split(text.substr(0, text.size() - 1), '\n'))
		if (!read_note_line(vdsogen::split(line, ' '), note))
			faults.add(0,
				   "its note has a wrong line '" + vdsogen::printable(line) + "'");
	if (!vdsogen::is_identifier(note.module) || note.module.size() > longest_name)
		faults.add(0, "its note has no name of a module");
}

} // namespace

Image read_image(View bytes, Diagnostics &faults)
{
	Image image;

	if (bytes.size() > longest_image) {
		faults.add(0, "is longer than 16 MiB");
		return image;
	}

	const auto elf = vdsogen::parse_elf(bytes, faults);

	if (!elf)
		return image;
	image.elf = *elf;
	check_header(image.elf, faults);
	check_segments(image.elf, faults);
	image.size = LoadCheck(image.elf, faults).run();
	image.dynamic = vdsogen::parse_dynamic(image.elf, faults);
	check_tags(image.dynamic, faults);
	read_relocations(image, faults);
	read_note(image.elf, image.note, faults);

	const Segment *first = image.elf.find_segment(PT_LOAD);

	if (!first || !is_page_size(first->align))
		return image;
	image.align = first->align;
	if (image.note.shared_size)
		image.distance = (image.note.shared_size + sizeof(SharedMark) + image.align - 1) &
				 ~(image.align - 1);
	return image;
}

} // namespace modules
