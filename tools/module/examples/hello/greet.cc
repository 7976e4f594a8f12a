// SPDX-License-Identifier: MIT
/* The image: C++20 without libc, exceptions and RTTI. */
#include "hello_module.h"

namespace
{

/* Pointers in private data: the library relocates them when it attaches the module. */
const char *const lines[] = {"the first greeting of this process", "another greeting"};

hello_name &slot_of(const char *name)
{
	uint32_t sum = 0;

	for (const char *c = name; *c; c++)
		sum = 31 * sum + static_cast<unsigned char>(*c);
	return hello_shared()->names[sum % HELLO_NAMES];
}

void keep(hello_name &slot, const char *name)
{
	for (unsigned int i = 0; i < sizeof(slot.text) - 1 && *name; i++)
		slot.text[i] = static_cast<uint8_t>(*name++);
	__atomic_add_fetch(&slot.times, 1, __ATOMIC_RELAXED);
}

} // namespace

uint64_t hello_greet(const char *name)
{
	hello_private_data *own = hello_private();

	if (hello_has_log())
		hello_call_log(lines[own->sum != 0]);
	keep(slot_of(name), name);
	__atomic_add_fetch(&hello_shared()->total, HELLO_STEP, __ATOMIC_RELAXED);
	own->sum += HELLO_STEP;
	return own->sum;
}

uint64_t hello_total(void)
{
	return __atomic_load_n(&hello_shared()->total, __ATOMIC_RELAXED);
}
