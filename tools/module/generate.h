/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOX_MODULE_GENERATE_H
#define VDSOX_MODULE_GENERATE_H

#include <string>
#include <vector>

#include "prototype.h"
#include "table.h"

namespace modules
{

/* A generated file; MODULE in its name stands for the module's. */
struct Output {
	const char *name;
	std::string (*text)(const Table &, const std::string &source);
};

/* All files that `vdsox module generate` writes. */
const std::vector<Output> &outputs();

std::string output_name(const Output &output, const Table &table);

/* @source: name of the table, for their first lines. */
std::string generate_image_header(const Table &table, const std::string &source);
std::string generate_image_source(const Table &table, const std::string &source);
std::string generate_linker_script(const Table &table, const std::string &source);
std::string generate_client_header(const Table &table, const std::string &source);
std::string generate_client_class(const Table &table, const std::string &source);

/* Parts that several files have. */
std::string file_head(const std::string &source);
std::string comment(const std::string &doc);
std::string constants_part(const Table &table);
std::string callbacks_part(const Table &table);

/* "int a, void *b", or "void" if there are none. */
std::string parameters(const vdsogen::Prototype &proto);

/* "a, b" */
std::string arguments(const vdsogen::Prototype &proto);

/* A number that is the same for two tables if their shared data have the same layout. */
std::uint64_t layout_hash(const Table &table);

/* The text of the image's note: what inspect and attach read. */
std::string note_text(const Table &table);

} // namespace modules

#endif
