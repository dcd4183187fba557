// SPDX-License-Identifier: Apache-2.0
//
// Stays with a job until its end: its log on stderr, a progress bar on a terminal, Ctrl-C.
//
// The first Ctrl-C cancels the job and goes on waiting, the second leaves at once and says the job's id.
#pragma once

#include <mutex>
#include <string>

#include <offstage/client.h>

#include "cli/interrupts.h"
#include "cli/terminal.h"

namespace offstage::cli {

/// The bottom line of a terminal: text above it scrolls, the bar is drawn again. Without a terminal there is no bar, and text passes unchanged.
class StatusLine {
 public:
  explicit StatusLine(int fd);
  void text(std::string_view bytes);  ///< of the script: any bytes, any cut
  void progress(double fraction, std::string_view message);
  void finish();  ///< takes the bar away

 private:
  void draw();
  void erase();
  const Terminal terminal_;
  std::mutex mutex_;
  Escaper escaper_;
  std::string bar_;  // as it is drawn now, or empty
  bool drawn_ = false;
  bool at_line_start_ = true;
};

/// "[#####     ]  50% message", `width` columns at most.
std::string progress_bar(double fraction, std::string_view message, std::size_t width);

class Follower {
 public:
  explicit Follower(Client client);

  /// Ctrl-C before the job exists leaves at once.
  Result<Job> follow(const std::string& name, const std::string& id);
  /// The end of the log that was shown.
  const std::string& log_tail() const { return log_tail_; }

 private:
  void on_signal(int count);

  Client client_;
  StatusLine line_;
  std::mutex mutex_;
  std::string name_, id_;
  std::string log_tail_;
  Interrupts interrupts_;  // last: its thread uses the others
};

}  // namespace offstage::cli
