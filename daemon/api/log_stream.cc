// SPDX-License-Identifier: Apache-2.0
#include "api/log_stream.h"

namespace offstage::api {

Status LogStream::take(const store::AttemptRow& attempt) {
  file_ = LogFile(context_.pool.folder(attempt.id) / "log");
  const std::int64_t size = file_.size();
  if (offset_ <= size || !core::ended(attempt.state)) return Done{};
  return Error{Code::out_of_range,
               "LOG_OFFSET",
               "the log has " + std::to_string(size) + " bytes, and offset " + std::to_string(offset_) + " is beyond them",
               "read from end_offset or below",
               "offset",
               {{"first_offset", "0"}, {"end_offset", std::to_string(size)}}};
}

bool LogStream::read(v1::ReadLogResponse& response) {
  auto chunk = file_.read(offset_);
  if (chunk.end()) return false;
  response.set_attempt(attempt_name_of_now());
  response.set_offset(offset_);
  offset_ += chunk.dropped + static_cast<std::int64_t>(chunk.data.size());
  response.set_dropped(chunk.dropped);
  response.set_data(std::move(chunk.data));
  return true;
}

}  // namespace offstage::api
