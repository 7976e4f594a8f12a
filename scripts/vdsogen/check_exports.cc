// SPDX-License-Identifier: GPL-2.0
/* The exports of an image: their attributes and lookups by name. */
#include <elf.h>

#include "check.h"
#include "text.h"

namespace vdsogen
{

namespace
{

constexpr std::uint64_t dt_relrsz = 35;
constexpr std::uint64_t dt_relr = 36;

struct Tag {
	std::uint64_t number;
	const char *name;
};

constexpr Tag relocation_tags[] = {
	{DT_REL, "DT_REL"},	  {DT_RELSZ, "DT_RELSZ"},   {DT_RELA, "DT_RELA"},
	{DT_RELASZ, "DT_RELASZ"}, {DT_JMPREL, "DT_JMPREL"}, {DT_PLTRELSZ, "DT_PLTRELSZ"},
	{dt_relr, "DT_RELR"},	  {dt_relrsz, "DT_RELRSZ"}, {DT_TEXTREL, "DT_TEXTREL"}};

constexpr Tag needed_tags[] = {{DT_HASH, "DT_HASH"},	 {DT_GNU_HASH, "DT_GNU_HASH"},
			       {DT_SYMTAB, "DT_SYMTAB"}, {DT_STRTAB, "DT_STRTAB"},
			       {DT_STRSZ, "DT_STRSZ"},	 {DT_VERSYM, "DT_VERSYM"},
			       {DT_VERDEF, "DT_VERDEF"}, {DT_SONAME, "DT_SONAME"}};

/* True for the absolute symbol that the linker adds for a version node. */
bool is_version_symbol(const DynamicSymbol &symbol, const DynamicInfo &info)
{
	return symbol.symbol.shndx == SHN_ABS && info.is_version(symbol.symbol.name);
}

/* Compares one exported symbol with its row. */
class ExportCheck
{
public:
	ExportCheck(const ElfFile &elf, const DynamicInfo &info, Diagnostics &faults)
	    : elf_(elf), info_(info), faults_(faults)
	{
	}

	void run(const Symbol &expected, const DynamicSymbol &found)
	{
		const unsigned int bind = expected.weak ? STB_WEAK : STB_GLOBAL;
		const ElfType expected_type = expected.entry->elf_type;
		const auto type = static_cast<unsigned int>(expected_type);
		const ElfSymbol &symbol = found.symbol;

		name_ = expected.name;
		if (found.version != expected.version)
			fail("has version '" + found.version + "' instead of " + expected.version);
		if (found.hidden)
			fail("is not the default version of its name");
		if (symbol.bind != bind)
			fail("has binding " + std::to_string(symbol.bind) + " instead of " +
			     (expected.weak ? "weak" : "global"));
		if (symbol.type != type)
			fail("has type " + std::to_string(symbol.type) + " instead of " +
			     word_of(expected_type) + " (" + std::to_string(type) + ")");
		if (symbol.visibility != STV_DEFAULT)
			fail("is not visible outside the image");
		check_place(symbol, type);
		check_hashes(found);
	}

private:
	void check_place(const ElfSymbol &symbol, unsigned int type)
	{
		if (!elf_.at(symbol.value, symbol.size) || !elf_.at(symbol.value, 1))
			fail("lies at " + hex(symbol.value) + ", outside of PT_LOAD");
		if (type == STT_FUNC && !symbol.size)
			fail("has size 0");
		if (type == STT_OBJECT || elf_.sections.empty())
			return;
		if (symbol.shndx >= elf_.sections.size())
			fail("belongs to no section");
		else if (!(elf_.sections[symbol.shndx].flags & SHF_EXECINSTR))
			fail("lies in a section without code");
	}

	void check_hashes(const DynamicSymbol &found)
	{
		if (info_.find(DT_HASH) && sysv_lookup(elf_, info_, name_) != found.index)
			fail("is not found through DT_HASH");
		if (info_.find(DT_GNU_HASH) && gnu_lookup(elf_, info_, name_) != found.index)
			fail("is not found through DT_GNU_HASH");
	}

