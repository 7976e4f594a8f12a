/* SPDX-License-Identifier: GPL-2.0 */
/* Cases of the program `ids` that are in separate files. */
#ifndef VDSO_TASK_IDS_PARTS_H
#define VDSO_TASK_IDS_PARTS_H

/* ids_signals.c */
int check_call_in_handler(const void *arg);
int check_signal_storm(const void *arg);
int check_fork_in_handler(const void *arg);

/* ids_reader.c */
int check_reader_answers(const void *arg);
int check_reader_zero(const void *arg);

/* ids_family.c */
int check_fork_tree(const void *arg);
int check_fork_chain(const void *arg);
int check_vfork(const void *arg);
int check_clone_vm(const void *arg);
int check_clone_vm_crowd(const void *arg);
int check_spawn(const void *arg);
int check_session(const void *arg);

#endif /* VDSO_TASK_IDS_PARTS_H */
