// SPDX-License-Identifier: GPL-2.0
/* Header, segments, sections and size of an image. */
#include <elf.h>

#include "check.h"
#include "text.h"

namespace vdsogen
{

namespace
{

struct NamedNumber {
	std::uint64_t number;
	const char *name;
};

constexpr NamedNumber forbidden_segments[] = {
	{PT_TLS, "PT_TLS: a vDSO gets no TLS block"},
	{PT_INTERP, "PT_INTERP: a vDSO has no interpreter"},
	{PT_GNU_RELRO, "PT_GNU_RELRO: a vDSO has nothing to relocate"}};

void check_machine(const Abi &abi, const ElfHeader &header, Diagnostics &faults)
{
	const std::string found = word_of(static_cast<Machine>(header.machine));

	if (header.machine != static_cast<std::uint64_t>(abi.machine))
		faults.add(0, "machine is " +
				      (found.empty() ? std::to_string(header.machine) : found) +
				      " instead of " + word_of(abi.machine));
	if (header.is_64 != (abi.bits == 64))
		faults.add(0, std::string("class is ") + (header.is_64 ? "64" : "32") +
				      " instead of " + std::to_string(abi.bits));
}

/* Checks a member of the header that must have one fixed value. */
void check_constant(const char *what, std::uint64_t found, std::uint64_t expected,
		    Diagnostics &faults)
{
	if (found != expected)
		faults.add(0, std::string(what) + " is " + std::to_string(found) + " instead of " +
				      std::to_string(expected));
}

void check_header(const Abi &abi, const ElfHeader &header, Diagnostics &faults)
{
	const bool is_64 = header.is_64;

	check_machine(abi, header, faults);
	if (header.type != ET_DYN)
		faults.add(0, "type is " + std::to_string(header.type) +
				      " instead of ET_DYN: not a shared object");
	check_constant("e_ident[EI_VERSION]", header.ident_version, EV_CURRENT, faults);
	check_constant("e_ident[EI_OSABI]", header.os_abi, ELFOSABI_SYSV, faults);
	check_constant("e_version", header.version, EV_CURRENT, faults);
	check_constant("e_ehsize", header.ehsize, is_64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr),
		       faults);
	check_constant("e_phentsize", header.phentsize,
		       is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr), faults);
	if (header.shnum)
		check_constant("e_shentsize", header.shentsize,
			       is_64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr), faults);
}

void check_load(const Segment &load, const ElfFile &elf, Diagnostics &faults)
{
	if (load.flags != (PF_R | PF_X))
		faults.add(0, "PT_LOAD has flags " + hex(load.flags) + " instead of R+X");
	if (load.offset || load.vaddr)
		faults.add(0, "PT_LOAD maps offset " + hex(load.offset) + " at " + hex(load.vaddr) +
				      "; it must map the file from its start at 0");
	if (load.filesz != load.memsz)
		faults.add(0, "PT_LOAD is longer in memory than in the file");
	if (!elf.bytes.contains(load.offset, load.filesz))
		faults.add(0, "PT_LOAD reaches past the end of the file");
	if (elf.header.entry && elf.header.entry - load.vaddr >= load.memsz)
		faults.add(0, "entry point " + hex(elf.header.entry) + " lies outside of PT_LOAD");
}

void check_segment(const Segment &segment, const ElfFile &elf, Diagnostics &faults)
{
	for (const NamedNumber &forbidden : forbidden_segments)
		if (segment.type == forbidden.number)
			faults.add(0, std::string("there is a ") + forbidden.name);
	if (segment.flags & PF_W && segment.type != PT_GNU_STACK)
		faults.add(0, "segment of type " + hex(segment.type) + " at " + hex(segment.vaddr) +
				      " is writable");
	if (segment.flags & PF_X && segment.type == PT_GNU_STACK)
		faults.add(0, "PT_GNU_STACK asks for an executable stack");
	if (segment.type == PT_LOAD)
		check_load(segment, elf, faults);
	else if (segment.memsz && !elf.at(segment.vaddr, segment.filesz))
		faults.add(0, "segment of type " + hex(segment.type) + " at " + hex(segment.vaddr) +
				      " lies outside of PT_LOAD");
}

void check_segments(const ElfFile &elf, Diagnostics &faults)
{
	std::size_t loads = 0;
	std::size_t dynamics = 0;

	for (const Segment &segment : elf.segments) {
		loads += segment.type == PT_LOAD;
		dynamics += segment.type == PT_DYNAMIC;
		check_segment(segment, elf, faults);
	}
	if (loads != 1)
		faults.add(0, std::to_string(loads) + " PT_LOAD segments instead of one");
	if (dynamics != 1)
		faults.add(0, std::to_string(dynamics) + " PT_DYNAMIC segments instead of one");
}

void check_section(const Section &section, const ElfFile &elf, Diagnostics &faults)
{
	const bool relocates = section.type == SHT_REL || section.type == SHT_RELA;

	if (!section.size || section.type == SHT_NULL)
		return;
	if (relocates)
		faults.add(0,
			   "section " + section.name + " has relocations; a vDSO is not relocated");
	if (section.flags & SHF_TLS)
		faults.add(0, "section " + section.name + " is thread-local");
	if (section.type == SHT_NOBITS && section.flags & SHF_ALLOC)
		faults.add(0, "section " + section.name + " needs memory that is not in the file");
	else if (section.flags & SHF_ALLOC && !elf.at(section.addr, section.size))
		faults.add(0, "section " + section.name + " lies outside of PT_LOAD");
	if (section.type != SHT_NOBITS && !elf.bytes.contains(section.offset, section.size))
		faults.add(0, "section " + section.name + " reaches past the end of the file");
}

/* Old versions of bionic locate these sections by their headers. */
void check_sections(const ElfFile &elf, Diagnostics &faults)
{
	for (const Section &section : elf.sections)
		check_section(section, elf, faults);
	for (const char *name : {".dynsym", ".dynstr", ".dynamic"})
		if (!elf.sections.empty() && !elf.find_section(name))
			faults.add(0, std::string("there is no section header of ") + name);
}

} // namespace

void check_shape(const Abi &abi, const AbiImage &image, const ElfFile &elf,
		 const CheckOptions &options, Diagnostics &faults)
{
	const std::uint64_t size = elf.bytes.size();
	const std::uint64_t pages = size / options.page_size + (size % options.page_size != 0);

	check_header(abi, elf.header, faults);
	check_segments(elf, faults);
	check_sections(elf, faults);
	if (pages > static_cast<std::uint64_t>(image.pages))
		faults.add(0, "the image takes " + std::to_string(pages) +
				      " pages, the table allows " + std::to_string(image.pages));
}

} // namespace vdsogen
