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
#include "steps.h"

#include <asm/errno.h>

#include "peer.h"
#include "recover.h"
#include "word.h"

namespace
{

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
		return Step::blocked;
	recover(queue, at.slot, at.value);
	return Step::again;
}

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

} // namespace

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

bool has_room(vqueue_queue &queue)
{
	return Place(queue, load(queue.tail)).ahead >= 0;
}

bool has_message(vqueue_queue &queue)
{
	const Place at(queue, load(queue.head));

	return at.ahead > 0 || (!at.ahead && (at.state == FULL || at.state == READING));
}
