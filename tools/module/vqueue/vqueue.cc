// SPDX-License-Identifier: MIT
/*
 * Bounded queues in shared memory, for processes that may die or misbehave at any time.
 *
 * Position p of a queue is slot p % SLOTS in round p / SLOTS. The word of a slot says what
 * its next change is; all changes are compare-and-swap of the whole word:
 *
 *	EMPTY(r) --> WRITING(r, o) --> FULL(r) --> READING(r, o) --> EMPTY(r + 1)
 *	             producer o                    consumer o
 *
 * A slot is in a given state of a given round once, so a word that was read long ago
 * cannot be taken for the current one. All zeros is EMPTY(0): a new queue needs no set-up.
 *
 * tail and head only say where to begin. Whoever finds that the slot there has gone further
 * moves them on, so it does not matter who dies between a claim and that step.
 *
 * Race of two producers for one slot: both read EMPTY(r), one compare-and-swap fails; that
 * one sees WRITING(r), moves tail on and takes the next slot. Of two consumers likewise.
 *
 * Death. A peer holds a lock on byte o of the shared file, through a file description of
 * its own. The kernel releases it when the peer has lost its memory (exit_files() is later
 * than exit_mm()), so a peer whose lock is free writes nothing any more. The lock cannot be
 * forged from shared memory, and neither a reused process ID nor another PID namespace
 * matters. Who needs a slot of a dead peer changes WRITING(r, o) to FULL(r) without a message,
 * or READING(r, o) to EMPTY(r + 1): only the message in that slot is lost. A new peer that
 * gets the lock of a dead one does so for all slots of its number first.
 *
 * Robust mutexes of pthread(7) are no alternative: their list of held locks goes through the
 * shared memory, so every peer could make another's C library follow wrong pointers.
 *
 * Misbehaviour. Every value from shared memory is read once, an index is a remainder, a
 * length is limited to the slot's, and every loop is bounded. Whoever may write the queue can
 * take, lose and forge messages; it cannot make another peer touch other memory or hang in a
 * call that has a time limit.
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/mman.h>

#include "vdsox_module_call.h"
#include "vqueue_module.h"

namespace
{

constexpr long einval = 22, eagain = 11, emsgsize = 90, etimedout = 110, eusers = 87, ebadf = 9;
constexpr long eintr = 4, ebadmsg = 74;

enum State : uint64_t { EMPTY, WRITING, FULL, READING };

constexpr unsigned int owner_shift = 2;
constexpr unsigned int round_shift = 18;
constexpr uint64_t round_mask = ~uint64_t{0} >> round_shift;
/* Owner of a FULL slot without a message. */
constexpr uint64_t nobody = 0xffff;
/* Attempts of one try: each that fails has seen another peer get on, or shared memory lie. */
constexpr unsigned int most_attempts = 4096;
/* A peer may die between a change and the wakeup, so no wait is longer. */
constexpr int64_t slice_ns = 20000000;

constexpr uint64_t word(uint64_t round, State state, uint64_t owner = 0)
{
	return (round & round_mask) << round_shift | owner << owner_shift | state;
}

constexpr uint64_t round_of(uint64_t value)
{
	return value >> round_shift;
}

constexpr uint64_t owner_of(uint64_t value)
{
	return value >> owner_shift & 0xffff;
}

constexpr State state_of(uint64_t value)
{
	return static_cast<State>(value & 3);
}

/* Rounds from @from to @to, which is negative if @to was before. */
constexpr int64_t rounds(uint64_t from, uint64_t to)
{
	return static_cast<int64_t>((to - from) << round_shift) >> round_shift;
}

template <typename Value> Value load(const Value &value)
{
	return __atomic_load_n(&value, __ATOMIC_ACQUIRE);
}

