// SPDX-License-Identifier: Apache-2.0
//
// What the daemon says of itself by GetServer; given by the composition root, constant afterwards.
//
// Thread: plain data.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "api/limits.h"
#include "base/time.h"

namespace offstage::api {

struct ServerInfo {
  std::string version;
  std::string state_dir;
  std::string log_file;  ///< empty: the journal or standard error
  std::string instance;  ///< random, new with each start of the process
  std::vector<std::string> features;
  std::map<std::string, std::string> enforcement;
  std::vector<std::string> warnings;
  std::int64_t queue_length = 0;                        ///< of SchedulerOptions
  Micros retention{0};                                  ///< ended jobs are kept so long; 0: for ever
  std::int64_t retention_bytes = 0, attempt_bytes = 0;  ///< 0: no limit
  std::size_t connections = kConnections, streams = kStreams;
  unsigned slots = 1;  ///< at start; UpdateNode changes them
  Now start = Now::read();
};

/// kConnections, or half of the descriptors that this process may have. (acceptor.cc)
std::size_t connection_limit();

}  // namespace offstage::api
