/* SPDX-License-Identifier: MIT */
/*
 * Modules: images in the manner of a vDSO, which one process publishes and others attach.
 * A module's own header, which vdsox makes from its table, calls this library.
 *
 * Functions that return int return 0 or a negative errno; vdsox_module_error() then has
 * a text. All are thread-safe. None may be called from a signal handler; the functions of
 * an attached module may, as far as they allow it themselves.
 */
#ifndef VDSOX_MODULE_H
#define VDSOX_MODULE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define VDSOX_MODULE_NOTHROW noexcept
extern "C" {
#else
#define VDSOX_MODULE_NOTHROW
#endif

#pragma GCC visibility push(default)

/**
 * struct vdsox_module_fds - a published module
 * @image:	code and data that no process can change
 * @shared:	memory that all processes share; -1 if the module has none
 *
 * Any process that has the descriptors can attach the module; there is no path to it.
 */
struct vdsox_module_fds {
	int image;
	int shared;
};

/* An entry that a program calls, and the minor version that has it first. */
struct vdsox_module_function {
	const char *symbol;
	unsigned int since;
};

/**
 * struct vdsox_module_interface - what a program expects of a module
 * @name:	the module
 * @major:	an image of another major version is refused
 * @minor:	the version whose header the program was compiled with
 * @functions:	the entries
 * @nr_functions:	their number
 * @callbacks:	symbol of the structure with the process's functions; NULL: none
 * @callbacks_size:	bytes of that structure that the program sets
 */
struct vdsox_module_interface {
	const char *name;
	unsigned int major;
	unsigned int minor;
	const struct vdsox_module_function *functions;
	unsigned int nr_functions;
	const char *callbacks;
	size_t callbacks_size;
};

/* An attached module. */
struct vdsox_module;

/**
 * enum vdsox_module_flags - of publish and attach
 * @VDSOX_MODULE_PUBLISHER_WRITES: publish: vdsox_module_protect() will be called
 * @VDSOX_MODULE_READ_ONLY: attach: map the shared data without write permission, as it
 *	always is if vdsox_module_protect() was called
 * @VDSOX_MODULE_SEAL: attach: no system call of this process can unmap or change the
 *	mappings of code and shared data any more, where the kernel has mseal(). Detach
 *	then leaves them
 */
enum vdsox_module_flags {
	VDSOX_MODULE_PUBLISHER_WRITES = 1,
	VDSOX_MODULE_READ_ONLY = 2,
	VDSOX_MODULE_SEAL = 4,
};

/**
 * vdsox_module_publish() - make a module of an image file
 * @path: what `vdsox module build` has made
 * @flags: VDSOX_MODULE_PUBLISHER_WRITES or 0
 * @fds: gets two descriptors, close-on-exec; the shared data are zeros
 *
 * Return: 0; -ENOEXEC if the file is no valid image, or the errno of a system call.
 */
int vdsox_module_publish(const char *path, unsigned int flags,
			 struct vdsox_module_fds *fds) VDSOX_MODULE_NOTHROW;

/**
 * vdsox_module_protect() - let no process map the shared data writable from now on
 * @fds: a module that was published with VDSOX_MODULE_PUBLISHER_WRITES
 *
 * Processes that have attached it before keep write permission.
 *
 * Return: 0, or the errno of fcntl().
 */
int vdsox_module_protect(struct vdsox_module_fds fds) VDSOX_MODULE_NOTHROW;

/**
 * vdsox_module_attach() - map a module into this process
 * @wanted: what the program expects
 * @fds: the module; the descriptors may be closed afterwards
 * @flags: VDSOX_MODULE_READ_ONLY, VDSOX_MODULE_SEAL
 * @module: gets the attached module
 * @functions: gets the addresses of @wanted->functions
 *
 * Nothing is mapped before seals and image are verified.
 *
 * Return: 0; -EPERM if a descriptor lacks a seal; -ENOEXEC if the image is not valid;
 * -EPROTO if it is another module or version than wanted; or the errno of a system call.
 */
int vdsox_module_attach(const struct vdsox_module_interface *wanted, struct vdsox_module_fds fds,
			unsigned int flags, struct vdsox_module **module,
			void **functions) VDSOX_MODULE_NOTHROW;

/* Unmaps a module; NULL is allowed. No thread may be in one of its functions. */
void vdsox_module_detach(struct vdsox_module *module) VDSOX_MODULE_NOTHROW;

/* The structure with the process's functions, in the module's private data. */
void *vdsox_module_callbacks(struct vdsox_module *module) VDSOX_MODULE_NOTHROW;

/* Closes both descriptors and sets them to -1. */
void vdsox_module_close(struct vdsox_module_fds *fds) VDSOX_MODULE_NOTHROW;

/**
 * vdsox_module_send(), vdsox_module_receive() - pass a module through a Unix socket
 * @socket: of type SOCK_STREAM or SOCK_SEQPACKET
 * @fds: the module; receive sets it, close-on-exec
 *
 * Return: 0; -EPROTO if something else or nothing was received; or an errno.
 */
int vdsox_module_send(int socket, struct vdsox_module_fds fds) VDSOX_MODULE_NOTHROW;
int vdsox_module_receive(int socket, struct vdsox_module_fds *fds) VDSOX_MODULE_NOTHROW;

/**
 * vdsox_module_to_environment(), vdsox_module_from_environment() - pass a module to the
 * programs that this process executes
 * @name: the module's name; the variable is VDSOX_MODULE_<name>
 * @fds: the module. The first clears close-on-exec; the second sets it again and removes the
 *	variable
 *
 * Return: 0; -ENOENT if there is no such variable, or the program has more rights than its
 * caller; -EPROTO if it has no two numbers of sealed memory files; or an errno. The
 * environment is not locked: see setenv(3).
 */
int vdsox_module_to_environment(const char *name, struct vdsox_module_fds fds) VDSOX_MODULE_NOTHROW;
int vdsox_module_from_environment(const char *name,
				  struct vdsox_module_fds *fds) VDSOX_MODULE_NOTHROW;

/* Why the last call of this thread failed; "" if none has. Valid until its next call. */
const char *vdsox_module_error(void) VDSOX_MODULE_NOTHROW;

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* VDSOX_MODULE_H */
