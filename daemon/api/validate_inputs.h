// SPDX-License-Identifier: Apache-2.0
//
// What a job is given: its inputs' names, and a scene by value. Checked, and then as the store takes it.
//
// Thread: any; pure functions.
#pragma once

#include <vector>

#include "api/validate.h"
#include "store/inputs.h"

namespace offstage::api {

/// BAD_INPUT_NAME, BAD_INPUT, TOO_MANY_INPUTS, BAD_PATH, BAD_BLOB.
Status validate_inputs(const v1::JobSpec& spec, const Where& where);
/// BAD_SCENE, BAD_PATH, BAD_BLOB.
Status validate_scene(const v1::Scene& scene, const Where& where);

/// Of a checked spec: what lies beside the job, its scene included.
std::vector<store::InputSource> input_sources(const v1::JobSpec& spec, const Where& where);

}  // namespace offstage::api
