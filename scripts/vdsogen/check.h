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

/* Compares a stripped image with the table. Adds every fault found. */
void check_image(const Table &table, const Abi &abi, std::string_view image,
		 const CheckOptions &options, Diagnostics &faults);

/* Checks what only the unstripped image tells: the vvar symbols' places. */
void check_debug(const Table &table, const Abi &abi, std::string_view image, std::string_view debug,
		 const CheckOptions &options, Diagnostics &faults);

/* Whether an image must have something that depends on an option and on us. */
enum class Presence { required, optional, absent };
Presence presence(const std::string &config, bool is_new, const CheckOptions &options);

/* Parts of check_image(), one a file. */
void check_shape(const Abi &abi, const ElfFile &elf, const CheckOptions &options,
		 Diagnostics &faults);
void check_dynamic(const ElfFile &elf, const DynamicInfo &info, Diagnostics &faults);
void check_exports(const Table &table, const Abi &abi, const ElfFile &elf, const DynamicInfo &info,
		   const CheckOptions &options, Diagnostics &faults);
void check_frames(const Table &table, const Abi &abi, const ElfFile &elf, const DynamicInfo &info,
		  Diagnostics &faults);

} // namespace vdsogen

#endif
