/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOGEN_GENERATE_H
#define VDSOGEN_GENERATE_H

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "table.h"

namespace vdsogen
{

/* The texts of the generated files. @source: name of the table, for their first lines. */
std::string generate_layout(const Table &table, const std::string &source);
/* What depends on the rows of a kernel release; few objects include it. */
std::string generate_base(const Table &table, const std::string &source);
std::string generate_version(const Table &table, const Abi &abi, const std::string &source);
std::string generate_user(const Table &table, const std::string &source);
std::string generate_symtab(const Table &table, const std::string &source);
std::string generate_library(const Table &table, const std::string &source);
std::string generate_calls(const Table &table, const std::string &source);
std::string generate_synopsis(const Table &table, const std::string &source);
std::string generate_manual(const Table &table, const std::string &source);
std::string generate_manifest(const Table &table);

/* An output of `generate`: of the table, or if of_abi is set of each of its ABIs. */
struct Output {
	const char *name;
	std::string (*of_table)(const Table &, const std::string &source);
	std::string (*of_abi)(const Table &, const Abi &, const std::string &source);
};

const std::vector<Output> &outputs();

/* nullptr if there is no such output. */
const Output *find_output(std::string_view name);

/* Parts shared by several generators. */
std::string file_head(const std::string &source, const std::string &license = "GPL-2.0");
std::string compiler_condition(const Abi &abi);

/* An #if / #elif chain that selects the text @part(abi) for the compiler's abi. */
std::string abi_ladder(const Table &table, const std::function<std::string(const Abi &)> &part);

} // namespace vdsogen

#endif
