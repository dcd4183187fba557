// SPDX-License-Identifier: Apache-2.0
#include "cli/interrupts.h"

#include <signal.h>

#include <ctime>

namespace offstage::cli {

Interrupts::Interrupts(std::function<void(int)> on_signal) {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  thread_ = std::jthread([signals, on_signal = std::move(on_signal)](const std::stop_token& stop) {
    // SIGUSR1 wakes the thread for its end.
    sigset_t all = signals;
    ::sigaddset(&all, SIGUSR1);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    const pthread_t self = ::pthread_self();
    const std::stop_callback wake(stop, [self] { ::pthread_kill(self, SIGUSR1); });
    for (int count = 0; !stop.stop_requested();) {
      int signal = 0;
      if (::sigwait(&all, &signal) == 0 && signal != SIGUSR1) on_signal(++count);
    }
  });
}

}  // namespace offstage::cli
