// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "elf_file.h"

#include <elf.h>

#include "text.h"

namespace vdsogen
{

namespace
{

constexpr std::uint64_t most_segments = 64;

/* Reads the members of a structure in sequence. */
class Reader
{
public:
	Reader(View bytes, unsigned int word) : bytes_(bytes), word_(word) {}

	std::uint64_t take(unsigned int width)
	{
		const std::optional<std::uint64_t> value = bytes_.number(offset_, width);

		offset_ += width;
		good_ = good_ && value.has_value();
		return value.value_or(0);
	}

	std::uint64_t half() { return take(2); }
	std::uint64_t word() { return take(4); }
	std::uint64_t native() { return take(word_); }
	bool good() const { return good_; }

private:
	View bytes_;
	unsigned int word_;
	std::uint64_t offset_ = 0;
	bool good_ = true;
};

/* Parses e_ident; false if the rest of the header cannot be parsed. */
bool parse_ident(View bytes, ElfHeader &header, Diagnostics &faults)
{
	const std::string_view magic(ELFMAG, SELFMAG);

	if (bytes.bytes().substr(0, SELFMAG) != magic || !bytes.contains(0, EI_NIDENT)) {
		faults.add(0, "not an ELF file");
		return false;
	}

	const std::uint64_t elf_class = bytes.number(EI_CLASS, 1).value_or(0);
	const std::uint64_t data = bytes.number(EI_DATA, 1).value_or(0);

	if (elf_class != ELFCLASS32 && elf_class != ELFCLASS64)
		faults.add(0, "ELF class " + std::to_string(elf_class) + " is unknown");
	if (data != ELFDATA2LSB)
		faults.add(0,
			   "ELF data encoding " + std::to_string(data) + " is not little endian");
	if ((elf_class != ELFCLASS32 && elf_class != ELFCLASS64) || data != ELFDATA2LSB)
		return false;

	header.is_64 = elf_class == ELFCLASS64;
	header.ident_version = bytes.number(EI_VERSION, 1).value_or(0);
	header.os_abi = bytes.number(EI_OSABI, 1).value_or(0);
	return true;
}

bool parse_header(View bytes, ElfHeader &header, Diagnostics &faults)
{
	if (!parse_ident(bytes, header, faults))
		return false;

	Reader in(bytes.from(EI_NIDENT), header.is_64 ? 8 : 4);

	header.type = in.half();
	header.machine = in.half();
	header.version = in.word();
	header.entry = in.native();
	header.phoff = in.native();
	header.shoff = in.native();
	in.word(); /* flags */
	header.ehsize = in.half();
	header.phentsize = in.half();
	header.phnum = in.half();
	header.shentsize = in.half();
	header.shnum = in.half();
	header.shstrndx = in.half();
	if (!in.good())
		faults.add(0, "truncated within the ELF header");
	return in.good();
}

std::optional<Segment> parse_segment(View bytes, bool is_64)
{
	Reader in(bytes, is_64 ? 8 : 4);
	Segment segment;

	segment.type = in.word();
	if (is_64)
		segment.flags = in.word();
	segment.offset = in.native();
	segment.vaddr = in.native();
	in.native(); /* paddr */
	segment.filesz = in.native();
	segment.memsz = in.native();
	if (!is_64)
		segment.flags = in.word();
	segment.align = in.native();
	if (!in.good())
		return std::nullopt;
	return segment;
}

/* Stores the offset of its name in @name_offset; name_sections() looks the name up. */
std::optional<Section> parse_section(View bytes, bool is_64, std::uint64_t &name_offset)
{
	Reader in(bytes, is_64 ? 8 : 4);
	Section section;

	name_offset = in.word();
	section.type = in.word();
	section.flags = in.native();
	section.addr = in.native();
	section.offset = in.native();
	section.size = in.native();
	section.link = in.word();
	in.word();   /* info */
	in.native(); /* addralign */
	section.entsize = in.native();
	if (!in.good())
		return std::nullopt;
	return section;
}

void parse_segments(ElfFile &elf, Diagnostics &faults)
{
	const unsigned int size = elf.header.is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	const View headers = elf.bytes.from(elf.header.phoff);

	if (elf.header.phnum > most_segments) {
		faults.add(0, std::to_string(elf.header.phnum) + " program headers are too many");
		return;
	}
	for (std::uint64_t i = 0; i < elf.header.phnum; i++) {
		const auto segment = parse_segment(headers.from(i * size), elf.header.is_64);

		if (!segment) {
			faults.add(0, "program headers reach past the end of the file");
			return;
		}
		elf.segments.push_back(*segment);
	}
}

void name_sections(ElfFile &elf, const std::vector<std::uint64_t> &names, Diagnostics &faults)
{
	if (elf.header.shstrndx >= elf.sections.size()) {
		faults.add(0, "section names: there is no section " +
				      std::to_string(elf.header.shstrndx));
		return;
	}

	const Section &strings = elf.sections[elf.header.shstrndx];
	const std::optional<View> text = elf.bytes.slice(strings.offset, strings.size);

	if (!text || strings.type != SHT_STRTAB) {
		faults.add(0, "section names: section " + std::to_string(elf.header.shstrndx) +
				      " is not a string table within the file");
		return;
	}
	for (std::size_t i = 0; i < elf.sections.size(); i++) {
		const auto name = text->text(names[i]);

		if (name)
			elf.sections[i].name = printable(*name);
		else
			faults.add(0, "section " + std::to_string(i) + " has no readable name");
	}
}

void parse_sections(ElfFile &elf, Diagnostics &faults)
{
	const unsigned int size = elf.header.is_64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	const View headers = elf.bytes.from(elf.header.shoff);
	std::vector<std::uint64_t> names;

	if (!elf.header.shoff || !elf.header.shnum) {
		faults.add(0, "no section headers; old C libraries need them, do not strip them");
		return;
	}
	for (std::uint64_t i = 0; i < elf.header.shnum; i++) {
		std::uint64_t name = 0;
		const auto section = parse_section(headers.from(i * size), elf.header.is_64, name);

		if (!section) {
			faults.add(0, "section headers reach past the end of the file");
			return;
		}
		names.push_back(name);
		elf.sections.push_back(*section);
	}
	name_sections(elf, names, faults);
}

} // namespace

const Section *ElfFile::find_section(const std::string &name) const
{
	for (const Section &section : sections)
		if (section.name == name)
			return &section;
	return nullptr;
}

const Segment *ElfFile::find_segment(std::uint64_t type) const
{
	for (const Segment &segment : segments)
		if (segment.type == type)
			return &segment;
	return nullptr;
}

const Segment *ElfFile::find_load(std::uint64_t vaddr) const
{
	for (const Segment &segment : segments)
		if (segment.type == PT_LOAD && vaddr >= segment.vaddr &&
		    vaddr - segment.vaddr < segment.memsz)
			return &segment;
	return nullptr;
}

View ElfFile::from(std::uint64_t vaddr) const
{
	const Segment *load = find_load(vaddr);

	if (!load || vaddr - load->vaddr >= load->filesz)
		return View();

	const View segment = bytes.from(load->offset);
	const std::uint64_t skip = vaddr - load->vaddr;

	/* A segment longer than the file is cut at the end of the file. */
	return segment.slice(skip, load->filesz - skip).value_or(segment.from(skip));
}

std::optional<View> ElfFile::at(std::uint64_t vaddr, std::uint64_t length) const
{
	return from(vaddr).slice(0, length);
}

std::optional<ElfFile> parse_elf(View bytes, Diagnostics &faults)
{
	ElfFile elf;

	elf.bytes = bytes;
	if (!parse_header(bytes, elf.header, faults))
		return std::nullopt;
	parse_segments(elf, faults);
	parse_sections(elf, faults);
	return elf;
}

std::optional<ElfSymbol> parse_symbol(const ElfFile &elf, View table, std::uint64_t index,
				      View names)
{
	Reader in(table.from(index * elf.symbol_size()), elf.word());
	ElfSymbol symbol;
	const std::uint64_t name = in.word();
	std::uint64_t info = 0;

	if (!elf.header.is_64) {
		symbol.value = in.native();
		symbol.size = in.native();
	}
	info = in.take(1);
	symbol.visibility = static_cast<unsigned int>(in.take(1) & 3);
	symbol.shndx = in.half();
	if (elf.header.is_64) {
		symbol.value = in.native();
		symbol.size = in.native();
	}

	const auto text = names.text(name);

	if (!in.good() || !text)
		return std::nullopt;
	symbol.name = printable(*text);
	symbol.bind = static_cast<unsigned int>(info >> 4);
	symbol.type = static_cast<unsigned int>(info & 15);
	return symbol;
}

std::string_view find_note(const ElfFile &elf, std::string_view name, std::uint64_t type)
{
	for (const Segment &segment : elf.segments) {
		View notes = elf.bytes.slice(segment.offset, segment.filesz).value_or(View());

		while (segment.type == PT_NOTE && notes.size()) {
			const auto align = [](std::uint64_t size) { return (size + 3) & ~3ull; };
			const std::uint64_t name_size = align(notes.number(0, 4).value_or(0));
			const std::uint64_t size = notes.number(4, 4).value_or(0);
			const auto text = notes.slice(12 + name_size, size);

			if (text && notes.number(8, 4) == type &&
			    notes.text(12).value_or("") == name)
				return text->bytes();
			notes = notes.from(12 + name_size + align(size));
		}
	}
	return {};
}

std::optional<std::uint64_t> find_static_symbol(const ElfFile &elf, const std::string &name)
{
	const Section *section = elf.find_section(".symtab");

	if (!section || section->link >= elf.sections.size())
		return std::nullopt;

	const Section &strings = elf.sections[section->link];
	const View symbols = elf.bytes.slice(section->offset, section->size).value_or(View());
	const View names = elf.bytes.slice(strings.offset, strings.size).value_or(View());

	for (std::uint64_t i = 1; i < symbols.size() / elf.symbol_size(); i++) {
		const auto symbol = parse_symbol(elf, symbols, i, names);

		if (symbol && symbol->name == name)
			return symbol->value;
	}
	return std::nullopt;
}

} // namespace vdsogen
