/* SPDX-License-Identifier: MIT */
#ifndef VDSOX_RESOLVE_H
#define VDSOX_RESOLVE_H

#include <atomic>

namespace vdsox
{

using Function = void (*)();

/*
 * The function that answers, also kept in @cache; when the process is too young to be
 * asked, @system_call, and @cache stays empty. @reads_vvar: the function would fault
 * without [vvar].
 *
 * All by value: a constant structure of addresses would have to be relocated first.
 */
Function resolve(std::atomic<Function> &cache, const char *symbol, const char *version,
		 bool reads_vvar, Function system_call);

} // namespace vdsox

#endif
