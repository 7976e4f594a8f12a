/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VDSOX_MODULE_TABLE_H
#define VDSOX_MODULE_TABLE_H

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "choices.h"
#include "diagnostics.h"

namespace modules
{

/*
 * The largest shared and the largest private data, and the largest alignment, in bytes. Code
 * reaches the data by 32-bit distances.
 */
constexpr std::uint64_t most_data = std::uint64_t{1} << 30;
constexpr std::uint64_t largest_alignment = 4096;

/* Of a module's name: it must fit into a SharedMark. */
constexpr std::size_t longest_name = 47;

struct Version {
	unsigned int major = 0;
	unsigned int minor = 0;
};

std::string to_string(const Version &version);

/* An integer type of the table. */
struct Integer {
	const char *word;   /* in the table */
	const char *c_name; /* in C and C++ */
	unsigned int size;  /* bytes */
	bool is_signed;
};

/* nullptr if the table has no such type. */
const Integer *find_integer(std::string_view word);
std::string integer_words();

/* A number that is set when the module is built. */
struct Constant {
	std::size_t line = 0;
	std::string name;
	const Integer *type = nullptr;
	long value = 0; /* the default until set_constants() */
	long low = 0;
	long high = 0;
	std::string doc;
};

/* A member of a structure or of the shared or private data: an integer or a structure. */
struct Field {
	std::size_t line = 0;
	std::string name;
	std::string type;
	std::string count; /* a number or a constant's name; empty: no array */
	long align = 0;	   /* 0: as its type needs */
	std::string doc;

	/* Set by lay_out(). */
	std::uint64_t elements = 1;
	std::uint64_t offset = 0;
	std::uint64_t size = 0;
};

struct Structure {
	std::size_t line = 0;
	std::string name;
	std::string doc;
	std::vector<Field> fields;

	/* Set by lay_out(). */
	std::uint64_t size = 0;
	std::uint64_t align = 1;
};

/* A function of the image, or one of the process that the image calls. */
struct Function {
	std::size_t line = 0;
	std::string name;
	std::string proto;
	std::string doc;
	unsigned int since = 0; /* minor version that has it first */
};

struct Table {
	std::size_t line = 0;
	std::string name;
	std::string doc;
	Version version;
	std::vector<Constant> constants;
	std::vector<Structure> structures;
	Structure shared_data;
	Structure private_data;
	std::vector<Function> entries;
	std::vector<Function> callbacks;

	const Constant *find_constant(std::string_view constant) const;
	const Structure *find_structure(std::string_view structure) const;
};

/*
 * Parses the table of a module, checks what involves several rows, and lays the data
 * out. It is valid if no fault was added.
 * @values: values of constants by name: see set_constants()
 */
Table parse_table(std::string_view text, const std::map<std::string, std::string> &values,
		  vdsogen::Diagnostics &faults);

/* Adds faults that involve several rows. */
void validate(const Table &table, vdsogen::Diagnostics &faults);

/*
 * Replaces defaults by @values, and by the environment's MODULE_CONSTANT where there is none.
 * Adds a fault for a name without a row or a value out of its range.
 */
void set_constants(Table &table, const std::map<std::string, std::string> &values,
		   vdsogen::Diagnostics &faults);

/* Computes sizes and offsets as a C compiler does for all machines of the table. */
void lay_out(Table &table, vdsogen::Diagnostics &faults);

} // namespace modules

#endif
