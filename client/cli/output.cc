// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "cli/exit_codes.h"

namespace offstage::cli {

bool Output::write(std::string_view bytes) {
  while (!bytes.empty() && !gone_) {
    const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {  // somebody made the descriptor non-blocking
      pollfd ready{.fd = fd_, .events = POLLOUT, .revents = 0};
      ::poll(&ready, 1, -1);
    } else if (errno == EPIPE || fd_ == STDERR_FILENO) {
      gone_ = true;
    } else if (errno != EINTR) {
      const std::string message = std::string("error: cannot write to standard output: ") + std::strerror(errno) + "\n";
      err().write(message);
      ::_exit(failed);
    }
  }
  return !gone_;
}

Output& out() {
  static Output output(STDOUT_FILENO);
  return output;
}

Output& err() {
  static Output output(STDERR_FILENO);
  return output;
}

}  // namespace offstage::cli
