// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that run in a process's address space and never return to user mode there: the
 * workers of io_uring and its polling thread, with their own or registered credentials;
 * and kernel AIO.
 *
 * Fails when: a refresh uses overridden credentials for the thread's own (personality),
 * a switch to or from a worker leaves the CPU's slot pointing to another thread's record
 * (workers, polling-thread), a worker's fault creates an area or maps one for the worker
 * (worker-touches-first), or a worker gets a record.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "ids.h"
#include "records.h"
#include "stats.h"
#include "uring.h"

#define READERS		6
#define REQUESTS	1500
#define SIZE		4096

static volatile int stop, wrong;

static void *read_concurrently(void *arg)
{
	struct vt_answers want = vt_raw_answers();
	int n = 0, i;

	(void)arg;
	while (!vt_load(&stop)) {
		i = vt_wrong(&want);
		if (i >= 0)
			vt_store(&wrong, i + 1);
		if (++n % 256 == 0)
			sched_yield();
	}
	return NULL;
}

static int data_file(void)
{
	int fd = memfd_create("vdso_task", MFD_CLOEXEC);
	char page[SIZE];

	memset(page, 'x', sizeof(page));
	return fd >= 0 && write(fd, page, SIZE) == SIZE ? fd : -1;
}

/* Runs @requests while all threads read: no answer may change. */
static int with_readers(int (*requests)(void *), void *arg)
{
	pthread_t threads[READERS];
	struct vt_answers want;
	int i, result;

	if (!vt_promote())
		return VT_FAIL;
	want = vt_raw_answers();
	for (i = 0; i < READERS; i++)
		VT_NEED(!pthread_create(&threads[i], NULL, read_concurrently,
					NULL));
	result = requests(arg);
	if (!vt_same(&want, "the thread that made the requests"))
		result = VT_FAIL;
	vt_store(&stop, 1);
	for (i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	VT_CHECK(!wrong, "a thread got a wrong %s", vt_ids[wrong - 1].name);
	return result;
}

struct job {
	struct uring u;
	int file;
	int personality;
};

static int read_often(void *arg)
{
	struct vt_answers want = vt_raw_answers();
	struct job *job = arg;
	char page[SIZE];
	int i;

	for (i = 0; i < REQUESTS; i++) {
		struct io_uring_sqe sqe = {
			.opcode = IORING_OP_READ, .flags = IOSQE_ASYNC,
			.fd = job->file, .addr = (unsigned long)page,
			.len = SIZE,
			.personality = i & 1 ? job->personality : 0 };
		int n = uring_do(&job->u, &sqe);

		VT_CHECK(n == SIZE, "read %d: %s", i,
			 n < 0 ? strerror(-n) : "short");
		if (vt_wrong(&want) >= 0)
			return vt_fail("wrong answer after request %d", i);
	}
	return VT_PASS;
}

static int start(struct job *job, unsigned int flags)
{
	int result = uring_open(&job->u, flags);

	if (result)
		return result;
	job->file = data_file();
	VT_NEED(job->file >= 0);
	return vt_result(!vt_ids_init());
}

static int check_workers(const void *arg)
{
	struct job job = { .personality = 0 };
	int result = start(&job, 0);

	(void)arg;
	return result ? result : with_readers(read_often, &job);
}

static int check_polling(const void *arg)
{
	struct job job = { .personality = 0 };
	int result = start(&job, IORING_SETUP_SQPOLL);

	(void)arg;
	return result ? result : with_readers(read_often, &job);
}

/* Every other request runs with other ids than the thread that submits it. */
static int check_personality(const void *arg)
{
	unsigned int flags = *(const unsigned int *)arg;
	struct job job;
	int result;

	if (geteuid())
		return vt_skip("other credentials need root");
	result = start(&job, flags);
	if (result)
		return result;
	VT_NEED(!vt_raw3(__NR_setresgid, -1, 4321, -1));
	VT_NEED(!vt_raw3(__NR_setresuid, -1, 1234, -1));
	job.personality = uring_personality(&job.u);
	VT_NEED(!vt_raw3(__NR_setresuid, -1, 0, -1));
	VT_NEED(!vt_raw3(__NR_setresgid, -1, 0, -1));
	VT_CHECK(job.personality > 0, "cannot register a personality: %d",
		 job.personality);
	return with_readers(read_often, &job);
}

/* Has a worker copy the line at @from. Returns the bytes copied, or -errno. */
static int worker_copies(struct uring *u, const void *from, char *to)
{
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_WRITE, .flags = IOSQE_ASYNC,
		.addr = (unsigned long)from, .len = VDSO_TASK_LINE_SIZE };
	int pipefd[2], n;

	if (pipe(pipefd))
		return -errno;
	sqe.fd = pipefd[1];
	n = uring_do(u, &sqe);
	if (n > 0 && read(pipefd[0], to, n) != n)
		n = -EIO;
	close(pipefd[0]);
	close(pipefd[1]);
	return n;
}

