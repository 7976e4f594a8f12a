/* SPDX-License-Identifier: MIT */
/*
 * The word of a slot. Position p of a queue is slot p % SLOTS in round p / SLOTS. The word
 * says what the slot's next change is; all changes are compare-and-swap of the whole word:
 *
 *	EMPTY(r) --> WRITING(r, o) --> FULL(r) --> READING(r, o) --> EMPTY(r + 1)
 *	             producer o                    consumer o
 *
 * A slot is in a given state of a given round once, so a word that was read long ago
 * cannot be taken for the current one: with 2 slots and a message each 10 ns, the rounds
 * repeat after 16 days. All zeros is EMPTY(0): a new queue needs no set-up.
 */
#ifndef VQUEUE_WORD_H
#define VQUEUE_WORD_H

#include <stdint.h>

enum State : uint64_t { EMPTY, WRITING, FULL, READING };

constexpr unsigned int owner_shift = 2;
constexpr unsigned int round_shift = 18;
constexpr uint64_t round_mask = ~uint64_t{0} >> round_shift;
/* Owner of a FULL slot without a message. */
constexpr uint64_t nobody = 0xffff;

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

constexpr bool is_owned(uint64_t value)
{
	return state_of(value) == WRITING || state_of(value) == READING;
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

/*
 * Sequentially consistent: after a change of a word a peer looks whether another sleeps,
 * which looks at the word after it has said that it sleeps.
 */
template <typename Value> bool swap(Value &value, Value from, Value to)
{
	return __atomic_compare_exchange_n(&value, &from, to, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_RELAXED);
}

#endif