	void fail(const std::string &message) { faults_.add(0, name_ + ": " + message); }

	const ElfFile &elf_;
	const DynamicInfo &info_;
	Diagnostics &faults_;
	std::string name_;
};

const DynamicSymbol *find_symbol(const DynamicInfo &info, const std::string &name)
{
	for (const DynamicSymbol &symbol : info.symbols)
		if (symbol.symbol.name == name)
			return &symbol;
	return nullptr;
}

/* The reason why a symbol must be absent. */
std::string absence(const Entry &entry, const CheckOptions &options)
{
	if (entry.is_new() && options.without_task)
		return "this image must be without new entries";
	return entry.config + " is not set";
}

/* An alias must have its entry's address. */
void check_alias(const Symbol &alias, const Abi &abi, const DynamicInfo &info, Diagnostics &faults)
{
	const std::string name = symbol_name(*alias.entry, abi);
	const DynamicSymbol *weak = find_symbol(info, alias.name);
	const DynamicSymbol *strong = find_symbol(info, name);

	if (weak && strong && weak->symbol.value != strong->symbol.value)
		faults.add(0, alias.name + ": lies elsewhere than " + name);
}

/* Reports undefined symbols, duplicate symbols and symbols without a row. */
void check_others(const std::vector<Symbol> &expected, const DynamicInfo &info, Diagnostics &faults)
{
	for (const DynamicSymbol &symbol : info.symbols) {
		const std::string &name = symbol.symbol.name;
		bool known = is_version_symbol(symbol, info);

		for (const Symbol &row : expected)
			known = known || row.name == name;
		if (symbol.symbol.shndx == SHN_UNDEF)
			faults.add(0, name + ": is undefined; a vDSO cannot import symbols");
		else if (!known)
			faults.add(0, name + ": is exported, but no row of the table names it");
		if (find_symbol(info, name) != &symbol)
			faults.add(0, name + ": exists twice");
	}
}

} // namespace

void check_dynamic(const ElfFile &elf, const DynamicInfo &info, Diagnostics &faults)
{
	for (const Tag &tag : relocation_tags)
		if (info.find(tag.number))
			faults.add(0, std::string(tag.name) +
					      ": dynamic relocations; a vDSO is not relocated");
	if (info.find(DT_NEEDED))
		faults.add(0, "DT_NEEDED: a vDSO cannot need another library");
	if (info.find(DT_FLAGS).value_or(0) & (DF_TEXTREL | DF_STATIC_TLS))
		faults.add(0, "DT_FLAGS asks for text relocations or static TLS");
	for (const Tag &tag : needed_tags)
		if (!info.find(tag.number))
			faults.add(0, std::string("no ") + tag.name);

	const Section *section = elf.find_section(".dynsym");
	const auto address = info.find(DT_SYMTAB);

	if (section && address && section->addr != *address)
		faults.add(0, ".dynsym and DT_SYMTAB are different places");
}

void check_exports(const Table &table, const Abi &abi, const ElfFile &elf, const DynamicInfo &info,
		   const CheckOptions &options, Diagnostics &faults)
{
	const std::vector<Symbol> expected = table.symbols_of(abi);
	ExportCheck check(elf, info, faults);

	for (const Symbol &symbol : expected) {
		const Entry &entry = *symbol.entry;
		const DynamicSymbol *found = find_symbol(info, symbol.name);
		const Presence wanted = presence(entry.config, entry.is_new(), options);

		if (!found && wanted == Presence::required)
			faults.add(0, symbol.name + ": is missing; " + table.place(entry.line) +
					      " has it");
		if (found && wanted == Presence::absent)
			faults.add(0, symbol.name + ": must be absent: " + absence(entry, options));
		if (found)
			check.run(symbol, *found);
		if (symbol.weak)
			check_alias(symbol, abi, info, faults);
	}
	check_others(expected, info, faults);
}

} // namespace vdsogen
