// SPDX-License-Identifier: Apache-2.0
#include "api/file_stream.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "api/convert.h"
#include "api/job_view.h"
#include "api/limits.h"
#include "api/names.h"
#include "api/text.h"
#include "base/faults.h"

namespace offstage::api {
namespace {

Error bad(const char* reason, const char* field, const std::string& message) {
  return {Code::invalid_argument, reason, message, "offset and limit count bytes from 0; limit 0 reads to the end", field};
}

Error changed(const pool::ResultFile& file, const std::string& what) {
  return {Code::data_loss,
          "FILE_CHANGED",
          "the file " + file.name + " " + what,
          "somebody has changed it since, or the disk has lost it; `offstage retry` makes it again",
          "",
          {{"name", file.name}, {"sha256", file.sha256}}};
}

}  // namespace

FileStream::Step FileStream::step(v1::ReadFileResponse& response) {
  const bool first = !fd_;
  if (ended_) return Step::end;
  if (first) {
    if (const auto opened = open(); !opened) return end_with(opened.error());
    to_file(file_, *response.mutable_file());
  }
  std::string& data = *response.mutable_data();
  data.resize(static_cast<std::size_t>(std::min<std::int64_t>(end_ - offset_, kFileChunkBytes)));
  for (std::size_t got = 0; got < data.size();) {
    const ssize_t n = ::pread(fd_.get(), data.data() + got, data.size() - got, offset_ + static_cast<std::int64_t>(got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return end_with(changed(file_, std::string("cannot be read: ") + std::strerror(errno)));
    if (n == 0) return end_with(changed(file_, "has become shorter since the job listed it"));
    got += static_cast<std::size_t>(n);
  }
  offset_ += static_cast<std::int64_t>(data.size());
  ended_ = offset_ == end_;
  if (as_listed_ && ended_ && !pool::looks_as_listed(fd_.get(), file_)) return end_with(changed(file_, "was changed while it was read"));
  if (hasher_) hasher_->add(data);
  if (hasher_ && ended_ && hasher_->digest().hex() != file_.sha256) return end_with(changed(file_, "is not what the job listed: its hash differs"));
  crash_point("api.file_chunk");
  return Step::write;
}

Status FileStream::open() {
  const auto name = parse_job_or_attempt_name(request_.name(), "name");
  if (!name) return name.error();
  if (request_.offset() < 0) return bad("BAD_OFFSET", "offset", "the offset is negative");
  if (request_.limit() < 0) return bad("BAD_LIMIT", "limit", "the limit is negative");
  const auto attempt = named_attempt(context_, *name);
  if (!attempt) return attempt.error();
  const auto unknown = [&] {
    return Error{
        Code::not_found, "FILE_NOT_FOUND",           "the job has no result file " + in_quotes(request_.file()), "`offstage files` lists those that it has",
        "file",          {{"name", request_.file()}}};
  };
  if (!*attempt) return unknown();
  const auto folder = context_.pool.folder((*attempt)->id);
  const auto manifest = context_.manifests.get((*attempt)->id, folder);
  if (!manifest) return manifest.error();
  const pool::ResultFile* file = (*manifest)->find(request_.file());
  if (file == nullptr) return unknown();
  file_ = *file;
  auto fd = pool::OutFolder(folder).open(file_);
  if (!fd) return fd.error();
  fd_ = std::move(*fd);
  if (request_.offset() > file_.size) {
    return Error{
        Code::out_of_range,
        "FILE_OFFSET",
        "the file " + file_.name + " has " + std::to_string(file_.size) + " bytes, and offset " + std::to_string(request_.offset()) + " is beyond them",
        "read from its size or below",
        "offset",
        {{"size", std::to_string(file_.size)}}};
  }
  offset_ = request_.offset();
  end_ = request_.limit() > 0 ? std::min(file_.size, offset_ + std::min(request_.limit(), file_.size)) : file_.size;
  as_listed_ = pool::looks_as_listed(fd_.get(), file_);
  if (!as_listed_ && offset_ == 0 && end_ == file_.size) hasher_.emplace();
  ::posix_fadvise(fd_.get(), offset_, end_ - offset_, POSIX_FADV_SEQUENTIAL);
  return Done{};
}

}  // namespace offstage::api
