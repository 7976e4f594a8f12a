// SPDX-License-Identifier: MIT
/* Becoming a peer, and recognizing dead ones: see peer.h. */
#include "peer.h"

#include <linux/fcntl.h>
#include <linux/stat.h>
#include <sys/mman.h>

#include "call.h"
#include "recover.h"
#include "vqueue_module.h"
#include "word.h"

namespace
{

/* Mappings are of a page, whose size matters only in that this is not larger. */
constexpr unsigned long page = 4096;

/* As the C library's struct flock, which linux/fcntl.h has, too. */
using Lock = struct flock;

/*
 * The address of the mapping that holds the lock, and in its low bits the peer's number
 * plus 1: one word, so that both are published at once. 0: not a peer, or not yet.
 */
uint64_t &mark()
{
	return *reinterpret_cast<uint64_t *>(vqueue_private()->mark);
}

constexpr uint64_t number_bits = page - 1;
static_assert(VQUEUE_PEERS <= number_bits);

constexpr long number_of(uint64_t mark)
{
	return static_cast<long>(mark & number_bits) - 1;
}

Lock lock_of(long number)
{
	Lock lock = {};

	lock.l_type = F_WRLCK;
	lock.l_start = number;
	lock.l_len = 1;
	return lock;
}

/* Locks the first free byte; its number or a negative errno. */
long take_number(long fd)
{
	for (long number = 0; number < static_cast<long>(VQUEUE_PEERS); number++) {
		const Lock lock = lock_of(number);

		if (!call(__NR_fcntl, fd, F_OFD_SETLK, &lock))
			return number;
	}
	return -EUSERS;
}

/* Another description of the same file: a lock belongs to a description. */
long open_again(int fd)
{
	char path[] = "/proc/thread-self/fd/\0\0\0\0\0\0\0\0\0\0\0";
	char *end = path + sizeof("/proc/thread-self/fd/") - 1;
	int power = 1;

	if (fd < 0)
		return -EBADF;
	while (power <= fd / 10)
		power *= 10;
	for (; power; power /= 10)
		*end++ = static_cast<char>('0' + fd / power % 10);
	return call(__NR_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
}

void close(long fd)
{
	call(__NR_close, fd);
}

void unmap(long address)
{
	call(__NR_munmap, address, page);
}

long identify(long fd, uint64_t &device, uint64_t &inode)
{
	struct statx status = {};
	const long error = call(__NR_statx, fd, "", AT_EMPTY_PATH, STATX_INO, &status);

	device = static_cast<uint64_t>(status.stx_dev_major) << 32 | status.stx_dev_minor;
	inode = status.stx_ino;
	return error;
}

/* A program may close any descriptor, and the number become another file's. */
bool is_shared_file(long fd)
{
	uint64_t device, inode;

	return !identify(fd, device, inode) && device == vqueue_private()->device &&
	       inode == vqueue_private()->inode;
}

int descriptor()
{
	return __atomic_load_n(&vqueue_private()->descriptor, __ATOMIC_ACQUIRE) - 1;
}

/* A mapping of @fd that a child of fork() has not, or a negative errno. */
long map_for_parent(long fd)
{
	const long made = call(__NR_mmap, 0L, page, PROT_READ, MAP_SHARED, fd, 0L);
	const long error = is_error(made) ? 0 : call(__NR_madvise, made, page, MADV_DONTFORK);

	if (error)
		unmap(made);
	return error ?: made;
}

/* @fd is of the file that is mapped as this module's shared data. */
long check_instance(long fd)
{
	const long made = map_for_parent(fd);
	uint64_t before, after;

	if (is_error(made))
		return made;

	const auto *there = reinterpret_cast<const uint64_t *>(made);

	before = __atomic_load_n(there, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&vqueue_shared()->opens, 1, __ATOMIC_SEQ_CST);
	after = __atomic_load_n(there, __ATOMIC_SEQ_CST);
	unmap(made);
	return before == after ? -EBADF : 0;
}

/* A page that children of fork() find empty. */
long make_mark_page()
{
	long made, error;

	if (vqueue_private()->mark)
		return 0;
	made = call(__NR_mmap, 0L, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1L,
		    0L);
	if (is_error(made))
		return made;
	error = call(__NR_madvise, made, page, MADV_WIPEONFORK);
	if (error)
		unmap(made);
	else
		__atomic_store_n(&vqueue_private()->mark, static_cast<uint64_t>(made),
				 __ATOMIC_RELEASE);
	return error;
}

/*
 * Makes this process a peer. Race of two threads of a child of fork(): both have a number
 * and no message yet, one compare-and-swap fails, and that thread gives its number back.
 */
long take_mark(long lock, long number)
{
	uint64_t none = 0;

	recover_all(static_cast<uint64_t>(number));
	if (__atomic_compare_exchange_n(&mark(), &none, static_cast<uint64_t>(lock + number + 1),
					false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return number;
	unmap(lock);
	return number_of(none);
}

/* This process's new number, or a negative errno. */
long become_peer()
{
	const long fd = open_again(descriptor());
	long lock, number;

	if (fd < 0)
		return fd;
	lock = is_shared_file(fd) ? map_for_parent(fd) : -EBADF;
	number = is_error(lock) ? lock : take_number(fd);
	close(fd);
	if (!is_error(lock) && number < 0)
		unmap(lock);
	return number < 0 ? number : take_mark(lock, number);
}

} // namespace

long enter()
{
	if (!__atomic_load_n(&vqueue_private()->mark, __ATOMIC_ACQUIRE))
		return -EBADF;

	const uint64_t own = __atomic_load_n(&mark(), __ATOMIC_ACQUIRE);

	return own ? number_of(own) : become_peer();
}

bool is_dead(uint64_t owner)
{
	const uint64_t own = __atomic_load_n(&mark(), __ATOMIC_ACQUIRE);
	const int fd = descriptor();
	Lock lock = lock_of(static_cast<long>(owner));

	if (owner == static_cast<uint64_t>(number_of(own)))
		return false;
	if (owner >= VQUEUE_PEERS)
		return true;
	return !call(__NR_fcntl, static_cast<long>(fd), F_OFD_GETLK, &lock) &&
	       lock.l_type == F_UNLCK && is_shared_file(fd);
}

long vqueue_open(int shared)
{
	vqueue_private_data *own = vqueue_private();
	long fd, error;

	if (own->descriptor)
		return -EALREADY;
	fd = open_again(shared);
	if (fd < 0)
		return fd;
	error = check_instance(fd) ?: identify(fd, own->device, own->inode) ?: make_mark_page();
	if (error) {
		close(fd);
		return error;
	}
	__atomic_store_n(&own->descriptor, static_cast<int32_t>(fd + 1), __ATOMIC_RELEASE);
	error = enter();
	if (error >= 0)
		return 0;
	vqueue_close();
	return error;
}

void vqueue_close(void)
{
	vqueue_private_data *own = vqueue_private();
	const int fd = __atomic_exchange_n(&own->descriptor, 0, __ATOMIC_ACQ_REL) - 1;

	if (fd >= 0 && is_shared_file(fd))
		close(fd);
	if (own->mark) {
		const uint64_t old = __atomic_exchange_n(&mark(), uint64_t{0}, __ATOMIC_ACQ_REL);

		if (old)
			unmap(static_cast<long>(old & ~number_bits));
	}
}
