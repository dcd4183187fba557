// SPDX-License-Identifier: Apache-2.0
#include "api/bundle_stream.h"

#include <algorithm>

#include "api/bundle.h"
#include "api/job_view.h"
#include "api/names.h"

namespace offstage::api {
namespace {

constexpr std::size_t kChunkBytes = 64 << 10;

}  // namespace

BundleStream::Step BundleStream::step(v1::ReadBundleResponse& response) {
  if (bytes_.empty()) {
    if (const auto packed = pack(); !packed) return end_with(packed.error());
  }
  if (sent_ == bytes_.size()) return Step::end;
  const std::size_t size = std::min(kChunkBytes, bytes_.size() - sent_);
  response.set_file_name(file_name_);
  response.set_data(bytes_.substr(sent_, size));
  sent_ += size;
  return Step::write;
}

Status BundleStream::pack() {
  const auto name = parse_job_or_attempt_name(request_.name(), "name");
  if (!name) return name.error();
  const auto attempt = named_attempt(context_, *name);
  if (!attempt) return attempt.error();
  const auto job = context_.reader().job(name->job);
  if (!job) return unknown_job(job_name(name->job));
  const Bundle bundle = make_bundle(context_, *job, *attempt);
  file_name_ = bundle.name + ".tar.gz";
  bytes_ = tar_gz(bundle.files, bundle.time);
  return Done{};
}

}  // namespace offstage::api
