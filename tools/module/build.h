/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOX_MODULE_BUILD_H
#define VDSOX_MODULE_BUILD_H

#include <exception>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "table.h"

namespace modules
{

/* A table file that cannot be used, after its faults were printed; what() is empty. */
class TableFault : public std::exception
{
public:
	explicit TableFault(std::string module) : module_(std::move(module)) {}

	const char *what() const noexcept override { return ""; }

	/* Name of the module; empty if the table has none. */
	const std::string &module() const { return module_; }

private:
	std::string module_;
};

/* A compiler or linker that failed; its own messages are on standard error. */
class BuildFault : public std::runtime_error
{
	using runtime_error::runtime_error;
};

struct Request {
	std::string table;
	std::vector<std::string> sources; /* C (.c) and C++ (.cc, .cpp, .cxx) */
	std::string folder;		  /* gets all products */
	std::string name;		  /* that the module must have; empty: any */
	std::string cc = "cc";		  /* with options, separated by blanks */
	std::string cxx = "c++";
	std::vector<std::string> flags;		   /* for each source */
	std::map<std::string, std::string> values; /* of constants */
};

/*
 * Parses the table, and constants of the environment that @values lacks; prints faults and
 * throws TableFault if there are any.
 */
Table load_table(const std::string &path, const std::map<std::string, std::string> &values);

/* Writes all generated files; files with the same content keep their time. */
void write_outputs(const Table &table, const std::string &source, const std::string &folder);

/*
 * Generates, compiles, links and checks; returns the path of the image. While it works and
 * after a fault there is no image; one stays only if the table does not name its module.
 */
std::string build(const Request &request);

} // namespace modules

#endif
