/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VDSOGEN_DIAGNOSTICS_H
#define VDSOGEN_DIAGNOSTICS_H

#include <cstddef>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace vdsogen
{

/* "line 3", or of a file that begin_file() began "line 3 of FILE". */
std::string describe_line(const std::vector<std::string> &files, std::size_t line);

/* Collects faults, so that one run reports all of them. */
class Diagnostics
{
public:
	explicit Diagnostics(std::string file) : files_{std::move(file)} {}

	/*
	 * Adds a file that continues the first one. Returns the offset of its line
	 * numbers in add() and in describe_line().
	 */
	std::size_t begin_file(std::string file);

	/* Adds a fault of a line of a file; line 0 is the first file as a whole. */
	void add(std::size_t line, std::string message);

	/* The files, for describe_line(). */
	const std::vector<std::string> &files() const { return files_; }

	bool empty() const { return faults_.empty(); }
	std::size_t count() const { return faults_.size(); }

	/* Prints one `file:line: message` per fault, in the order of the lines. */
	void print(std::ostream &out) const;

private:
	struct Fault {
		std::size_t line;
		std::string message;
	};

	std::vector<std::string> files_;
	std::vector<Fault> faults_;
};

} // namespace vdsogen

#endif
