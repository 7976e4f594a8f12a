// SPDX-License-Identifier: GPL-2.0
/*
 * A fake vDSO, with answers that no kernel gives. PREFIX is that of the names; a
 * version script selects those that it exports. With ONLY, each function returns that
 * number in a full register.
 */
#define JOIN(a, b) a##b
#define NAME(a, b) JOIN(a, b)
#ifdef ONLY
#define ENTRY(name, answer)                      \
	long NAME(PREFIX, name)(void)            \
	{                                        \
		return ONLY;                     \
	}
#else
#define ENTRY(name, answer)                      \
	unsigned int NAME(PREFIX, name)(void)    \
	{                                        \
		return answer;                   \
	}
#endif

ENTRY(getpid, 770001)
ENTRY(gettid, 770002)
ENTRY(getppid, 770003)
ENTRY(getuid, 4294967290)
ENTRY(geteuid, 4294967291)
ENTRY(getgid, 4294967292)
ENTRY(getegid, 4294967293)
