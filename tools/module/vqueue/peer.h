/* SPDX-License-Identifier: MIT */
/*
 * Peers: the processes that use an instance, and which of them are dead.
 *
 * Peer o holds a lock on byte o of the shared file: an open file description lock, through a
 * description that nothing but a mapping of the process refers to. So the kernel releases it
 * with the process's memory, at exit or exec, when none of its threads writes any more.
 * Neither a reused process ID nor another PID namespace matters, nor whether a program
 * closes all descriptors. MADV_DONTFORK keeps the lock from a child, which would hold it when
 * the parent is dead; only one that is forked by another thread between two lines of
 * become_peer() inherits the descriptor, until it executes a program or ends. Who may write
 * the file can lock bytes that are not his: then numbers are missing, or a dead peer
 * seems to live.
 *
 * Robust mutexes of pthread(7) are no alternative: their list of held locks goes through the
 * shared memory, so every peer could make another's C library follow wrong pointers.
 *
 * The number is in a page that a child of fork() finds empty: it becomes a peer of its own
 * at its first call.
 */
#ifndef VQUEUE_PEER_H
#define VQUEUE_PEER_H

#include <stdint.h>

/* This process's number or a negative errno. A child of fork() becomes a peer first. */
long enter();

/*
 * No process has @owner's number. Never so for this process's own: what its number's dead
 * peers have left was recovered before it had the number.
 */
bool is_dead(uint64_t owner);

#endif