template <typename Value> bool swap(Value &value, Value from, Value to)
{
	return __atomic_compare_exchange_n(&value, &from, to, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}

struct Lock {
	short type;
	short whence;
	long start;
	long length;
	int pid;
};

/* This process's number among the peers plus 1; 0 in a child of fork(). */
uint32_t &mark()
{
	return *reinterpret_cast<uint32_t *>(vqueue_private()->mark);
}

int descriptor()
{
	return vqueue_private()->descriptor - 1;
}

bool is_dead(uint64_t owner, uint64_t self)
{
	Lock lock = {F_WRLCK, 0, static_cast<long>(owner), 1, 0};

	if (owner == self)
		return false;
	if (owner >= VQUEUE_PEERS)
		return true;
	return !vdsox_module_call(__NR_fcntl, descriptor(), F_OFD_GETLK,
				  reinterpret_cast<long>(&lock), 0, 0, 0) &&
	       lock.type == F_UNLCK;
}

/* Ends what a dead owner of the slot has begun; @value: the slot's word. */
void recover(vqueue_queue &queue, vqueue_slot &slot, uint64_t value)
{
	const uint64_t next = state_of(value) == WRITING ? word(round_of(value), FULL, nobody)
							 : word(round_of(value) + 1, EMPTY);

	if (swap(slot.word, value, next))
		__atomic_add_fetch(&queue.lost, 1, __ATOMIC_RELAXED);
}

void recover_all(uint64_t owner)
{
	for (vqueue_queue &queue : vqueue_shared()->queues)
		for (vqueue_slot &slot : queue.slots) {
			const uint64_t value = load(slot.word);
			const State state = state_of(value);

			if ((state == WRITING || state == READING) && owner_of(value) == owner)
				recover(queue, slot, value);
		}
}

void wake(uint32_t &futex, const uint32_t &waiters)
{
	__atomic_add_fetch(&futex, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&waiters, __ATOMIC_SEQ_CST))
		vdsox_module_call(__NR_futex, reinterpret_cast<long>(&futex), FUTEX_WAKE,
				  0x7fffffff, 0, 0, 0);
}

void copy(void *to, const void *from, size_t n)
{
	__builtin_memcpy(to, from, n);
}

/* A push or a pop at a position. */
enum class Step { done, again, blocked };

struct Place {
	vqueue_slot &slot;
	uint64_t round;
	uint64_t value;
};

Place place_at(vqueue_queue &queue, uint64_t position)
{
	vqueue_slot &slot = queue.slots[position % VQUEUE_SLOTS];

	return {slot, position / VQUEUE_SLOTS & round_mask, load(slot.word)};
}

Step step_push(vqueue_queue &queue, uint64_t self, const void *message, size_t length)
{
	uint64_t tail = load(queue.tail);
	const Place at = place_at(queue, tail);
	const State state = state_of(at.value);
	const int64_t ahead = rounds(at.round, round_of(at.value));
	const uint64_t mine = word(at.round, WRITING, self);

	if (at.value == word(at.round, EMPTY)) {
		if (!swap(at.slot.word, at.value, mine))
			return Step::again;
		swap(queue.tail, tail, tail + 1);
		copy(at.slot.bytes, message, length);
		at.slot.length = static_cast<uint32_t>(length);
		return swap(at.slot.word, mine, word(at.round, FULL)) ? Step::done : Step::again;
	}
	if (ahead >= 0) { /* claimed before; EMPTY of a later round: consumed, too */
		swap(queue.tail, tail, tail + 1);
		return Step::again;
	}
	if ((state == WRITING || state == READING) && is_dead(owner_of(at.value), self)) {
		recover(queue, at.slot, at.value);
		return Step::again;
	}
	return Step::blocked;
}

