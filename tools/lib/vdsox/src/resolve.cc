// SPDX-License-Identifier: MIT
/*
 * Looks up an entry, once per process and entry.
 *
 * The cache has one pointer per entry: empty, the vDSO's function or the library's own
 * wrapper of the system call. Several threads, or a thread and its signal handler, may
 * load an empty pointer at the same time; each looks the entry up and stores the same
 * pointer, so no lock and no memory ordering is needed: relaxed accesses suffice,
 * because the pointer refers to code that was mapped before the process started and
 * publishes no other data. fork() copies both cache and vDSO, vfork() and CLONE_VM
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
 * The preload object is linked with no library, because it is loaded into programs of
 * any libc, and may be called before its relocation: both symbols are null then. The
 * library uses strong references: weak ones would not link them into a static program.
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

/* Longer than any vDSO; the first PT_LOAD gives the real size. */
constexpr size_t longest_image = size_t{1} << 20;
constexpr unsigned long signal_set_size = 8; /* of the kernel, on every architecture */
constexpr int no_such_how = ~0;

#if defined(__LP64__)
using NativeImage = Image<Elf64>;
#else
using NativeImage = Image<Elf32>;
#endif

/*
 * IFUNC resolvers of a static program run before the thread pointer is set. getauxval()
 * sets errno, a thread-local variable, if it finds no value.
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

int *errno_location()
{
#ifdef VDSOX_PRELOAD
	return __errno_location ? __errno_location() : nullptr;
#else
	return &errno;
#endif
}

/* getauxval() that preserves errno, because getpid() must not change it. */
unsigned long auxiliary_value(unsigned long type)
{
	int *const location = errno_location();
	const int saved = location ? *location : 0;
	const unsigned long value = getauxval(type);

	if (location)
		*location = saved;
	return value;
}

/* Whether auxiliary_value() can be called already. */
bool has_auxiliary_vector()
{
#ifdef VDSOX_PRELOAD
	if (!getauxval)
		return false;
#endif
	return has_thread_pointer();
}

/*
 * Whether @address is readable, without a load: a record-and-replay debugger that does
 * not support these entries unmaps [vvar], and they would fault.
 *
 * rt_sigprocmask() copies the new mask from @address before it checks @how: EFAULT if
 * @address is unreadable, else EINVAL, because there is no such @how. It changes
 * nothing, needs no descriptor and is allowed in every sandbox, unlike mincore(), msync()
 * and process_vm_readv(). Any other result, for example of a seccomp filter that denies
 * the call, is treated as unreadable.
 */
bool is_readable(uintptr_t address)
{
	return syscall(__NR_rt_sigprocmask, no_such_how, reinterpret_cast<void *>(address), 0,
		       signal_set_size) == -EINVAL;
}

/*
 * The page to check, counted from the image downwards: one that a kernel of any release has
 * in [vvar], above the area, and maps on a fault, whatever the clock and the namespace. 6.12
 * has its lowest there, which all processes share; 7.3 the one of the time namespace.
 */
#if defined(__x86_64__) || defined(__i386__)
constexpr uintptr_t vvar_page = 5;
#else
constexpr uintptr_t vvar_page = 3;
#endif

bool has_vvar(uintptr_t image)
{
	return is_readable(image - vvar_page * auxiliary_value(AT_PAGESZ));
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
	if (!has_auxiliary_vector())
		return system_call;

	const Function found = find(symbol, version, reads_vvar);
	const Function function = found ? found : system_call;

	cache.store(function, std::memory_order_relaxed);
	return function;
}

} // namespace vdsox
