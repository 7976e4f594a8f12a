/* SPDX-License-Identifier: GPL-2.0 */
/* Test cases of the program `mapping`. */
#ifndef VDSO_TASK_MAPPING_PARTS_H
#define VDSO_TASK_MAPPING_PARTS_H

/* mapping_protect.c */
int check_mprotect(const void *arg);
int check_own_mem(const void *arg);
int check_other_mem(const void *arg);
int check_ptrace_poke(const void *arg);
int check_vm_flags(const void *arg);
int check_unmap(const void *arg);
int check_overmap(const void *arg);
int check_madvise(const void *arg);
int check_mlock(const void *arg);
int check_user_write(const void *arg);

/* mapping_race.c */
int check_fault_race(const void *arg);
int check_two_faults(const void *arg);

/* mapping_place.c; x86 only: check_numbers() */
int check_moved(const void *arg);
int check_numbers(const void *arg);

#endif /* VDSO_TASK_MAPPING_PARTS_H */
