// SPDX-License-Identifier: Apache-2.0
//
// A repeated submit must find the job it made: the job's id follows from the request id, so the primary key is the whole index. The hash of the body, as it was
// sent, tells a repetition from another request under the same id.
//
// Thread: any; pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"

#include <google/protobuf/message_lite.h>

namespace offstage::api {

/// Lower case, or an error if it is no UUID. Empty stays empty.
Result<std::string> canonical_request_id(std::string_view request_id);

/// First 128 bits of SHA-256 over "offstage.v1 job\0", the canonical request id, and the index in its batch; random without a request id.
JobId job_id(const std::string& request_id, std::uint32_t index);

/// First 128 bits of SHA-256 over the deterministic serialization.
std::array<std::uint8_t, 16> body_hash(const google::protobuf::MessageLite& body);

}  // namespace offstage::api
