// SPDX-License-Identifier: Apache-2.0
#include "pool/gpus.h"

#include <algorithm>
#include <array>

namespace offstage::pool {
namespace {

/// `numbers`: 0,1,… of what is left once a filter below has been applied.
Variables variables(const std::string& ids, const std::string& numbers, const std::string& oneapi) {
  return {{"CUDA_DEVICE_ORDER", "PCI_BUS_ID"},  // as /dev/nvidia0 and nvidia-smi count
          {"CUDA_VISIBLE_DEVICES", ids},       {"ROCR_VISIBLE_DEVICES", ids},     {"HIP_VISIBLE_DEVICES", numbers},
          {"ZE_AFFINITY_MASK", ids},           {"ONEAPI_DEVICE_SELECTOR", oneapi}};
}

}  // namespace

Variables hidden_gpus() {
  Variables out = variables("-1", "-1", "!*:*");
  std::find_if(out.begin(), out.end(), [](const auto& entry) { return entry.first == "ZE_AFFINITY_MASK"; })->second = "65535";  // it knows no -1
  return out;
}

Variables visible_gpus(const core::Gpus& ids) {
  std::string names, numbers;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    names += (i > 0 ? "," : "") + ids[i];
    numbers += (i > 0 ? "," : "") + std::to_string(i);
  }
  return variables(names, numbers, "level_zero:*");  // what Cycles would choose by itself
}

bool decides_visible_gpus(std::string_view variable) {
  static constexpr std::array<std::string_view, 4> kOthers{"GPU_DEVICE_ORDINAL", "SYCL_DEVICE_FILTER", "SYCL_DEVICE_ALLOWLIST", "NVIDIA_VISIBLE_DEVICES"};
  const Variables ours = hidden_gpus();
  return std::find(kOthers.begin(), kOthers.end(), variable) != kOthers.end() ||
         std::any_of(ours.begin(), ours.end(), [&](const auto& entry) { return entry.first == variable; });
}

}  // namespace offstage::pool
