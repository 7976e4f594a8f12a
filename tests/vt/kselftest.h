/* SPDX-License-Identifier: GPL-2.0 */
/* The parts of the kernel's kselftest.h that vt.c needs, for test_vt.py. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define KSFT_PASS	0
#define KSFT_FAIL	1
#define KSFT_SKIP	4

static unsigned int ksft_number;

static inline void ksft_print_header(void)
{
	printf("TAP version 13\n");
}

static inline void ksft_set_plan(unsigned int plan)
{
	printf("1..%u\n", plan);
}

static inline void ksft_print_cnts(void)
{
}

static inline void ksft_exit_fail_msg(const char *msg)
{
	printf("Bail out! %s", msg);
	exit(KSFT_FAIL);
}

static inline void ksft_test_result_fail(const char *msg, ...)
{
	va_list args;

	va_start(args, msg);
	printf("not ok %u ", ++ksft_number);
	vprintf(msg, args);
	va_end(args);
}

static inline void ksft_test_result_code(int code, const char *name, const char *msg, ...)
{
	va_list args;

	va_start(args, msg);
	printf("%s %u %s%s", code == KSFT_FAIL ? "not ok" : "ok", ++ksft_number, name,
	       code == KSFT_SKIP ? " # SKIP " : "");
	if (msg)
		vprintf(msg, args);
	printf("\n");
	va_end(args);
}
