// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "elf_dynamic.h"

#include <elf.h>

#include "text.h"

namespace vdsogen
{

namespace
{

/* The dynamic string table; empty if it does not lie in the image. */
View string_table(const ElfFile &elf, const DynamicInfo &info)
{
	const auto address = info.find(DT_STRTAB);
	const auto size = info.find(DT_STRSZ);

	if (!address || !size)
		return View();
	return elf.at(*address, *size).value_or(View());
}

void parse_tags(const ElfFile &elf, DynamicInfo &info, Diagnostics &faults)
{
	const Segment *segment = elf.find_segment(PT_DYNAMIC);
	const unsigned int word = elf.word();

	if (!segment)
		return; /* check_segments() reports it */

	const auto bytes = elf.bytes.slice(segment->offset, segment->filesz);

	if (!bytes) {
		faults.add(0, "PT_DYNAMIC reaches past the end of the file");
		return;
	}
	for (std::uint64_t offset = 0;; offset += std::uint64_t{2} * word) {
		const auto tag = bytes->number(offset, word);
		const auto value = bytes->number(offset + word, word);

		if (!tag || !value) {
			faults.add(0, "the dynamic section has no DT_NULL at its end");
			return;
		}
		if (*tag == DT_NULL)
			return;
		info.tags.emplace_back(*tag, *value);
	}
}

void parse_versions(const ElfFile &elf, DynamicInfo &info, Diagnostics &faults)
{
	const auto address = info.find(DT_VERDEF);
	const std::uint64_t count = info.find(DT_VERDEFNUM).value_or(0);
	const View names = string_table(elf, info);

	if (!address) {
		faults.add(0, "no DT_VERDEF: the image defines no versions");
		return;
	}

	View rest = elf.from(*address);

	for (std::uint64_t i = 0; i < count; i++) {
		const auto flags = rest.number(2, 2);
		const auto index = rest.number(4, 2);
		const auto aux = rest.number(12, 4);
		const auto next = rest.number(16, 4);
		const auto name = aux ? rest.from(*aux).number(0, 4) : std::nullopt;
		const auto text = name ? names.text(*name) : std::nullopt;

		if (!flags || !index || !next || !text) {
			faults.add(0, "version definition " + std::to_string(i) + " is unreadable");
			return;
		}
		if (!(*flags & VER_FLG_BASE))
			info.versions[*index] = printable(*text);
		if (!*next) {
			if (i + 1 < count)
				faults.add(0, "version definitions end before DT_VERDEFNUM");
			return;
		}
		rest = rest.from(*next);
	}
}

/* The number of symbols by DT_HASH, or by the section header if there is none. */
std::uint64_t symbol_count(const ElfFile &elf, const DynamicInfo &info, Diagnostics &faults)
{
	const Section *section = elf.find_section(".dynsym");
	const std::uint64_t in_section = section ? section->size / elf.symbol_size() : 0;
	const auto hash = info.find(DT_HASH);
	const auto chains = hash ? elf.from(*hash).number(4, 4) : std::nullopt;

	if (!chains)
		return in_section;
	if (section && *chains != in_section)
		faults.add(0, "DT_HASH counts " + std::to_string(*chains) + " symbols, .dynsym " +
				      std::to_string(in_section));
	return *chains;
}

void set_version(const ElfFile &elf, DynamicInfo &info, DynamicSymbol &symbol, Diagnostics &faults)
{
	const auto versym = info.find(DT_VERSYM);
	const auto number = versym ? elf.from(*versym).number(2 * symbol.index, 2) : std::nullopt;

	if (!number) {
		faults.add(0, symbol.symbol.name + ": no version in DT_VERSYM");
		return;
	}

	const std::uint64_t index = *number & 0x7fff;
	const auto found = info.versions.find(index);

	symbol.hidden = *number & 0x8000;
	if (found != info.versions.end())
		symbol.version = found->second;
	else if (index > VER_NDX_GLOBAL)
		faults.add(0, symbol.symbol.name + ": version " + std::to_string(index) +
				      " is not defined");
}

void parse_symbols(const ElfFile &elf, DynamicInfo &info, Diagnostics &faults)
{
	const auto address = info.find(DT_SYMTAB);
	const View names = string_table(elf, info);

	if (!address) {
		faults.add(0, "no DT_SYMTAB: the image has no dynamic symbols");
		return;
	}

	const View table = elf.from(*address);
	const std::uint64_t count = symbol_count(elf, info, faults);

	if (count > table.size() / elf.symbol_size())
		faults.add(0, "the dynamic symbol table reaches past the end of the image");
	for (std::uint64_t i = 1; i < count && i < table.size() / elf.symbol_size(); i++) {
		const auto symbol = parse_symbol(elf, table, i, names);

		if (!symbol) {
			faults.add(0,
				   "dynamic symbol " + std::to_string(i) + " has no readable name");
			continue;
		}
		if (symbol->bind == STB_LOCAL)
			continue;
		info.symbols.push_back({*symbol, i, "", false});
		set_version(elf, info, info.symbols.back(), faults);
	}
}

} // namespace

std::optional<std::uint64_t> DynamicInfo::find(std::uint64_t tag) const
{
	for (const auto &pair : tags)
		if (pair.first == tag)
			return pair.second;
	return std::nullopt;
}

bool DynamicInfo::is_version(const std::string &name) const
{
	for (const auto &pair : versions)
		if (pair.second == name)
			return true;
	return false;
}

DynamicInfo parse_dynamic(const ElfFile &elf, Diagnostics &faults)
{
	DynamicInfo info;

	parse_tags(elf, info, faults);
	if (info.tags.empty())
		return info;
	parse_versions(elf, info, faults);
	parse_symbols(elf, info, faults);
	return info;
}

} // namespace vdsogen
