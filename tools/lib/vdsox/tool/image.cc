// SPDX-License-Identifier: GPL-2.0
#include "image.h"

#include <elf.h>

#include <algorithm>
#include <sstream>

#include "elf_dynamic.h"
#include "elf_file.h"
#include "machine.h"
#include "process.h"
#include "symtab.h"

namespace vdsox_tool
{

namespace
{

const char *kind_name(vdso_task_kind kind)
{
	switch (kind) {
	case VDSO_TASK_RECORD:
		return "record";
	case VDSO_TASK_CODE:
		return "code";
	default:
		return "base";
	}
}

std::string machine_name(std::uint64_t machine)
{
	const std::string name = vdsogen::word_of(static_cast<vdsogen::Machine>(machine));

	return name.empty() ? "machine " + std::to_string(machine) : name;
}

/* Uses the table's rows of this program's ABI; a machine's ABIs share the names. */
void set_entry(Export &found)
{
	for (const vdso_task_symbol &known : vdso_task_symbols)
		if (found.symbol == known.symbol) {
			found.entry = known.name;
			found.kind = kind_name(known.kind);
		}
}

/* The end of the last header, segment or section in the file. */
std::uint64_t file_length(const vdsogen::ElfFile &elf)
{
	std::uint64_t end = elf.header.shoff + elf.header.shnum * elf.header.shentsize;

	for (const vdsogen::Segment &segment : elf.segments)
		end = std::max(end, segment.offset + segment.filesz);
	for (const vdsogen::Section &section : elf.sections)
		if (section.type != SHT_NOBITS)
			end = std::max(end, section.offset + section.size);
	return std::min<std::uint64_t>(end, elf.bytes.size());
}

[[noreturn]] void unreadable(const vdsogen::Diagnostics &faults)
{
	std::ostringstream text;
	std::string first;

	faults.print(text);
	std::istringstream lines(text.str());
	std::getline(lines, first);
	throw Fault(first.empty() ? "the vDSO exports no symbols" : first);
}

} // namespace

Contents read_contents(const std::string &image)
{
	vdsogen::Diagnostics faults("[vdso]");
	const auto elf = vdsogen::parse_elf(vdsogen::View(image), faults);
	Contents contents;

	if (!elf)
		unreadable(faults);
	contents.bits = elf->header.is_64 ? 64 : 32;
	contents.machine = machine_name(elf->header.machine);
	contents.length = file_length(*elf);
	for (const auto &symbol : vdsogen::parse_dynamic(*elf, faults).symbols) {
		/* Absolute symbols are version nodes. */
		if (symbol.symbol.shndx == SHN_UNDEF || symbol.symbol.shndx == SHN_ABS)
			continue;
		contents.exports.push_back(
			{symbol.symbol.name, symbol.version, "", "", symbol.symbol.value});
		set_entry(contents.exports.back());
	}
	if (contents.exports.empty())
		unreadable(faults);
	std::sort(contents.exports.begin(), contents.exports.end(),
		  [](const Export &a, const Export &b) { return a.symbol < b.symbol; });
	return contents;
}

} // namespace vdsox_tool
