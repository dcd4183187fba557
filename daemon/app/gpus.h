// SPDX-License-Identifier: Apache-2.0
//
// The GPUs of this machine that the daemon may hand out: those that it was told, otherwise those that it finds.
//
// Thread: start-up.
#pragma once

#include <filesystem>

#include "app/options.h"
#include "core/model.h"

namespace offstage::app {

/// `option`: "0,1", "none", or empty. Then CUDA_VISIBLE_DEVICES counts (a batch system has given us these), then `devices`/nvidia0 …, then
/// `devices`/dri/renderD128 …. Errors: CONFIG_VALUE.
Result<core::Gpus> gpus_of(const std::string& option, const Environment& environment, const std::filesystem::path& devices = "/dev");

}  // namespace offstage::app
