// SPDX-License-Identifier: GPL-2.0
#include "steps.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bench
{

namespace
{

[[noreturn]] void fail(const char *what)
{
	throw Fault(std::string(what) + ": " + std::strerror(errno));
}

std::uintptr_t program_counter(pid_t child)
{
	user_regs_struct registers = {};
	iovec area = {&registers, sizeof(registers)};

	if (ptrace(PTRACE_GETREGSET, child, reinterpret_cast<void *>(NT_PRSTATUS), &area) != 0)
		fail("PTRACE_GETREGSET");
#if defined(__x86_64__)
	return registers.rip;
#else
	return registers.pc;
#endif
}

[[noreturn]] void run_traced(const std::function<void()> &call)
{
	if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0)
		_exit(2);
	std::raise(SIGSTOP);
	call();
	std::raise(SIGSTOP);
	_exit(0);
}

/* Waits until the child stops and returns the signal that stopped it. */
int await_stop(pid_t child)
{
	int status = 0;

	if (waitpid(child, &status, 0) != child)
		fail("waitpid");
	if (!WIFSTOPPED(status))
		throw Fault("the single-stepped child exited");
	return WSTOPSIG(status);
}

long step_through(const FakeVdso &vdso, pid_t child)
{
	long steps = 0;

	if (await_stop(child) != SIGSTOP)
		throw Fault("the child cannot be traced");
	do {
		steps += vdso.in_code(program_counter(child));
		if (ptrace(PTRACE_SINGLESTEP, child, nullptr, nullptr) != 0)
			fail("PTRACE_SINGLESTEP");
	} while (await_stop(child) == SIGTRAP);
	return steps;
}

} // namespace

long count_steps(const FakeVdso &vdso, const std::function<void()> &call)
{
	const pid_t child = fork();

	if (child < 0)
		fail("fork");
	if (child == 0)
		run_traced(call);

	long steps = 0;

	try {
		steps = step_through(vdso, child);
	} catch (...) {
		kill(child, SIGKILL);
		waitpid(child, nullptr, 0);
		throw;
	}
	kill(child, SIGKILL);
	waitpid(child, nullptr, 0);
	return steps;
}

} // namespace bench
