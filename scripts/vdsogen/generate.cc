// SPDX-License-Identifier: GPL-2.0
#include "generate.h"

namespace vdsogen
{

std::string file_head(const std::string &source, const std::string &license)
{
	return "/* SPDX-License-Identifier: " + license +
	       " */\n"
	       "/* Made by vdsogen of " +
	       source + ". Change that instead. */\n";
}

std::string compiler_condition(const Abi &abi)
{
	if (abi.machine == "x86_64")
		return abi.bits == 64 ? "defined(__x86_64__) && !defined(__ILP32__)"
				      : "defined(__x86_64__) && defined(__ILP32__)";
	if (abi.machine == "aarch64")
		return abi.bits == 64 ? "defined(__aarch64__) && !defined(__ILP32__)"
				      : "defined(__aarch64__) && defined(__ILP32__)";
	return "defined(__" + abi.machine + "__)";
}

std::string abi_ladder(const Table &table, const std::function<std::string(const Abi &)> &part)
{
	std::string text;

	for (const Abi &abi : table.abis) {
		text += (text.empty() ? "#if " : "#elif ") + compiler_condition(abi) + "\n\n";
		text += part(abi) + "\n";
	}
	return text + "#endif\n";
}

/* Lines for the `global:` part of the abi's version node, made by the linker script. */
std::string generate_version(const Table &table, const Abi &abi, const std::string &source)
{
	std::string text = file_head(source);

	for (const Symbol &symbol : table.symbols_of(abi)) {
		const std::string &config = symbol.entry->config;

		if (!symbol.entry->is_new())
			continue;
		if (!config.empty())
			text += "#ifdef " + config + "\n";
		text += "\t\t" + symbol.name + ";\n";
		if (!config.empty())
			text += "#endif\n";
	}
	return text;
}

} // namespace vdsogen
