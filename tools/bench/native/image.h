/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOX_BENCH_IMAGE_H
#define VDSOX_BENCH_IMAGE_H

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>

#include "../../../scripts/vdsogen/elf_file.h"

namespace bench
{

/* A fault that ends a program; what() is its message. */
class Fault : public std::runtime_error
{
	using runtime_error::runtime_error;
};

/* The values of a symbol table, by name. */
using Symbols = std::map<std::string, std::uint64_t>;

Symbols read_symbols(const vdsogen::ElfFile &elf, const std::string &table);

/* A built vDSO: the stripped image of the kernel, and the symbols of the .dbg file. */
class Image
{
public:
	Image(const std::string &path, const std::string &debug_path);

	const std::string &bytes() const { return bytes_; }
	const vdsogen::ElfFile &elf() const { return elf_; }

	/* Offset from the image's start: of an export, or of a symbol of the linker script. */
	std::int64_t export_of(const std::string &name) const;
	std::int64_t local(const std::string &name) const;
	bool has_local(const std::string &name) const { return locals_.count(name) != 0; }

private:
	std::string bytes_;
	vdsogen::ElfFile elf_;
	Symbols exports_;
	Symbols locals_;
};

} // namespace bench

#endif
