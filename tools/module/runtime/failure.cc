// SPDX-License-Identifier: MIT
#include "failure.h"

#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "vdsox_module.h"

namespace modules
{

namespace
{

/* Text of this thread's last failure: no allocation, so it also holds ENOMEM's. */
thread_local char last_error[512];

} // namespace

Failure system_failure(const std::string &what)
{
	const int error = errno;

	return Failure(error, what + ": " + std::strerror(error));
}

int store_error(int error, const char *text) noexcept
{
	std::snprintf(last_error, sizeof(last_error), "%s", text);
	return -error;
}

Descriptor::~Descriptor()
{
	if (fd_ >= 0)
		close(fd_);
}

int Descriptor::release()
{
	const int fd = fd_;

	fd_ = -1;
	return fd;
}

} // namespace modules

extern "C" const char *vdsox_module_error(void) noexcept
{
	return modules::last_error;
}
