// SPDX-License-Identifier: Apache-2.0
#include "api/request_id.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <cctype>

#include "api/text.h"
#include "base/sha256.h"

namespace offstage::api {
namespace {

std::array<std::uint8_t, 16> digest128(std::string_view bytes) {
  const Sha256 whole = Sha256::of(bytes);
  std::array<std::uint8_t, 16> half{};
  std::copy_n(whole.bytes.begin(), half.size(), half.begin());
  return half;
}

}  // namespace

Result<std::string> canonical_request_id(std::string_view request_id) {
  if (request_id.empty()) return std::string();
  std::string out(request_id);
  bool good = out.size() == 36;
  for (std::size_t i = 0; good && i < out.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    out[i] = static_cast<char>(std::tolower(static_cast<unsigned char>(out[i])));
    good = dash ? out[i] == '-' : std::isxdigit(static_cast<unsigned char>(out[i])) != 0;
  }
  if (good) return out;
  return Error{Code::invalid_argument, "BAD_REQUEST_ID", "request id " + in_quotes(request_id) + " is not a UUID",
               "give a random UUID, such as uuidgen(1) prints, or none", "request_id"};
}

JobId job_id(const std::string& request_id, std::uint32_t index) {
  if (request_id.empty()) return JobId::random();
  std::string text("offstage.v1 job\0", 16);
  text += request_id;
  for (int shift = 0; shift < 32; shift += 8) text += static_cast<char>(index >> shift & 0xFF);
  return JobId{digest128(text)};
}

std::array<std::uint8_t, 16> body_hash(const google::protobuf::MessageLite& body) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);  // maps in the order of their keys
    body.SerializeToCodedStream(&coded);
  }
  return digest128(bytes);
}

}  // namespace offstage::api
