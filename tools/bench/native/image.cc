// SPDX-License-Identifier: GPL-2.0
#include "image.h"

#include <iostream>

#include "../../../scripts/vdsogen/file.h"

namespace bench
{

namespace
{

vdsogen::ElfFile parse(const std::string &path, const std::string &bytes)
{
	vdsogen::Diagnostics faults(path);
	const auto elf = vdsogen::parse_elf(vdsogen::View(bytes), faults);

	if (!elf || !faults.empty()) {
		faults.print(std::cerr);
		throw Fault(path + ": is not an image that the benchmarks can read");
	}
	return *elf;
}

std::int64_t find(const Symbols &symbols, const std::string &name)
{
	const auto found = symbols.find(name);

	if (found == symbols.end())
		throw Fault("the image has no symbol " + name);
	return static_cast<std::int64_t>(found->second);
}

} // namespace

Symbols read_symbols(const vdsogen::ElfFile &elf, const std::string &table)
{
	const vdsogen::Section *section = elf.find_section(table);
	Symbols symbols;

	if (!section || section->link >= elf.sections.size())
		throw Fault("the image has no section " + table);

	const vdsogen::Section &strings = elf.sections[section->link];
	const auto entries = elf.bytes.slice(section->offset, section->size);
	const auto names = elf.bytes.slice(strings.offset, strings.size);

	if (!entries || !names)
		throw Fault("section " + table + " lies outside the image");
	for (std::uint64_t i = 0; i < section->size / elf.symbol_size(); i++)
		if (const auto symbol = vdsogen::parse_symbol(elf, *entries, i, *names))
			symbols.emplace(symbol->name, symbol->value);
	return symbols;
}

Image::Image(const std::string &path, const std::string &debug_path)
    : bytes_(vdsogen::read_file(path)), elf_(parse(path, bytes_)),
      exports_(read_symbols(elf_, ".dynsym"))
{
	const std::string debug = vdsogen::read_file(debug_path);

	locals_ = read_symbols(parse(debug_path, debug), ".symtab");
}

std::int64_t Image::export_of(const std::string &name) const
{
	return find(exports_, name);
}

std::int64_t Image::local(const std::string &name) const
{
	return find(locals_, name);
}

} // namespace bench
