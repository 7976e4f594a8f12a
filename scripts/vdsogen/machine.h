/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VDSOGEN_MACHINE_H
#define VDSOGEN_MACHINE_H

#include <elf.h>

#include <cstdint>

#include "choices.h"

namespace vdsogen
{

/* The ELF machines of ABIs. */
enum class Machine : std::uint16_t {
	x86_64 = EM_X86_64,
	i386 = EM_386,
	aarch64 = EM_AARCH64,
	arm = EM_ARM,
};

template <> struct Choices<Machine> {
	static constexpr Choice<Machine> list[] = {{Machine::x86_64, "x86_64"},
						   {Machine::i386, "i386"},
						   {Machine::aarch64, "aarch64"},
						   {Machine::arm, "arm"}};
};

} // namespace vdsogen

#endif
