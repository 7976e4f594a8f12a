/* SPDX-License-Identifier: MIT */
#ifndef VDSOX_MODULE_RUNTIME_H
#define VDSOX_MODULE_RUNTIME_H

#include <fcntl.h>

#include <string>
#include <string_view>

#include "check.h"

namespace modules
{

/* Newer than some C libraries. */
constexpr unsigned int mfd_noexec_seal = 8;

constexpr int image_seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
constexpr int shared_seals = F_SEAL_SHRINK | F_SEAL_GROW;

/* The whole content of a regular file. Throws Failure. */
std::string read_descriptor(int fd);

/* An image; throws Failure with its first fault. It refers to @bytes. */
Image read_valid(const std::string &name, std::string_view bytes);

} // namespace modules

#endif
