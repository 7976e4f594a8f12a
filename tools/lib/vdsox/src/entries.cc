// SPDX-License-Identifier: MIT
/* The library's functions: the table's calls, and those about entries. */
#include <errno.h>

#include "resolve.h"
#include "syscall.h"
#include "vdsox.h"
#include "vdsox_calls.h"

namespace vdsox
{

namespace
{

/* KIND of a row; a BASE entry, also of unpatched kernels, does not read the task area. */
enum class Kind { BASE, CODE, RECORD };

/* In .bss, so valid before any code of the process runs. */
std::atomic<Function> cache[VDSOX_NR_ENTRIES];

/* A system call as a function object. */
struct SystemCall {
	Register number;

	template <typename... Arguments> Register operator()(Arguments... arguments) const
	{
		return syscall(number, arguments...);
	}
};

/* Not inlined: the library's functions need it rarely. */
#define VDSOX_BY_SYSCALL(name, NAME, KIND, symbol, version, nr, result, shown, passed, all, sent)  \
	[[gnu::noinline]] result name##_by_syscall all                                             \
	{                                                                                          \
		return (result)SystemCall{nr} sent;                                                \
	}

VDSOX_CALLS(VDSOX_BY_SYSCALL)

/* Runs once per entry, so it is kept out of the callers' code. */
#define VDSOX_LOOK_UP(name, NAME, KIND, symbol, version, nr, result, shown, passed, all, sent)     \
	[[gnu::cold, gnu::noinline]] Function look_up_##name()                                     \
	{                                                                                          \
		return resolve(cache[VDSOX_##NAME], symbol, version, Kind::KIND != Kind::BASE,     \
			       reinterpret_cast<Function>(name##_by_syscall));                     \
	}

VDSOX_CALLS(VDSOX_LOOK_UP)

inline Function find_entry(vdsox_entry entry, Function (*look_up)())
{
	const Function known = cache[entry].load(std::memory_order_relaxed);

	return __builtin_expect(known != nullptr, 1) ? known : look_up();
}

template <typename SystemCallFunction>
int source_of(Function function, SystemCallFunction system_call)
{
	return function == reinterpret_cast<Function>(system_call) ? VDSOX_SOURCE_SYSCALL
								   : VDSOX_SOURCE_VDSO;
}

} // namespace

} // namespace vdsox

using namespace vdsox;

/*
 * Tools that trace a program by rewriting it replace each vDSO function that they do not
 * support by one that returns -ENOSYS. An ID may have that value, too; then the system
 * call returns it again.
 */
#define VDSOX_FUNCTION(name, NAME, KIND, symbol, version, nr, result, shown, passed, all, sent)    \
	extern "C" result vdsox_##name shown noexcept                                              \
	{                                                                                          \
		const Function function = find_entry(VDSOX_##NAME, look_up_##name);                \
		const result answer = reinterpret_cast<result(*) all>(function) passed;            \
                                                                                                   \
		if (__builtin_expect(answer == static_cast<result>(-ENOSYS), 0))                   \
			return name##_by_syscall passed;                                           \
		return answer;                                                                     \
	}

VDSOX_CALLS(VDSOX_FUNCTION)

extern "C" int vdsox_entry_source(enum vdsox_entry entry) noexcept
{
	switch (static_cast<unsigned int>(entry)) {
#define VDSOX_SOURCE(name, NAME, KIND, symbol, version, nr, result, shown, passed, all, sent)      \
	case VDSOX_##NAME:                                                                         \
		return source_of(find_entry(VDSOX_##NAME, look_up_##name), name##_by_syscall);
		VDSOX_CALLS(VDSOX_SOURCE)
	default:
		return static_cast<unsigned int>(entry) < VDSOX_NR_ENTRIES ? -ENOSYS : -EINVAL;
	}
}

extern "C" const char *vdsox_entry_name(enum vdsox_entry entry) noexcept
{
	static constexpr const char *names[] = {
#define VDSOX_NAME(name) #name,
		VDSOX_NAMES(VDSOX_NAME)};

	static_assert(sizeof(names) / sizeof(*names) == VDSOX_NR_ENTRIES);
	return static_cast<unsigned int>(entry) < VDSOX_NR_ENTRIES ? names[entry] : nullptr;
}

extern "C" unsigned int vdsox_entry_count() noexcept
{
	return VDSOX_NR_ENTRIES;
}
