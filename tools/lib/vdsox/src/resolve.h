/* SPDX-License-Identifier: MIT */
#ifndef VDSOX_RESOLVE_H
#define VDSOX_RESOLVE_H

#include <atomic>

namespace vdsox
{

using Function = void (*)();

/*
 * Returns the vDSO's function, or @system_call if there is none, and stores it in @cache.
 * Before the auxiliary vector can be read, returns @system_call and leaves @cache empty.
 * @reads_vvar: the function faults if [vvar] is not mapped.
 *
 * All arguments are values: a constant structure of addresses would need relocations.
 */
Function resolve(std::atomic<Function> &cache, const char *symbol, const char *version,
		 bool reads_vvar, Function system_call);

} // namespace vdsox

#endif
