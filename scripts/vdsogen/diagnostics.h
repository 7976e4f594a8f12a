/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOGEN_DIAGNOSTICS_H
#define VDSOGEN_DIAGNOSTICS_H

#include <cstddef>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace vdsogen
{

/* Collects faults, so that one run reports all of them. */
class Diagnostics
{
public:
	explicit Diagnostics(std::string file) : file_(std::move(file)) {}

	/* Adds a fault of a line of the file; line 0 is the file as a whole. */
	void add(std::size_t line, std::string message);

	bool empty() const { return faults_.empty(); }
	std::size_t count() const { return faults_.size(); }
	const std::string &file() const { return file_; }

	/* Prints one `file:line: message` per fault, in the order of the lines. */
	void print(std::ostream &out) const;

private:
	struct Fault {
		std::size_t line;
		std::string message;
	};

	std::string file_;
	std::vector<Fault> faults_;
};

} // namespace vdsogen

#endif
