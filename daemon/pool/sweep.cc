// SPDX-License-Identifier: Apache-2.0
#include "pool/sweep.h"

#include <signal.h>
#include <spdlog/spdlog.h>

#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <set>

#include "pool/procs.h"

namespace offstage::pool {

asio::awaitable<unsigned> sweep(Context& context, std::function<bool(pid_t)> known) {
  std::set<pid_t> killed;
  for (int round = 0; round < 1000; ++round) {
    const auto strays = context.children.strays(known);
    if (strays.empty()) break;
    for (const pid_t pid : strays) {  // children, not reaped: the number is theirs
      const UniqueFd fd = open_process(pid);
      const auto stat = stat_of(pid);
      if (stat && stat->state != 'Z' && send_signal(fd, SIGKILL) && killed.insert(pid).second) spdlog::info("stray process {} killed", pid);
      reap(fd);
    }
    if (context.children.strays(known).empty()) break;
    asio::steady_timer pause(context.io, std::chrono::milliseconds(5));
    co_await pause.async_wait(asio::use_awaitable);
  }
  co_return static_cast<unsigned>(killed.size());
}

}  // namespace offstage::pool
