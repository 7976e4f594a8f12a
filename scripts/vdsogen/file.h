/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VDSOGEN_FILE_H
#define VDSOGEN_FILE_H

#include <stdexcept>
#include <string>

namespace vdsogen
{

/* A file that cannot be read or written; what() is `file: message`. */
class FileError : public std::runtime_error
{
public:
	FileError(const std::string &path, const std::string &message)
	    : std::runtime_error(path + ": " + message)
	{
	}
};

/* The whole content. Throws FileError, also if the file is too long for an input. */
std::string read_file(const std::string &path);

/* An output file; the destructor removes it unless write() succeeded. */
class OutputFile
{
public:
	explicit OutputFile(std::string path) : path_(std::move(path)) {}
	~OutputFile();
	OutputFile(const OutputFile &) = delete;
	OutputFile &operator=(const OutputFile &) = delete;

	/* Throws FileError. */
	void write(const std::string &content);

private:
	std::string path_;
	bool complete_ = false;
};

} // namespace vdsogen

#endif
