/* SPDX-License-Identifier: GPL-2.0 OR MIT */
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
	std::string version; /* empty: none, or the base version */
	bool hidden = false; /* not the default version of its name */
};

/* The parts of an image that a dynamic linker reads. */
struct DynamicInfo {
	std::vector<std::pair<std::uint64_t, std::uint64_t>> tags;
	std::vector<DynamicSymbol> symbols; /* from index 1 on */
	std::map<std::uint64_t, std::string> versions;

	std::optional<std::uint64_t> find(std::uint64_t tag) const;
	bool is_version(const std::string &name) const;
};

DynamicInfo parse_dynamic(const ElfFile &elf, Diagnostics &faults);

/*
 * Looks up @name in DT_HASH or DT_GNU_HASH like a dynamic linker. Returns the
 * index of the symbol; 0 if the lookup finds none.
 */
std::uint64_t sysv_lookup(const ElfFile &elf, const DynamicInfo &info, const std::string &name);
std::uint64_t gnu_lookup(const ElfFile &elf, const DynamicInfo &info, const std::string &name);

} // namespace vdsogen

#endif
