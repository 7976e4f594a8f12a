/* SPDX-License-Identifier: GPL-2.0 */
/* A child that is stepped through a function. */
#ifndef TESTS_MODULE_STEPPED_H
#define TESTS_MODULE_STEPPED_H

#include <elf.h>
#include <linux/futex.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>

#include <functional>

#include "check.h"

/* A child that runs @before, stops, and is stepped through @body. */
class Stepped
{
public:
	Stepped(const std::function<void()> &before, const std::function<void()> &body)
	    : child_([&] {
		      before();
		      ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
		      raise(SIGSTOP);
		      body();
	      })
	{
		check(is_stopped(), "the child did not stop");
	}

	/* False: it has ended. */
	bool step()
	{
		check(!ptrace(PTRACE_SINGLESTEP, child_.pid(), nullptr, nullptr),
		      "PTRACE_SINGLESTEP");
		return is_stopped();
	}

	/* The next instruction is the system call in which it sleeps. */
	bool is_at_sleep() const
	{
		struct user_regs_struct regs;
		iovec part = {&regs, sizeof(regs)};

		check(!ptrace(PTRACE_GETREGSET, child_.pid(), NT_PRSTATUS, &part),
		      "PTRACE_GETREGSET");
#if defined(__x86_64__)
		return (text(regs.rip) & 0xffff) == 0x050f && regs.rax == SYS_futex &&
		       regs.rsi == FUTEX_WAIT;
#elif defined(__aarch64__)
		return (text(regs.pc) & 0xffffffff) == 0xd4000001 && regs.regs[8] == SYS_futex &&
		       regs.regs[1] == FUTEX_WAIT;
#endif
	}

	/* Its wait status at its end. */
	int go_on()
	{
		check(!ptrace(PTRACE_DETACH, child_.pid(), nullptr, nullptr), "PTRACE_DETACH");
		return child_.wait();
	}

	void end()
	{
		child_.end();
	}

private:
	bool is_stopped()
	{
		int status = 0;

		check(waitpid(child_.pid(), &status, 0) == child_.pid(), "waitpid");
		if (WIFSTOPPED(status))
			return true;
		check_equal(status, 0, "wait status of the child");
		child_.release();
		return false;
	}

	long text(unsigned long address) const
	{
		return ptrace(PTRACE_PEEKTEXT, child_.pid(), address, nullptr);
	}

	Child child_;
};

#endif