Step step_pop(vqueue_queue &queue, uint64_t self, void *message, size_t size, long &length)
{
	uint64_t head = load(queue.head);
	const Place at = place_at(queue, head);
	const State state = state_of(at.value);
	const int64_t ahead = rounds(at.round, round_of(at.value));
	const uint64_t mine = word(at.round, READING, self);

	if (ahead < 0 || at.value == word(at.round, EMPTY))
		return Step::blocked;
	if (ahead > 0 || state == READING) {
		swap(queue.head, head, head + 1);
		return Step::again;
	}
	if (state == WRITING) {
		if (!is_dead(owner_of(at.value), self))
			return Step::blocked;
		recover(queue, at.slot, at.value);
		return Step::again;
	}
	length = at.slot.length;
	if (owner_of(at.value) != nobody && static_cast<size_t>(length) > size &&
	    length <= static_cast<long>(VQUEUE_BYTES)) {
		length = -emsgsize;
		return load(at.slot.word) == at.value ? Step::done : Step::again;
	}
	if (!swap(at.slot.word, at.value, mine))
		return Step::again;
	swap(queue.head, head, head + 1);
	length = at.slot.length;
	if (length > static_cast<long>(VQUEUE_BYTES) || static_cast<size_t>(length) > size)
		length = -ebadmsg;
	else if (owner_of(at.value) != nobody)
		copy(message, at.slot.bytes, static_cast<size_t>(length));
	if (!swap(at.slot.word, mine, word(at.round + 1, EMPTY)))
		length = -ebadmsg;
	return owner_of(at.value) == nobody ? Step::again : Step::done;
}

int64_t now()
{
	int64_t time[2] = {0, 0};

	vdsox_module_call(__NR_clock_gettime, 1, reinterpret_cast<long>(time), 0, 0, 0, 0);
	return time[0] * 1000000000 + time[1];
}

/* Waits until @futex is not @seen, or for a slice; false if @end is over (-1: never is). */
bool wait(uint32_t &futex, uint32_t seen, uint32_t &waiters, int64_t end)
{
	const int64_t left = end < 0 ? slice_ns : end - now();
	const int64_t part = left < slice_ns ? left : slice_ns;
	const int64_t time[2] = {0, part};

	if (part <= 0)
		return false;
	__atomic_add_fetch(&waiters, 1, __ATOMIC_SEQ_CST);
	vdsox_module_call(__NR_futex, reinterpret_cast<long>(&futex), FUTEX_WAIT, seen,
			  reinterpret_cast<long>(time), 0, 0);
	__atomic_sub_fetch(&waiters, 1, __ATOMIC_SEQ_CST);
	return true;
}

long enter();

/*
 * Calls @step until it is done or the time is over. @futex changes when a blocked step may
 * get on.
 */
template <typename Body> long repeat(int64_t timeout, uint32_t &futex, uint32_t &waiters, Body step)
{
	const int64_t end = timeout <= 0 ? timeout : now() + timeout;

	for (unsigned int attempts = 0;;) {
		const uint32_t seen = load(futex);
		const Step result = step();

		if (result == Step::done)
			return 0;
		if (result == Step::again && ++attempts < most_attempts)
			continue;
		attempts = 0;
		if (!timeout)
			return -eagain;
		if (!wait(futex, seen, waiters, end))
			return -etimedout;
	}
}

/* Locks the first free byte; its number or a negative errno. */
long become_peer(int fd)
{
	for (long number = 0; number < static_cast<long>(VQUEUE_PEERS); number++) {
		const Lock lock = {F_WRLCK, 0, number, 1, 0};

		if (!vdsox_module_call(__NR_fcntl, fd, F_OFD_SETLK, reinterpret_cast<long>(&lock),
				       0, 0, 0))
			return number;
	}
	return -eusers;
}

/* A file description of this process's own, as a lock belongs to a description. */
long open_again(int fd)
{
	char path[] = "/proc/self/fd/\0\0\0\0\0\0\0\0\0\0\0";
	char *end = path + sizeof("/proc/self/fd/") - 1;
	int power = 1;

	if (fd < 0)
		return -ebadf;
	while (power <= fd / 10)
		power *= 10;
	for (; power; power /= 10)
		*end++ = static_cast<char>('0' + fd / power % 10);
	return vdsox_module_call(__NR_openat, AT_FDCWD, reinterpret_cast<long>(path),
				 O_RDWR | O_CLOEXEC, 0, 0, 0);
}

