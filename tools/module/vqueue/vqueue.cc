// SPDX-License-Identifier: MIT
/*
 * Bounded queues in shared memory, for processes that may die or misbehave at any time.
 *
 * word.h has the states of a slot. tail and head only say where to begin. A peer that finds
 * that the slot there has gone further moves them on, so it does not matter who dies between
 * a claim and that step.
 *
 * Race of two producers for one slot: both read EMPTY(r), one compare-and-swap fails; that
 * one sees WRITING(r), moves tail on and takes the next slot. Of two consumers likewise.
 *
 * A message is the length and the bytes that a slot has while it is FULL: its producer wrote
 * them after it had claimed the slot and before it released it, its consumer reads them
 * between its own claim and release.
 *
 * Misbehaviour. Every value from shared memory is read once, an index is a remainder, a
 * length is limited to the slot's, and every loop is bounded. A process that may write the
 * queue can take, lose and forge messages; it cannot make another peer touch other memory or
 * hang in a call that has a time limit.
 *
 * Limits. A peer that is stopped, or dumps core, in the few instructions between claim and
 * release holds up the others until it goes on or is gone; so does a thread that leaves them
 * otherwise than by returning, as by siglongjmp(), for as long as its process lives. A signal
 * handler may push and pop without a wait only: the call that it interrupts may have the slot
 * that it would wait for.
 */
#include "call.h"
#include "peer.h"
#include "recover.h"
#include "vqueue_module.h"
#include "wait.h"
#include "word.h"

namespace
{

/* Attempts of one try: each that fails has seen another peer get on, or shared memory lie. */
constexpr unsigned int most_attempts = 4096;

/* Without a call: the image has no fast memcpy(). */
void copy(void *to, const void *from, size_t n)
{
	char *out = static_cast<char *>(to);
	const char *in = static_cast<const char *>(from);

	for (; n >= 8; n -= 8, out += 8, in += 8)
		__builtin_memcpy(out, in, 8);
	for (; n; n--)
		*out++ = *in++;
}

/*
 * The result of a step. `held`: another peer has the slot; only its death changes that
 * without a wakeup.
 */
enum class Step { done, again, blocked, held };

/* A position of a queue, its slot, and the word of that, read once. */
struct Place {
	Place(vqueue_queue &queue, uint64_t where)
	    : position(where), slot(queue.slots[where % VQUEUE_SLOTS]),
	      round(where / VQUEUE_SLOTS & round_mask), value(load(slot.word)),
	      ahead(rounds(round, round_of(value))), state(state_of(value))
	{
	}

	/* The slot is in that state of the position's round. */
	bool is(State wanted) const { return !ahead && state == wanted; }

