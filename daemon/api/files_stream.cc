// SPDX-License-Identifier: Apache-2.0
#include "api/files_stream.h"

#include "api/convert.h"
#include "pool/manifest.h"

namespace offstage::api {

Status FilesStream::take(const store::AttemptRow& attempt) {
  manifest_ = LogFile(context_.pool.folder(attempt.id) / "files");
  buffer_.clear();
  return Done{};
}

bool FilesStream::read(v1::WatchFilesResponse& response) {
  for (;;) {
    const std::size_t end = buffer_.find('\n');
    if (end == std::string::npos) {
      auto chunk = manifest_.read(offset_ + static_cast<std::int64_t>(buffer_.size()));
      if (chunk.data.empty()) return false;
      buffer_ += chunk.data;
      continue;
    }
    const auto line = pool::parse_manifest_line(std::string_view(buffer_).substr(0, end));
    offset_ += static_cast<std::int64_t>(end) + 1;
    buffer_.erase(0, end + 1);
    if (!line) continue;
    response.set_attempt(attempt_name_of_now());
    response.set_next_offset(offset_);
    if (line->removed) {
      response.set_removed(line->file.name);
    } else {
      to_file(line->file, *response.mutable_file());
    }
    return true;
  }
}

}  // namespace offstage::api
