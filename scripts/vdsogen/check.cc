// SPDX-License-Identifier: GPL-2.0
#include "check.h"

#include <elf.h>

#include "text.h"

namespace vdsogen
{

namespace
{

constexpr std::size_t longest_image = std::size_t{256} << 10;

void check_vvar(const Table &table, const Vvar &vvar, const ElfFile &debug,
		const CheckOptions &options, Diagnostics &faults)
{
	const auto value = find_static_symbol(debug, vvar.symbol);
	const Presence wanted = presence(vvar.config, false, options);
	const std::uint64_t mask = debug.header.is_64 ? ~std::uint64_t{0} : 0xffffffff;
	const std::uint64_t expected =
		static_cast<std::uint64_t>(vvar.pages) * options.page_size & mask;

	if (wanted == Presence::absent)
		return; /* a linker script may still define it */
	if (!value && wanted == Presence::required)
		faults.add(0, "no symbol " + vvar.symbol + ", which " + table.place(vvar.line) +
				      " has");
	if (value && *value != expected)
		faults.add(0, vvar.symbol + " lies at " + hex(*value) + ", but " +
				      table.place(vvar.line) + " says " +
				      std::to_string(vvar.pages) + " pages, " + hex(expected));
}

} // namespace

Presence presence(const std::string &config, bool is_new, const CheckOptions &options)
{
	if (is_new && options.without_task)
		return Presence::absent;
	if (config.empty())
		return Presence::required;
	if (!options.config)
		return Presence::optional;
	return options.config->has(config) ? Presence::required : Presence::absent;
}

void check_image(const Table &table, const Abi &abi, std::string_view image,
		 const CheckOptions &options, Diagnostics &faults)
{
	if (image.size() > longest_image) {
		faults.add(0, "is longer than 256 KiB; not a stripped vDSO image");
		return;
	}

	const AbiImage *row = table.find_image(abi.name);

	if (!row) {
		faults.add(0, "no image row of the table is about abi " + abi.name);
		return;
	}

	const auto elf = parse_elf(View(image), faults);

	if (!elf)
		return;
	check_shape(abi, *row, *elf, options, faults);

	const DynamicInfo info = parse_dynamic(*elf, faults);

	check_dynamic(*elf, info, faults);
	check_exports(table, abi, *elf, info, options, faults);
	if (row->eh_frame)
		check_frames(table, abi, *elf, info, faults);
}

void check_debug(const Table &table, const Abi &abi, std::string_view image, std::string_view debug,
		 const CheckOptions &options, Diagnostics &faults)
{
	Diagnostics ignored(""); /* check_image() reports them */
	const auto stripped = parse_elf(View(image), ignored);
	const auto elf = parse_elf(View(debug), faults);

	if (!elf)
		return;
	if (stripped && find_note(*stripped, ELF_NOTE_GNU, NT_GNU_BUILD_ID) !=
				find_note(*elf, ELF_NOTE_GNU, NT_GNU_BUILD_ID))
		faults.add(0,
			   "has another build id than the stripped image; is it of another build?");
	for (const Vvar &vvar : table.vvars)
		if (vvar.abi == abi.name)
			check_vvar(table, vvar, *elf, options, faults);
}

} // namespace vdsogen
