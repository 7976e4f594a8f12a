/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOGEN_GENERATE_H
#define VDSOGEN_GENERATE_H

#include <string>

#include "table.h"

namespace vdsogen
{

/* The texts of the generated files. @source: name of the table, for their heads. */
std::string generate_layout(const Table &table, const std::string &source);
std::string generate_version(const Table &table, const Abi &abi, const std::string &source);
std::string generate_user(const Table &table, const std::string &source);
std::string generate_symtab(const Table &table, const std::string &source);
std::string generate_manifest(const Table &table);

/* Parts that several of them share. */
std::string file_head(const std::string &source);
std::string compiler_condition(const Abi &abi);

} // namespace vdsogen

#endif
