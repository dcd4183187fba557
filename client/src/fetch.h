// SPDX-License-Identifier: Apache-2.0
//
// Brings result files into a folder, one after the other. What it promises: <offstage/fetch.h>.
//
// Thread: one.
#pragma once

#include <optional>

#include "unique_fd.h"

#include <offstage/client.h>

namespace offstage::inline client {

class Fetcher {
 public:
  Fetcher(const Client& client, bool local, const FetchOptions& options, std::stop_token stop)
      : client_(client), local_(local), options_(options), stop_(std::move(stop)) {}

  Result<std::vector<FetchedFile>> run(const std::string& name);

 private:
  /// All of those that are asked for; errors: not_found NO_SUCH_FILES.
  Result<std::vector<ResultFile>> select(const std::string& name);
  /// Looks at what is there, before anything is written.
  Status compare(const std::vector<ResultFile>& files);
  Status bring(FetchedFile& one);
  /// nullopt: the file cannot be had that way.
  std::optional<Status> bring_from_here(const FetchedFile& one, const std::string& part, int to);
  Status bring_from_afar(const FetchedFile& one, int to);
  Status stream_rest(const FetchedFile& one, int to, std::int64_t from, std::string& sha256);
  void progressed(std::int64_t bytes);

  const Client& client_;
  const bool local_;
  const FetchOptions& options_;
  const std::stop_token stop_;
  std::string attempt_, out_dir_;
  FetchProgress progress_;
  std::vector<FetchedFile> fetched_;
};

}  // namespace offstage::inline client
