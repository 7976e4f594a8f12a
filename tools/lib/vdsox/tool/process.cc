// SPDX-License-Identifier: GPL-2.0
#include "process.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "text.h"

namespace vdsox_tool
{

namespace
{

constexpr std::uint64_t longest_image = std::uint64_t{1} << 20;

struct Mapping {
	std::uint64_t start = 0;
	std::uint64_t end = 0;
	std::string name;
};

class Descriptor
{
public:
	explicit Descriptor(const std::string &path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC))
	{
	}
	~Descriptor()
	{
		if (fd_ >= 0)
			close(fd_);
	}
	Descriptor(const Descriptor &) = delete;
	Descriptor &operator=(const Descriptor &) = delete;
	int get() const { return fd_; }

private:
	int fd_;
};

std::string proc(long pid, const char *file)
{
	return "/proc/" + std::to_string(pid) + "/" + file;
}

std::string about(long pid, const std::string &message)
{
	return "process " + std::to_string(pid) + ": " + message;
}

std::string with_error(const std::string &what)
{
	const int error = errno;

	if (error == EACCES || error == EPERM)
		return what + ": not permitted; the right to trace the process is required";
	return what + ": " + std::strerror(error);
}

/* START-END MODE OFFSET DEVICE INODE NAME; a malformed line gives no name. */
Mapping parse_mapping(const std::string &line)
{
	std::istringstream in(line);
	std::string mode, offset, device, inode;
	char dash = 0;
	Mapping mapping;

	in >> std::hex >> mapping.start >> dash >> mapping.end >> mode >> offset >> device >>
		inode >> mapping.name;
	return mapping;
}

std::vector<Mapping> read_mappings(long pid)
{
	std::vector<Mapping> mappings;
	std::string line;

	errno = 0;
	std::ifstream in(proc(pid, "maps"));
	if (!in && errno == ENOENT)
		throw Fault(about(pid, "there is no such process"));
	if (!in)
		throw Fault(about(pid, with_error("cannot read its mappings")));
	while (std::getline(in, line))
		mappings.push_back(parse_mapping(line));
	if (in.bad())
		throw Fault(about(pid, with_error("cannot read its mappings")));
	return mappings;
}

std::string read_memory(long pid, std::uint64_t start, std::uint64_t size)
{
	const Descriptor memory(proc(pid, "mem"));
	std::string bytes(static_cast<std::size_t>(size), '\0');
	std::size_t done = 0;

	if (memory.get() < 0)
		throw Fault(about(pid, with_error("cannot open its memory")));
	while (done < bytes.size()) {
		const ssize_t count = pread(memory.get(), &bytes[done], bytes.size() - done,
					    static_cast<off_t>(start + done));

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			throw Fault(about(pid, with_error("cannot read its vDSO")));
		if (count == 0)
			throw Fault(about(pid, "its vDSO ends early; has the process exited?"));
		done += static_cast<std::size_t>(count);
	}
	return bytes;
}

} // namespace

Vdso read_vdso(long pid)
{
	Vdso vdso;
	std::uint64_t end = 0;

	for (const Mapping &mapping : read_mappings(pid)) {
		if (mapping.name == "[vvar]")
			vdso.has_vvar = true;
		if (mapping.name != "[vdso]" || vdso.base)
			continue;
		vdso.base = mapping.start;
		end = mapping.end;
	}
	if (!vdso.base)
		throw Fault(about(pid, "it has no vDSO"));
	if (end <= vdso.base || end - vdso.base > longest_image)
		throw Fault(about(pid, "its mapping [vdso] has an invalid size"));
	vdso.image = read_memory(pid, vdso.base, end - vdso.base);
	return vdso;
}

std::string status_value(long pid, const std::string &key)
{
	std::ifstream in(proc(pid, "status"));
	std::string line;

	while (std::getline(in, line))
		if (line.compare(0, key.size() + 1, key + ":") == 0) {
			const std::size_t start = line.find_first_not_of(" \t", key.size() + 1);

			return start == std::string::npos ? "" : line.substr(start);
		}
	return {};
}

std::vector<std::string> policies(long pid)
{
	std::vector<std::string> found;
	const std::string seccomp = status_value(pid, "Seccomp");
	const std::string tracer = status_value(pid, "TracerPid");

	if (seccomp == "1")
		found.push_back("seccomp strict mode");
	if (seccomp == "2")
		found.push_back("seccomp filter");
	if (!tracer.empty() && tracer != "0")
		found.push_back("traced by process " + tracer);
	return found;
}

std::optional<long> task_switch()
{
	std::ifstream in("/proc/sys/kernel/vdso_task");
	std::string value;

	if (!std::getline(in, value))
		return std::nullopt;
	return vdsogen::parse_number(value);
}

std::string control_json(std::optional<long> task_switch, const std::vector<std::string> &policies)
{
	std::string list;

	for (const std::string &policy : policies)
		list += (list.empty() ? "" : ", ") + vdsogen::json_string(policy);
	return "\"vdso_task\": " + (task_switch ? std::to_string(*task_switch) : "null") +
	       ",\n  \"policy\": [" + list + "]";
}

} // namespace vdsox_tool