/*
 * A worker is the first to touch the area: its read fails or finds zeros, and does not
 * count as a touch by the process.
 */
static int touch_first(void *arg)
{
	static const char zeros[VDSO_TASK_LINE_SIZE];
	char copy[VDSO_TASK_LINE_SIZE] = "";
	long areas = vt_stable_stat("areas");
	struct vt_maps m;
	struct uring u;
	int i, n;

	(void)arg;
	if (uring_open(&u, 0) || !vt_read_maps(&m, 0))
		return VT_FAIL;
	for (i = 0; i < 100; i++) {
		unsigned long line = m.vvar + i * 83 % vt_nr_lines(&m) * sizeof(copy);

		vt_raw_answers();
		n = worker_copies(&u, (const void *)line, copy);
		VT_CHECK(n == -EFAULT ||
			 (n > 0 && !memcmp(copy, zeros, sizeof(zeros))),
			 "a worker's read at %#lx returns %d", line, n);
	}
	VT_CHECK(vt_stable_stat("areas") == areas,
		 "a worker's touch created an area");
	return vt_result(vt_promoted_and_same("afterwards"));
}

static int check_touch_first(const void *arg)
{
	struct uring probe;
	int result = uring_open(&probe, 0);

	(void)arg;
	if (!result)
		result = vt_stats_init();
	if (result)
		return result;
	if (vt_ids_init())
		return VT_FAIL;
	return vt_run_child(touch_first, NULL, "new process");
}

/* A worker cannot write to the record of a promoted process. */
static int check_worker_writes(const void *arg)
{
	struct job job = { .personality = 0 };
	int result = start(&job, 0), i;
	struct vt_maps m;

	(void)arg;
	if (result)
		return result;
	if (!vt_promote() || !vt_read_maps(&m, 0))
		return VT_FAIL;
	for (i = 0; i < 100; i++) {
		struct io_uring_sqe sqe = {
			.opcode = IORING_OP_READ, .flags = IOSQE_ASYNC,
			.fd = job.file, .len = VDSO_TASK_LINE_SIZE,
			.addr = (unsigned long)vt_record(&m, vt_own_locator(&m)) };
		int n = uring_do(&job.u, &sqe);

		VT_CHECK(n == -EFAULT,
			 "a worker's write to a record returns %d", n);
		if (!vt_same_now("after the attempt"))
			return VT_FAIL;
	}
	return vt_result(vt_promote());
}

static int submit_aio(void *arg)
{
	int file = *(int *)arg, i;
	aio_context_t ctx = 0;
	char page[SIZE];

	VT_NEED(!vt_raw2(__NR_io_setup, 8, &ctx));
	for (i = 0; i < REQUESTS; i++) {
		struct iocb io = {
			.aio_lio_opcode = i % 4 ? IOCB_CMD_PREAD :
						  IOCB_CMD_FSYNC,
			.aio_fildes = file, .aio_buf = (unsigned long)page,
			.aio_nbytes = i % 4 ? SIZE : 0 };
		struct iocb *list[1] = { &io };
		struct io_event event;

		if (i % 4 == 0)
			io.aio_buf = 0;
		VT_NEED(vt_raw3(__NR_io_submit, ctx, 1, list) == 1);
		VT_NEED(vt_syscall6(__NR_io_getevents, ctx, 1, 1, (long)&event,
				    0, 0) == 1);
		VT_CHECK(event.res >= 0, "request %d: %lld", i,
			 (long long)event.res);
	}
	return VT_PASS;
}

static int check_aio(const void *arg)
{
	int file = data_file();
	aio_context_t ctx = 0;

	(void)arg;
	VT_NEED(file >= 0);
	if (vt_raw2(__NR_io_setup, 8, &ctx) == -ENOSYS)
		return vt_skip("needs CONFIG_AIO");
	return vt_ids_init() ? VT_FAIL : with_readers(submit_aio, &file);
}

int main(void)
{
	static const unsigned int plain, polled = IORING_SETUP_SQPOLL;
	static const struct vt_case cases[] = {
		{ "workers", check_workers, NULL, 60 },
		{ "polling-thread", check_polling, NULL, 60 },
		{ "personality", check_personality, &plain, 60 },
		{ "personality-of-polling-thread", check_personality, &polled,
		  60 },
		{ "worker-touches-first", check_touch_first, NULL, 60 },
		{ "worker-writes", check_worker_writes, NULL, 60 },
		{ "aio", check_aio, NULL, 60 },
	};

	return vt_run(cases, VT_ARRAY_SIZE(cases));
}