	const uint64_t position;
	vqueue_slot &slot;
	const uint64_t round;
	const uint64_t value;
	const int64_t ahead; /* rounds that the slot is ahead of the position */
	const State state;
};

/*
 * Moves @position on from @at, to the first one after it that its slot has not left.
 * @left: the slot has left the position in the round of its word, too
 */
Step move_on(uint64_t &position, const Place &at, bool left)
{
	const uint64_t skipped = static_cast<uint64_t>(at.ahead - !left) * VQUEUE_SLOTS;

	swap(position, at.position, at.position + skipped + 1);
	return Step::again;
}

/* Of a slot that another peer has. @check: find out whether that is dead */
Step step_over(vqueue_queue &queue, const Place &at, bool check)
{
	if (!check || !is_dead(owner_of(at.value)))
		return Step::held;
	recover(queue, at.slot, at.value);
	return Step::again;
}

struct Message {
	const void *bytes;
	size_t length;
};

Step step_push(vqueue_queue &queue, uint64_t self, const Message &message, bool check)
{
	const Place at(queue, load(queue.tail));
	const uint64_t mine = word(at.round, WRITING, self);

	if (at.ahead > 0 || (!at.ahead && at.state != EMPTY))
		return move_on(queue.tail, at, at.state != EMPTY);
	if (at.ahead < 0)
		return is_owned(at.value) ? step_over(queue, at, check) : Step::blocked;
	if (!swap(at.slot.word, at.value, mine))
		return Step::again;
	swap(queue.tail, at.position, at.position + 1);
	copy(at.slot.bytes, message.bytes, message.length);
	at.slot.length = static_cast<uint32_t>(message.length);
	return swap(at.slot.word, mine, word(at.round, FULL)) ? Step::done : Step::again;
}

/* Where a message goes, and its length or a negative errno. */
struct Room {
	void *bytes;
	size_t size;
	long length;
};

/* Takes the message of a FULL slot, if it has one that fits. */
Step take(vqueue_queue &queue, uint64_t self, const Place &at, Room &room)
{
	const uint64_t mine = word(at.round, READING, self);
	const bool is_none = owner_of(at.value) == nobody;
	const uint32_t length = __atomic_load_n(&at.slot.length, __ATOMIC_RELAXED);
	const bool is_bad = length > VQUEUE_BYTES;

	/* If the slot has not changed, this was the length of its message. */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (!is_none && !is_bad && length > room.size) {
		room.length = -EMSGSIZE;
		return load(at.slot.word) == at.value ? Step::done : Step::again;
	}
	if (!swap(at.slot.word, at.value, mine))
		return Step::again;
	swap(queue.head, at.position, at.position + 1);
	if (!is_none && !is_bad)
		copy(room.bytes, at.slot.bytes, length);
	room.length = is_bad ? -EBADMSG : static_cast<long>(length);
	if (!swap(at.slot.word, mine, word(at.round + 1, EMPTY)))
		room.length = -EBADMSG;
	return is_none ? Step::again : Step::done;
}

Step step_pop(vqueue_queue &queue, uint64_t self, Room &room, bool check)
{
	const Place at(queue, load(queue.head));

	if (at.ahead > 0 || at.is(READING))
		return move_on(queue.head, at, at.state == READING);
	if (at.ahead < 0 || at.state == EMPTY)
		return Step::blocked;
	if (at.state == WRITING)
		return step_over(queue, at, check);
	return take(queue, self, at, room);
}

/* A push would not find all slots full. */
bool has_room(vqueue_queue &queue)
{
	return Place(queue, load(queue.tail)).ahead >= 0;
}

bool has_message(vqueue_queue &queue)
{
	const Place at(queue, load(queue.head));

	return at.ahead > 0 || (!at.ahead && (at.state == FULL || at.state == READING));
}

/* Pushes or pops a message; `Operation` has the step and its kind of waiters. */
template <typename Operation> class Call
{
public:
	explicit Call(Operation &operation) : operation_(operation) {}

	/* @timeout: ns, -1: any; 0, -EAGAIN or -ETIMEDOUT */
	long run(int64_t timeout)
	{
		if (timeout < -1)
			timeout = 0;
		if (attempt(!timeout))
			return 0;
		if (!timeout)
			return -EAGAIN;

		const bool done = wait(timeout < 0 ? timeout : deadline(timeout));

		if (slept_)
			pass_on();
		return done ? 0 : -ETIMEDOUT;
	}

private:
	static int64_t deadline(int64_t timeout)
	{
		const int64_t begin = now();

		return timeout < INT64_MAX - begin ? begin + timeout : INT64_MAX;
	}

	bool attempt(bool check)
	{
		for (unsigned int i = 0; i < most_attempts; i++) {
			const Step step = operation_.step(check);

			if (step != Step::again)
				return step == Step::done;
		}
		return false;
	}

	bool wait(int64_t end)
	{
		for (int64_t slice = shortest_slice_ns;;) {
			if (spin([&] { return operation_.is_ready(); }) && attempt(false))
				return true;

			const int64_t left = end < 0 ? longest_slice_ns : end - now();

			if (left <= 0)
				return false;
			if (sleep(left < slice ? left : slice))
				return true;
			slice = slice * 2 < longest_slice_ns ? slice * 2 : longest_slice_ns;
		}
	}

	/* See wait.h; true if the operation is done. */
	bool sleep(int64_t ns)
	{
		vqueue_waiters &waiters = operation_.waiters();
		const int64_t time[2] = {ns / second, ns % second};
		bool done;

		__atomic_add_fetch(&waiters.count, 1, __ATOMIC_SEQ_CST);
		__atomic_store_n(&waiters.asleep, 1u, __ATOMIC_SEQ_CST);
		done = attempt(true);
		if (!done) {
			slept_ = true;
			call(__NR_futex, &waiters.asleep, static_cast<long>(FUTEX_WAIT), 1L, time);
		}
		__atomic_sub_fetch(&waiters.count, 1, __ATOMIC_SEQ_CST);
		return done || attempt(true);
	}

	void pass_on()
	{
		vqueue_waiters &waiters = operation_.waiters();

		if (!__atomic_load_n(&waiters.count, __ATOMIC_SEQ_CST))
			return;
		__atomic_store_n(&waiters.asleep, 1u, __ATOMIC_SEQ_CST);
		if (operation_.is_ready())
			wake(waiters);
	}

	Operation &operation_;
	bool slept_ = false;
};

struct Push {
	vqueue_queue &queue;
	const uint64_t self;
	Message message;

