// SPDX-License-Identifier: Apache-2.0
#include "app/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstring>

#include "base/unique_fd.h"

namespace offstage::app {

void notify(const Environment& environment, std::string_view state) {
  const auto path = environment("NOTIFY_SOCKET");
  sockaddr_un address{};
  if (!path || path->empty() || path->size() >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path->data(), path->size());
  if (path->front() == '@') address.sun_path[0] = '\0';
  const UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path->size());
  ::sendto(fd.get(), state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT, reinterpret_cast<const sockaddr*>(&address), size);
}

std::optional<Micros> watchdog_interval(const Environment& environment) {
  const auto usec = environment("WATCHDOG_USEC"), pid = environment("WATCHDOG_PID");
  if (!usec || (pid && *pid != std::to_string(::getpid()))) return std::nullopt;
  std::int64_t count = 0;
  if (std::from_chars(usec->data(), usec->data() + usec->size(), count).ec != std::errc{} || count <= 0) return std::nullopt;
  return Micros(count / 2);
}

}  // namespace offstage::app