/* This peer's number or a negative errno. A child of fork() becomes a peer of its own. */
long enter()
{
	if (!vqueue_private()->mark)
		return -ebadf;

	const uint32_t number = __atomic_load_n(&mark(), __ATOMIC_RELAXED);

	if (number)
		return number - 1;

	const int inherited = descriptor();
	const long error = vqueue_open(inherited);

	if (error)
		return error;
	vdsox_module_call(__NR_close, inherited, 0, 0, 0, 0, 0);
	return mark() - 1;
}

} // namespace

long vqueue_open(int shared)
{
	constexpr long page = 4096;
	vqueue_private_data *own = vqueue_private();
	const long fd = open_again(shared);
	long number;

	if (fd < 0)
		return fd;
	number = become_peer(static_cast<int>(fd));
	if (number >= 0 && !own->mark) {
		const long made = vdsox_module_call(__NR_mmap, 0, page, PROT_READ | PROT_WRITE,
						    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (made < 0 && made > -page)
			number = made;
		else
			own->mark = static_cast<uint64_t>(made);
		if (number >= 0)
			number = vdsox_module_call(__NR_madvise, made, page, MADV_WIPEONFORK, 0, 0,
						   0)
					 ?: number;
	}
	if (number < 0) {
		vdsox_module_call(__NR_close, fd, 0, 0, 0, 0, 0);
		return number;
	}
	own->descriptor = static_cast<int32_t>(fd + 1);
	recover_all(static_cast<uint64_t>(number));
	__atomic_store_n(&mark(), static_cast<uint32_t>(number + 1), __ATOMIC_RELEASE);
	return 0;
}

void vqueue_close(void)
{
	if (enter() < 0)
		return;
	__atomic_store_n(&mark(), 0u, __ATOMIC_RELAXED);
	vdsox_module_call(__NR_close, descriptor(), 0, 0, 0, 0, 0);
}

long vqueue_push(uint32_t queue, const void *message, size_t length, int64_t timeout)
{
	const long self = enter();

	if (self < 0)
		return self;
	if (queue >= VQUEUE_QUEUES)
		return -einval;
	if (length > VQUEUE_BYTES)
		return -emsgsize;

	vqueue_queue &q = vqueue_shared()->queues[queue];
	const long result = repeat(timeout, q.pops, q.pushers, [&] {
		return step_push(q, static_cast<uint64_t>(self), message, length);
	});

	if (!result)
		wake(q.pushes, q.poppers);
	return result;
}

long vqueue_pop(uint32_t queue, void *message, size_t size, int64_t timeout)
{
	const long self = enter();
	long length = 0;

	if (self < 0)
		return self;
	if (queue >= VQUEUE_QUEUES)
		return -einval;

	vqueue_queue &q = vqueue_shared()->queues[queue];
	const long result = repeat(timeout, q.pushes, q.poppers, [&] {
		return step_pop(q, static_cast<uint64_t>(self), message, size, length);
	});

	if (result)
		return result;
	if (length != -emsgsize)
		wake(q.pops, q.pushers);
	return length;
}

long vqueue_length(uint32_t queue)
{
	if (queue >= VQUEUE_QUEUES)
		return -einval;

	const vqueue_queue &q = vqueue_shared()->queues[queue];
	const uint64_t head = load(q.head);
	const uint64_t length = load(q.tail) - head;

	return length > VQUEUE_SLOTS ? static_cast<long>(VQUEUE_SLOTS) : static_cast<long>(length);
}

long vqueue_lost(uint32_t queue)
{
	if (queue >= VQUEUE_QUEUES)
		return -einval;
	return static_cast<long>(load(vqueue_shared()->queues[queue].lost));
}
