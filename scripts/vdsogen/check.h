/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOGEN_CHECK_H
#define VDSOGEN_CHECK_H

#include <optional>
#include <string_view>

#include "config.h"
#include "diagnostics.h"
#include "elf_dynamic.h"
#include "elf_file.h"
#include "table.h"

namespace vdsogen
{

struct CheckOptions {
	std::optional<Config> config;
	std::uint64_t page_size = 4096;
	bool without_task = false; /* the new entries must be absent */
};

/* Checks a stripped image against the table and adds every fault found. */
void check_image(const Table &table, const Abi &abi, std::string_view image,
		 const CheckOptions &options, Diagnostics &faults);

/* Checks the vvar symbols' addresses, which only the unstripped image has. */
void check_debug(const Table &table, const Abi &abi, std::string_view image, std::string_view debug,
		 const CheckOptions &options, Diagnostics &faults);

/* Whether an image must have a symbol that depends on an option or is a new entry. */
enum class Presence { required, optional, absent };
Presence presence(const std::string &config, bool is_new, const CheckOptions &options);

/* Parts of check_image(), one per file; check_dynamic() is with check_exports(). */
void check_shape(const Abi &abi, const AbiImage &image, const ElfFile &elf,
		 const CheckOptions &options, Diagnostics &faults);
void check_dynamic(const ElfFile &elf, const DynamicInfo &info, Diagnostics &faults);
void check_exports(const Table &table, const Abi &abi, const ElfFile &elf, const DynamicInfo &info,
		   const CheckOptions &options, Diagnostics &faults);
void check_frames(const Table &table, const Abi &abi, const ElfFile &elf, const DynamicInfo &info,
		  Diagnostics &faults);

} // namespace vdsogen

#endif
