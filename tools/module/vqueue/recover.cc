// SPDX-License-Identifier: MIT
/* See recover.h. */
#include "recover.h"

#include "word.h"

void recover(vqueue_queue &queue, vqueue_slot &slot, uint64_t value)
{
	const uint64_t round = round_of(value);
	const bool is_push = state_of(value) == WRITING;
	const uint64_t next = is_push ? word(round, FULL, nobody) : word(round + 1, EMPTY);

	if (swap(slot.word, value, next))
		__atomic_add_fetch(&queue.lost, 1, __ATOMIC_RELAXED);
}

void recover_all(uint64_t number)
{
	for (vqueue_queue &queue : vqueue_shared()->queues)
		for (vqueue_slot &slot : queue.slots) {
			const uint64_t value = load(slot.word);

			if (is_owned(value) && owner_of(value) == number)
				recover(queue, slot, value);
		}
	recover_exchanges(number);
}
