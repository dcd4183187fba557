// SPDX-License-Identifier: Apache-2.0
//
// Specs and errors, as the tests of the API need them.
#pragma once

#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <grpcpp/support/status.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>

#include "offstage/v1/job.pb.h"

namespace offstage::api {

inline v1::JobSpec script_spec(const std::string& text = "pass\n") {
  v1::JobSpec spec;
  spec.mutable_script()->set_text(text);
  return spec;
}

/// The detail of one kind that a refused call carries.
template <class Detail>
std::optional<Detail> detail_of(const grpc::Status& status) {
  google::rpc::Status parts;
  if (!parts.ParseFromString(status.error_details())) return std::nullopt;
  for (const auto& any : parts.details()) {
    Detail detail;
    if (any.UnpackTo(&detail)) return detail;
  }
  return std::nullopt;
}

inline std::string reason_of(const grpc::Status& status) {
  const auto info = detail_of<google::rpc::ErrorInfo>(status);
  return info ? info->reason() : status.ok() ? "OK" : "no details: " + status.error_message();
}

class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "offstage-api-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp " + name);
    path_ = name;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path_ / name, std::ios::binary) << bytes;
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace offstage::api
