// SPDX-License-Identifier: Apache-2.0
//
// What all commands share: which daemon, whether JSON is wanted, what stood after "--".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <offstage/client.h>

#include "cli/options.h"

namespace offstage::cli {

struct Context {
  std::string address;                   // --address
  std::string token_file;                // --token-file
  std::string certificate_file;          // --tls-cert
  bool json = false;                     // --json
  std::vector<std::string> script_args;  // after "--"
  std::string program;                   // the path of this executable
  mutable std::optional<Client> client;  // that connect() gave last: lives as long as the program, for to close it takes milliseconds

  /// The user's own daemon, not one that was named: the one that `run` may start.
  bool own_daemon() const;
  /// The path of the Unix socket, or empty for TCP.
  std::string socket_path() const;
  /// Errors as offstage::connect(), and for files that cannot be read.
  Result<Client> connect() const;
  /// As connect(); starts the user's daemon if none runs, and says so.
  Result<Client> connect_or_start() const;
};

}  // namespace offstage::cli
