/* SPDX-License-Identifier: MIT */
/* Waits that end with a step: see wait.h. */
#ifndef VQUEUE_WAITING_H
#define VQUEUE_WAITING_H

#include "steps.h"
#include "wait.h"

/* Attempts of one try: each that fails has seen another peer get on, or shared memory lie. */
constexpr unsigned int most_attempts = 4096;

/*
 * Does an operation's steps until one is done. An operation has
 *	Step step(bool check)		check: look for dead peers
 *	bool is_ready()			another step may do better than the last
 *	vqueue_waiters &waiters()	those who are woken when it is
 */
template <typename Operation> class Waiting
{
public:
	explicit Waiting(Operation &operation) : operation_(operation) {}

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

#endif
