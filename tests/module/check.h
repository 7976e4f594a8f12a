/* SPDX-License-Identifier: GPL-2.0 */
/* What the programs of the module tests share. */
#ifndef TESTS_MODULE_CHECK_H
#define TESTS_MODULE_CHECK_H

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <new>
#include <stdexcept>
#include <string>

class Wrong : public std::runtime_error
{
	using runtime_error::runtime_error;
};

inline void check(bool condition, const std::string &what)
{
	if (!condition)
		throw Wrong(what);
}

inline void check_equal(long found, long wanted, const std::string &what)
{
	check(found == wanted,
	      what + ": " + std::to_string(found) + ", not " + std::to_string(wanted));
}

/* Runs @body as a program's main(): exit status 0, or 1 with the text of what it throws. */
template <typename Body> int run_main(Body body)
{
	try {
		body();
		return 0;
	} catch (const std::exception &error) {
		std::cout << error.what() << std::endl;
		return 1;
	}
}

/* Memory that children share. */
template <typename Value> Value &shared()
{
	void *memory = mmap(nullptr, sizeof(Value), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	check(memory != MAP_FAILED, "mmap");
	return *new (memory) Value;
}

/* A child that ends when its parent or end() ends it. */
class Child
{
public:
	template <typename Body> explicit Child(Body body) : pid_(fork())
	{
		check(pid_ >= 0, "fork");
		if (pid_)
			return;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(run_main(body));
	}
	~Child()
	{
		if (pid_ > 0)
			end();
	}
	Child(Child &&other) noexcept : pid_(other.pid_) { other.pid_ = -1; }
	Child(const Child &) = delete;
	Child &operator=(const Child &) = delete;

	pid_t pid() const { return pid_; }

	/* Its wait status once it has ended. */
	int wait()
	{
		int status = -1;

		check(waitpid(pid_, &status, 0) == pid_, "waitpid");
		pid_ = -1;
		return status;
	}

	/* It has ended, and somebody has waited for it. */
	void release() { pid_ = -1; }

	void end() noexcept
	{
		kill(pid_, SIGKILL);
		waitpid(pid_, nullptr, 0);
		pid_ = -1;
	}

private:
	pid_t pid_;
};

#endif
