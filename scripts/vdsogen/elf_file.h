/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VDSOGEN_ELF_FILE_H
#define VDSOGEN_ELF_FILE_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "diagnostics.h"
#include "view.h"

namespace vdsogen
{

/* The structures of <elf.h>, common to both classes. */
struct ElfHeader {
	bool is_64 = false;
	std::uint64_t ident_version = 0;
	std::uint64_t os_abi = 0;
	std::uint64_t type = 0;
	std::uint64_t machine = 0;
	std::uint64_t version = 0;
	std::uint64_t entry = 0;
	std::uint64_t phoff = 0;
	std::uint64_t shoff = 0;
	std::uint64_t ehsize = 0;
	std::uint64_t phentsize = 0;
	std::uint64_t phnum = 0;
	std::uint64_t shentsize = 0;
	std::uint64_t shnum = 0;
	std::uint64_t shstrndx = 0;
};

struct Segment {
	std::uint64_t type = 0;
	std::uint64_t flags = 0;
	std::uint64_t offset = 0;
	std::uint64_t vaddr = 0;
	std::uint64_t filesz = 0;
	std::uint64_t memsz = 0;
	std::uint64_t align = 0;
};

struct Section {
	std::string name;
	std::uint64_t type = 0;
	std::uint64_t flags = 0;
	std::uint64_t addr = 0;
	std::uint64_t offset = 0;
	std::uint64_t size = 0;
	std::uint64_t link = 0;
	std::uint64_t entsize = 0;
};

struct ElfSymbol {
	std::string name;
	std::uint64_t value = 0;
	std::uint64_t size = 0;
	unsigned int type = 0;
	unsigned int bind = 0;
	unsigned int visibility = 0;
	std::uint64_t shndx = 0;
};

/* Header, segments and sections of a little-endian ELF file. */
struct ElfFile {
	View bytes;
	ElfHeader header;
	std::vector<Segment> segments;
	std::vector<Section> sections;

	unsigned int word() const { return header.is_64 ? 8 : 4; }
	unsigned int symbol_size() const { return header.is_64 ? 24 : 16; }

	const Section *find_section(const std::string &name) const;
	const Segment *find_segment(std::uint64_t type) const;

	/* The PT_LOAD that holds address @vaddr; nullptr if none does. */
	const Segment *find_load(std::uint64_t vaddr) const;

	/* The @length bytes at address @vaddr, by its PT_LOAD. */
	std::optional<View> at(std::uint64_t vaddr, std::uint64_t length) const;

	/* All bytes from address @vaddr to the end of its PT_LOAD in the file. */
	View from(std::uint64_t vaddr) const;
};

/*
 * Parses as much as possible and adds faults for the rest; nullopt if the ELF
 * header itself is invalid.
 */
std::optional<ElfFile> parse_elf(View bytes, Diagnostics &faults);

/* Entry @index of a symbol table with the string table @names. */
std::optional<ElfSymbol> parse_symbol(const ElfFile &elf, View table, std::uint64_t index,
				      View names);

/* The description of the first note of that name and type; empty if there is none. */
std::string_view find_note(const ElfFile &elf, std::string_view name, std::uint64_t type);

/* Value of @name in .symtab; nullopt if it is absent. */
std::optional<std::uint64_t> find_static_symbol(const ElfFile &elf, const std::string &name);

} // namespace vdsogen

#endif
