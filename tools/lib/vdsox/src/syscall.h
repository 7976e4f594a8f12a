/* SPDX-License-Identifier: MIT */
/* System calls without a C library: errors are returned, errno is not used. */
#ifndef VDSOX_SYSCALL_H
#define VDSOX_SYSCALL_H

#include <type_traits>

namespace vdsox
{

/* An argument or result register of a system call; on x32 wider than long. */
#if defined(__x86_64__)
using Register = long long;
#else
using Register = long;
#endif

template <typename Argument> inline Register to_register(Argument argument)
{
	/* Like the kernel's stubs: a pointer is zero-extended, also on x32. */
	if constexpr (std::is_pointer_v<Argument>)
		return static_cast<Register>(reinterpret_cast<unsigned long>(argument));
	else
		return static_cast<Register>(argument);
}

inline Register syscall4(Register number, Register a, Register b, Register c, Register d)
{
#if defined(__x86_64__)
	register Register r10 asm("r10") = d;
	Register result;

	asm volatile("syscall"
		     : "=a"(result)
		     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
		     : "rcx", "r11", "memory");
	return result;
#elif defined(__i386__)
	Register result;

	/* Not through the vDSO: the process may have none. */
	asm volatile("int $0x80"
		     : "=a"(result)
		     : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d)
		     : "memory");
	return result;
#elif defined(__aarch64__)
	register Register x8 asm("x8") = number;
	register Register x0 asm("x0") = a;
	register Register x1 asm("x1") = b;
	register Register x2 asm("x2") = c;
	register Register x3 asm("x3") = d;

	asm volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	return x0;
#else
#error "no system calls for this architecture"
#endif
}

/* Up to four arguments, integers or pointers; the rest are zero. */
template <typename A = int, typename B = int, typename C = int, typename D = int>
inline Register syscall(Register number, A a = {}, B b = {}, C c = {}, D d = {})
{
	return syscall4(number, to_register(a), to_register(b), to_register(c), to_register(d));
}

} // namespace vdsox

#endif
