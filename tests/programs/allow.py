# SPDX-License-Identifier: GPL-2.0
"""allow.py [--deny-getppid] COMMAND...: runs it under a service manager's filter.

The filter allows the calls of ordinary services and fails all others with EPERM, with
--deny-getppid that one, too.
"""

import os
import sys

import seccomp

ALLOWED = """
access arch_prctl brk clock_getres clock_gettime clock_nanosleep clone clone3 close
dup dup2 dup3 epoll_create1 epoll_ctl epoll_wait execve execveat exit exit_group
faccessat faccessat2 fadvise64 fcntl fstat futex getcpu getcwd getdents64 getegid
geteuid getgid getgroups getpgrp getpid getppid getrandom getresgid getresuid getrlimit
getsid gettid gettimeofday getuid ioctl kill lseek lstat madvise mincore mmap mprotect
mremap munmap nanosleep newfstatat open openat pipe pipe2 poll ppoll prctl pread64
prlimit64 read readlink readlinkat restart_syscall rseq rt_sigaction rt_sigprocmask
rt_sigreturn sched_getaffinity sched_yield set_robust_list set_tid_address setgid
setuid sigaltstack stat statx sysinfo tgkill time umask uname vfork wait4 waitid write
writev
""".split()


def main() -> None:
    words = sys.argv[1:]
    deny = words[:1] == ["--deny-getppid"]
    rules = seccomp.SyscallFilter(seccomp.ERRNO(1))
    for name in ALLOWED:
        if not (deny and name == "getppid"):
            rules.add_rule(seccomp.ALLOW, name)
    command = words[1:] if deny else words
    rules.load()
    os.execvp(command[0], command)


main()
