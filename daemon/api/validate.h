// SPDX-License-Identifier: Apache-2.0
//
// All that a spec can have wrong by itself, without a look at the machine: sizes, names, durations, JSON. INVALID_ARGUMENT with the field's path.
//
// What needs the machine (files, Blenders, slots) is resolve.h's.
//
// Thread: any; pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "offstage/v1/job.pb.h"

namespace offstage::api {

/// Where a spec stands in its request; paths are only built for errors.
struct Where {
  int index = -1;  ///< in a batch, or -1
  std::string path(std::string_view field) const;
};

/// An error about one field.
Error bad_field(const Where& where, std::string_view field, std::string reason, std::string message, std::string hint);

Status validate(const v1::JobSpec& spec, const Where& where);
Status validate_labels(const google::protobuf::Map<std::string, std::string>& labels, const Where& where, std::string_view field);
Status validate_path(const std::string& path, std::string_view what, const Where& where, std::string_view field);
Status validate_priority(int priority, const Where& where, std::string_view field);

/// Of a checked spec. Unset durations are zero, but for the cancel grace.
Micros to_micros(const google::protobuf::Duration& duration);

/// Read by Blender at start, before any script could set it: such a job needs a Blender that was started with it.
bool read_at_start(std::string_view variable);

}  // namespace offstage::api
