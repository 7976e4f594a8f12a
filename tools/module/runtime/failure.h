/* SPDX-License-Identifier: MIT */
#ifndef VDSOX_MODULE_FAILURE_H
#define VDSOX_MODULE_FAILURE_H

#include <cerrno>
#include <exception>
#include <string>

namespace modules
{

/* A failure of a call of the library. */
class Failure : public std::exception
{
public:
	/* @error: a positive errno */
	Failure(int error, std::string text) : error_(error), text_(std::move(text)) {}

	int error() const { return error_; }
	const char *what() const noexcept override { return text_.c_str(); }

private:
	int error_;
	std::string text_;
};

/* A failure of a system call, by errno. */
Failure system_failure(const std::string &what);

/* Stores the text for vdsox_module_error(); returns -@error. */
int store_error(int error, const char *text) noexcept;

/* Runs @body and turns what it throws into the call's result. */
template <typename Body> int guarded(Body body) noexcept
{
	try {
		body();
		return 0;
	} catch (const Failure &failure) {
		return store_error(failure.error(), failure.what());
	} catch (const std::bad_alloc &) {
		return store_error(ENOMEM, "out of memory");
	} catch (const std::exception &error) {
		return store_error(EIO, error.what());
	}
}

/* A file descriptor that is closed at the end of the scope unless it is released. */
class Descriptor
{
public:
	explicit Descriptor(int fd) : fd_(fd) {}
	~Descriptor();
	Descriptor(const Descriptor &) = delete;
	Descriptor &operator=(const Descriptor &) = delete;

	int get() const { return fd_; }
	int release();

private:
	int fd_;
};

} // namespace modules

#endif
