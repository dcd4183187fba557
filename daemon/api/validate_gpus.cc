// SPDX-License-Identifier: Apache-2.0
#include "api/validate_gpus.h"

#include <string>

#include "api/limits.h"
#include "pool/gpus.h"

namespace offstage::api {

Status validate_gpus(const v1::JobSpec& spec, const Where& where) {
  const v1::Environment& environment = spec.environment();
  const unsigned gpus = spec.resources().gpus();
  if (gpus > kGpus) {
    return bad_field(where, "resources.gpus", "BAD_GPUS", "the job asks for " + std::to_string(gpus) + " GPUs, and at most 64 are allowed", "ask for fewer");
  }
  if (!v1::Compute_IsValid(environment.compute())) {
    return bad_field(where, "environment.compute", "BAD_COMPUTE", "there is no compute backend number " + std::to_string(environment.compute()),
                     "use NONE, CUDA, OPTIX, HIP, ONEAPI or METAL");
  }
  if (gpus == 0 && environment.compute() > v1::COMPUTE_NONE) {
    return bad_field(where, "environment.compute", "BAD_COMPUTE",
                     v1::Compute_Name(environment.compute()).substr(8) + " is asked for, and no GPU: all of them are hidden from this job",
                     "ask for GPUs with it (resources.gpus, --gpus)");
  }
  if (gpus > 0 && environment.isolation() == v1::ISOLATION_FORK) {
    return bad_field(where, "environment.isolation", "BAD_ISOLATION", "a job with GPUs has a Blender that is started for it, and cannot be forked",
                     "use AUTO or PROCESS");
  }
  for (const auto& [name, value] : environment.variables()) {
    if (!pool::decides_visible_gpus(name)) continue;
    return bad_field(where, "environment.variables", "RESERVED_VARIABLE", "the variable " + name + " may not be set: the daemon decides which GPUs a job sees",
                     "ask for GPUs (resources.gpus, --gpus)");
  }
  return Done{};
}

}  // namespace offstage::api
