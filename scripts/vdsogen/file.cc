// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace vdsogen
{

namespace
{

constexpr std::size_t longest_input = std::size_t{64} << 20;

std::string system_message()
{
	return errno ? std::strerror(errno) : "input/output error";
}

} // namespace

std::string read_file(const std::string &path)
{
	std::error_code error;
	std::string content;
	char buffer[8192];

	if (std::filesystem::is_directory(path, error))
		throw FileError(path, "is a directory; name a file");
	errno = 0;
	std::ifstream in(path, std::ios::binary);
	if (!in)
		throw FileError(path, "cannot open: " + system_message());
	while (in.read(buffer, sizeof(buffer)) || in.gcount() > 0) {
		content.append(buffer, static_cast<std::size_t>(in.gcount()));
		if (content.size() > longest_input)
			throw FileError(path, "is longer than 64 MiB; not an input of vdsogen");
	}
	if (in.bad())
		throw FileError(path, "cannot read: " + system_message());
	return content;
}

OutputFile::~OutputFile()
{
	std::error_code ignored;

	/* The output may also be a device or a pipe: do not remove those. */
	if (!complete_ && std::filesystem::is_regular_file(path_, ignored))
		std::filesystem::remove(path_, ignored);
}

void OutputFile::write(const std::string &content)
{
	errno = 0;
	std::ofstream out(path_, std::ios::binary | std::ios::trunc);
	if (!out)
		throw FileError(path_, "cannot create: " + system_message());
	out << content;
	out.close();
	if (!out)
		throw FileError(path_, "cannot write: " + system_message());
	complete_ = true;
}

} // namespace vdsogen
