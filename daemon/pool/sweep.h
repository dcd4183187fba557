// SPDX-License-Identifier: Apache-2.0
//
// The rule of the shim, one level up: a child of the daemon that nobody knows is a stray of a dead attempt. Kill, repeat until none.
//
// Thread: the core strand.
#pragma once

#include <asio/awaitable.hpp>
#include <functional>

#include "pool/context.h"

namespace offstage::pool {

/// How many were killed. Gives up after 5 s (a process in an uninterruptible sleep).
asio::awaitable<unsigned> sweep(Context& context, std::function<bool(pid_t)> known);

}  // namespace offstage::pool
