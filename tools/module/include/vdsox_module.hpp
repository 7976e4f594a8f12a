/* SPDX-License-Identifier: MIT */
#ifndef VDSOX_MODULE_HPP
#define VDSOX_MODULE_HPP

#include <stdexcept>
#include <string>
#include <utility>

#include "vdsox_module.h"

namespace vdsox
{

/* A failure of the module library; what() is vdsox_module_error(). */
class module_error : public std::runtime_error
{
public:
	module_error(int error, const std::string &text) : std::runtime_error(text), error_(error)
	{
	}

	/* The positive errno. */
	int error() const noexcept { return error_; }

private:
	int error_;
};

/* Throws module_error if a function of the library returned a failure. */
inline void module_check(int result)
{
	if (result)
		throw module_error(-result, vdsox_module_error());
}

/* Owns the descriptors of a published module. */
class module_fds
{
public:
	module_fds() noexcept = default;
	explicit module_fds(vdsox_module_fds fds) noexcept : fds_(fds) {}
	~module_fds() { vdsox_module_close(&fds_); }
	module_fds(module_fds &&other) noexcept : fds_(std::exchange(other.fds_, {-1, -1})) {}
	module_fds &operator=(module_fds &&other) noexcept
	{
		std::swap(fds_, other.fds_);
		return *this;
	}
	module_fds(const module_fds &) = delete;
	module_fds &operator=(const module_fds &) = delete;

	static module_fds publish(const std::string &path, unsigned int flags = 0)
	{
		module_fds made;

		module_check(vdsox_module_publish(path.c_str(), flags, &made.fds_));
		return made;
	}

	static module_fds receive(int socket)
	{
		module_fds got;

		module_check(vdsox_module_receive(socket, &got.fds_));
		return got;
	}

	static module_fds from_environment(const std::string &name)
	{
		module_fds found;

		module_check(vdsox_module_from_environment(name.c_str(), &found.fds_));
		return found;
	}

	void send(int socket) const { module_check(vdsox_module_send(socket, fds_)); }
	void protect() const { module_check(vdsox_module_protect(fds_)); }
	void to_environment(const std::string &name) const
	{
		module_check(vdsox_module_to_environment(name.c_str(), fds_));
	}

	vdsox_module_fds get() const noexcept { return fds_; }

private:
	vdsox_module_fds fds_ = {-1, -1};
};

} // namespace vdsox

#endif /* VDSOX_MODULE_HPP */
