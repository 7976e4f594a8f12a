/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOGEN_ELF_DYNAMIC_H
#define VDSOGEN_ELF_DYNAMIC_H

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "elf_file.h"

namespace vdsogen
{

/* A dynamic symbol with its version. */
struct DynamicSymbol {
	ElfSymbol symbol;
	std::uint64_t index = 0;
	std::string version; /* empty: none, or the image's base version */
	bool hidden = false; /* not its name's default version */
};

/* What a dynamic linker sees of an image. */
struct DynamicInfo {
	std::vector<std::pair<std::uint64_t, std::uint64_t>> tags;
	std::vector<DynamicSymbol> symbols; /* from index 1 on */
	std::map<std::uint64_t, std::string> versions;

	std::optional<std::uint64_t> find(std::uint64_t tag) const;
	bool is_version(const std::string &name) const;
};

DynamicInfo parse_dynamic(const ElfFile &elf, Diagnostics &faults);

/*
 * Index of the symbol that a lookup of @name through DT_HASH or DT_GNU_HASH
 * finds, as a dynamic linker would walk it; 0 if it finds none.
 */
std::uint64_t sysv_lookup(const ElfFile &elf, const DynamicInfo &info, const std::string &name);
std::uint64_t gnu_lookup(const ElfFile &elf, const DynamicInfo &info, const std::string &name);

} // namespace vdsogen

#endif
