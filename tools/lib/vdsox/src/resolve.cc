// SPDX-License-Identifier: MIT
/*
 * Finding an entry, once a process and entry.
 *
 * The cache holds one pointer an entry: empty, the vDSO's function or our own that
 * makes the system call. Several threads, or a thread and its signal handler, may find
 * it empty at once; each looks the entry up and stores the same pointer, so neither a
 * lock nor an order is needed. Relaxed loads and stores are enough: what the pointer
 * leads to is code that was mapped before the process began, and nothing is published
 * together with it. fork() copies the cache and the vDSO alike, vfork() and CLONE_VM
 * share both, exec replaces both.
 */
#include "resolve.h"

#include <elf.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "image.h"
#include "syscall.h"
#include "vdsox_calls.h"

#if defined(__x86_64__)
#include <asm/prctl.h>
#endif

extern "C" {
#ifdef VDSOX_PRELOAD
/*
 * The preload object asks for no library, as it is put into programs of any libc, and
 * may be called before it is relocated: both are absent then. A static program would
 * not get them by weak references, so the library has others.
 */
[[gnu::weak]] unsigned long getauxval(unsigned long) noexcept;
[[gnu::weak]] int *__errno_location() noexcept;
#else
unsigned long getauxval(unsigned long) noexcept;
#endif
}

namespace vdsox
{

namespace
{

/* No vDSO is as long; what lies behind it is unknown. */
constexpr size_t longest_image = size_t{1} << 20;
constexpr unsigned long signal_set_size = 8; /* the kernel's, on every architecture */
constexpr int no_such_how = ~0;

#if defined(__LP64__)
using NativeImage = Image<Elf64>;
#else
using NativeImage = Image<Elf32>;
#endif

/*
 * IFUNC resolvers of a static program run before it has a thread pointer. getauxval()
 * writes errno when it finds nothing, and errno would not be there.
 */
bool has_thread_pointer()
{
#if defined(__x86_64__)
	unsigned long long base = 0;

	return syscall(__NR_arch_prctl, ARCH_GET_FS, &base) == 0 && base;
#elif defined(__i386__)
	unsigned int selector;

	asm("mov %%gs, %0" : "=r"(selector));
	return selector & 0xffff;
#else
	return __builtin_thread_pointer();
#endif
}

int *errno_place()
{
#ifdef VDSOX_PRELOAD
	return __errno_location ? __errno_location() : nullptr;
#else
	return &errno;
#endif
}

/* getauxval() that leaves errno alone, or a getpid() would change it. */
unsigned long auxiliary_value(unsigned long type)
{
	int *const place = errno_place();
	const int kept = place ? *place : 0;
	const unsigned long value = getauxval(type);

	if (place)
		*place = kept;
	return value;
}

/* Whether the process is old enough for auxiliary_value(). */
bool can_ask()
{
#ifdef VDSOX_PRELOAD
	if (!getauxval)
		return false;
#endif
	return has_thread_pointer();
}

/*
 * Whether @address can be read, without reading it: a record-and-replay debugger that
 * does not know these entries unmaps [vvar], and they would fault.
 *
 * rt_sigprocmask() copies the new mask in before it looks at @how: EFAULT if there is
 * nothing to copy, EINVAL as there is no such how. It changes nothing, needs no
 * descriptor and is allowed by every sandbox, which mincore(), msync() and
 * process_vm_readv() are not. Any other outcome, as of a filter that refuses the call,
 * counts as unreadable.
 */
bool is_readable(uintptr_t address)
{
	return syscall(__NR_rt_sigprocmask, no_such_how, reinterpret_cast<void *>(address), 0,
		       signal_set_size) == -EINVAL;
}

/*
 * The page above the area, the first of [vvar] that every kernel fills. It shares its
 * mapping with the area, and a look at it does not count as a use of that.
 */
bool has_vvar(uintptr_t image)
{
	const long page_size = static_cast<long>(auxiliary_value(AT_PAGESZ));

	return is_readable(image + static_cast<uintptr_t>(VDSOX_VVAR_VDSO_TASK_END * page_size));
}

Function find(const char *symbol, const char *version, bool reads_vvar)
{
	const uintptr_t base = auxiliary_value(AT_SYSINFO_EHDR);

	if (!base)
		return nullptr;

	const NativeImage image(reinterpret_cast<const unsigned char *>(base), longest_image);
	const size_t offset = image.find(symbol, version);

	if (!offset || (reads_vvar && !has_vvar(base)))
		return nullptr;
	return reinterpret_cast<Function>(base + offset);
}

} // namespace

Function resolve(std::atomic<Function> &cache, const char *symbol, const char *version,
		 bool reads_vvar, Function system_call)
{
	if (!can_ask())
		return system_call;

	const Function found = find(symbol, version, reads_vvar);
	const Function function = found ? found : system_call;

	cache.store(function, std::memory_order_relaxed);
	return function;
}

} // namespace vdsox
