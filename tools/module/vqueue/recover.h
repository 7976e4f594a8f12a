/* SPDX-License-Identifier: MIT */
/*
 * What a dead peer has left in the slots. Who needs its slot changes WRITING(r, o) to
 * FULL(r) without a message, or READING(r, o) to EMPTY(r + 1): only the message in that slot
 * is lost. A new peer that gets the number of a dead one does so with all its slots before
 * it has the number, so a slot of one's own number is one's own.
 */
#ifndef VQUEUE_RECOVER_H
#define VQUEUE_RECOVER_H

#include "vqueue_module.h"

/* @value: the slot's word, of a dead owner. Of two that do this, one fails. */
void recover(vqueue_queue &queue, vqueue_slot &slot, uint64_t value);

/* All slots and exchanges of a number whose lock this process has just got. */
void recover_all(uint64_t number);

/* The part of recover_all() for requests and replies. */
void recover_exchanges(uint64_t number);

#endif
