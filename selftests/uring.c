// SPDX-License-Identifier: GPL-2.0
/* See uring.h. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "uring.h"

#define ENTRIES	8

static void *ring_map(struct uring *u, size_t size, off_t offset)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, u->fd,
		    offset);
}

static unsigned int *word(char *ring, unsigned int offset)
{
	return (unsigned int *)(ring + offset);
}

int uring_open(struct uring *u, unsigned int flags)
{
	size_t sq, cq;

	memset(u, 0, sizeof(*u));
	u->p.flags = flags;
	u->p.sq_thread_idle = 50;
	u->fd = vt_raw2(__NR_io_uring_setup, ENTRIES, &u->p);
	if (u->fd == -ENOSYS)
		return vt_skip("needs CONFIG_IO_URING");
	if (u->fd == -EPERM)
		return vt_skip("io_uring is forbidden: kernel.io_uring_disabled");
	VT_CHECK(u->fd >= 0, "io_uring_setup: %s", strerror(-u->fd));
	sq = u->p.sq_off.array + u->p.sq_entries * sizeof(int);
	cq = u->p.cq_off.cqes + u->p.cq_entries * sizeof(struct io_uring_cqe);
	u->sq = ring_map(u, sq, IORING_OFF_SQ_RING);
	u->cq = ring_map(u, cq, IORING_OFF_CQ_RING);
	u->sqes = ring_map(u, u->p.sq_entries * sizeof(*u->sqes),
			   IORING_OFF_SQES);
	VT_NEED(u->sq != MAP_FAILED && u->cq != MAP_FAILED &&
		(void *)u->sqes != MAP_FAILED);
	return VT_PASS;
}

static unsigned int submit_flags(struct uring *u)
{
	unsigned int now;

	if (!(u->p.flags & IORING_SETUP_SQPOLL))
		return IORING_ENTER_GETEVENTS;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	now = __atomic_load_n(word(u->sq, u->p.sq_off.flags), __ATOMIC_RELAXED);
	return IORING_ENTER_GETEVENTS |
	       (now & IORING_SQ_NEED_WAKEUP ? IORING_ENTER_SQ_WAKEUP : 0);
}

static int take(struct uring *u)
{
	unsigned int *head = word(u->cq, u->p.cq_off.head);
	unsigned int mask = *word(u->cq, u->p.cq_off.ring_mask);
	struct io_uring_cqe *cqes = (void *)(u->cq + u->p.cq_off.cqes);
	int result = cqes[*head & mask].res;

	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return result;
}

int uring_do(struct uring *u, const struct io_uring_sqe *sqe)
{
	unsigned int *tail = word(u->sq, u->p.sq_off.tail);
	unsigned int mask = *word(u->sq, u->p.sq_off.ring_mask);
	unsigned int *array = word(u->sq, u->p.sq_off.array);
	unsigned int *head = word(u->cq, u->p.cq_off.head);
	unsigned int to_submit = 1;

	u->sqes[*tail & mask] = *sqe;
	array[*tail & mask] = *tail & mask;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(word(u->cq, u->p.cq_off.tail),
			       __ATOMIC_ACQUIRE) == *head) {
		long ret = vt_syscall6(__NR_io_uring_enter, u->fd, to_submit, 1,
				       submit_flags(u), 0, 0);

		if (ret < 0 && ret != -EINTR && ret != -EAGAIN)
			return ret;
		if (ret > 0)
			to_submit = 0;
	}
	return take(u);
}

int uring_personality(struct uring *u)
{
	return vt_syscall6(__NR_io_uring_register, u->fd,
			   IORING_REGISTER_PERSONALITY, 0, 0, 0, 0);
}
