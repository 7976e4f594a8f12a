// SPDX-License-Identifier: MIT
/*
 * The image. One flag is one byte, which a client reads by one load. Rate and burst belong
 * together: a client reads both again if `changes` was odd or is another number afterwards.
 * A daemon that dies in a change leaves an odd number: its clients take what is there.
 */
#include <errno.h>

#include "flags_module.h"

namespace
{

constexpr uint64_t whole = 1000000000; /* one request of credit, and ns in a second */
constexpr unsigned int attempts = 100;

struct Limit {
	uint32_t rate;
	uint32_t burst;
};

uint32_t changes()
{
	return __atomic_load_n(&flags_shared()->changes, __ATOMIC_ACQUIRE);
}

Limit limit()
{
	const flags_shared_data *shared = flags_shared();
	Limit found = {};

	for (unsigned int i = 0; i < attempts; i++) {
		uint32_t before = changes();

		found.rate = __atomic_load_n(&shared->rate, __ATOMIC_RELAXED);
		found.burst = __atomic_load_n(&shared->burst, __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (before % 2 == 0 && changes() == before)
			break;
	}
	return found;
}

/* Adds what the time since the last call is worth; no sum exceeds 64 bits. */
void fill(flags_private_data *own, Limit now)
{
	uint64_t most = now.rate ? now.burst * whole : 0;
	int64_t time = flags_call_clock();
	uint64_t passed =
		own->filled && time > own->filled ? static_cast<uint64_t>(time - own->filled) : 0;

	if (!own->filled || (now.rate && passed >= most / now.rate))
		own->credit = most;
	else
		own->credit += passed * now.rate;
	if (own->credit > most)
		own->credit = most;
	own->filled = time;
}

} // namespace

void flags_own(void)
{
	flags_private()->owner = 1;
}

int flags_set(uint32_t flag, int on)
{
	if (!flags_private()->owner)
		return -EPERM;
	if (flag >= FLAGS_FLAGS)
		return -EINVAL;
	__atomic_store_n(&flags_shared()->flags[flag], on != 0, __ATOMIC_RELAXED);
	return 0;
}

int flags_limit(uint32_t rate, uint32_t burst)
{
	flags_shared_data *shared = flags_shared();

	if (!flags_private()->owner)
		return -EPERM;
	__atomic_fetch_add(&shared->changes, 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	__atomic_store_n(&shared->rate, rate, __ATOMIC_RELAXED);
	__atomic_store_n(&shared->burst, burst, __ATOMIC_RELAXED);
	__atomic_fetch_add(&shared->changes, 1, __ATOMIC_RELEASE);
	return 0;
}

int flags_is_on(uint32_t flag)
{
	if (flag >= FLAGS_FLAGS)
		return 0;
	return __atomic_load_n(&flags_shared()->flags[flag], __ATOMIC_RELAXED);
}

int flags_may_request(void)
{
	flags_private_data *own = flags_private();

	if (!flags_has_clock())
		return 0;
	fill(own, limit());
	if (own->credit < whole)
		return 0;
	own->credit -= whole;
	return 1;
}
