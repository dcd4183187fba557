// SPDX-License-Identifier: Apache-2.0
#include "cli/interrupts.h"

#include <signal.h>

#include <ctime>

namespace offstage::cli {

namespace {

sigset_t interrupting() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  return signals;
}

}  // namespace

void Interrupts::hold() {
  const sigset_t signals = interrupting();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

Interrupts::Interrupts(std::function<void(int)> on_signal) {
  hold();
  thread_ = std::jthread([on_signal = std::move(on_signal)](const std::stop_token& stop) {
    // SIGUSR1 wakes the thread for its end.
    sigset_t all = interrupting();
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