	Step step(bool check) { return step_push(queue, self, message, check); }
	bool is_ready() { return has_room(queue); }
	vqueue_waiters &waiters() { return queue.pushers; }
};

struct Pop {
	vqueue_queue &queue;
	const uint64_t self;
	Room room;

	Step step(bool check) { return step_pop(queue, self, room, check); }
	bool is_ready() { return has_message(queue); }
	vqueue_waiters &waiters() { return queue.poppers; }
};

/* After pushes to queue number @index. */
void report_push(vqueue_queue &queue, uint32_t index)
{
	wake(queue.poppers);
	if (__atomic_load_n(&queue.armed, __ATOMIC_SEQ_CST) && vqueue_has_notify() &&
	    __atomic_exchange_n(&queue.armed, 0, __ATOMIC_SEQ_CST))
		vqueue_call_notify(index);
}

/* This peer's number, or a negative errno, also for a wrong queue. */
long begin(uint32_t queue)
{
	const long self = enter();

	return self < 0 || queue < VQUEUE_QUEUES ? self : -EINVAL;
}

} // namespace

long vqueue_push_many(uint32_t queue, const void *messages, size_t length, size_t count,
		      int64_t timeout)
{
	const long self = begin(queue);

	if (self < 0)
		return self;
	if (length > VQUEUE_BYTES)
		return -EMSGSIZE;

	vqueue_queue &q = vqueue_shared()->queues[queue];
	Push push{q, static_cast<uint64_t>(self), {messages, length}};
	size_t made = 0;

	for (; made < count; made++) {
		const long error = Call<Push>(push).run(made ? 0 : timeout);

		if (error && !made)
			return error;
		if (error)
			break;
		push.message.bytes = static_cast<const char *>(push.message.bytes) + length;
	}
	report_push(q, queue);
	return static_cast<long>(made);
}

long vqueue_push(uint32_t queue, const void *message, size_t length, int64_t timeout)
{
	const long made = vqueue_push_many(queue, message, length, 1, timeout);

	return made < 0 ? made : 0;
}

long vqueue_pop_many(uint32_t queue, void *messages, size_t size, uint32_t *lengths, size_t count,
		     int64_t timeout)
{
	const long self = begin(queue);

	if (self < 0)
		return self;

	vqueue_queue &q = vqueue_shared()->queues[queue];
	Pop pop{q, static_cast<uint64_t>(self), {messages, size, 0}};
	long result = 0;
	size_t made = 0;

	while (made < count) {
		result = Call<Pop>(pop).run(made ? 0 : timeout) ?: pop.room.length;
		if (result < 0)
			break;
		lengths[made++] = static_cast<uint32_t>(result);
		pop.room.bytes = static_cast<char *>(pop.room.bytes) + size;
	}
	/* A bad message is taken, too; one that is too long stays. */
	if (made || result == -EBADMSG)
		wake(q.pushers);
	return made ? static_cast<long>(made) : result;
}

long vqueue_pop(uint32_t queue, void *message, size_t size, int64_t timeout)
{
	uint32_t length = 0;
	const long made = vqueue_pop_many(queue, message, size, &length, 1, timeout);

	return made < 0 ? made : length;
}

long vqueue_arm(uint32_t queue)
{
	if (queue >= VQUEUE_QUEUES)
		return -EINVAL;

	vqueue_queue &q = vqueue_shared()->queues[queue];

	__atomic_store_n(&q.armed, 1u, __ATOMIC_SEQ_CST);
	return has_message(q);
}

long vqueue_length(uint32_t queue)
{
	if (queue >= VQUEUE_QUEUES)
		return -EINVAL;

	const vqueue_queue &q = vqueue_shared()->queues[queue];
	const uint64_t head = load(q.head);
	const auto length = static_cast<int64_t>(load(q.tail) - head);

	/* Either may be late. */
	if (length < 0)
		return 0;
	return length < int64_t{VQUEUE_SLOTS} ? length : int64_t{VQUEUE_SLOTS};
}

long vqueue_lost(uint32_t queue)
{
	if (queue >= VQUEUE_QUEUES)
		return -EINVAL;
	return static_cast<long>(load(vqueue_shared()->queues[queue].lost));
}
