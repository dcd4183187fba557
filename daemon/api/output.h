// SPDX-License-Identifier: Apache-2.0
//
// A folder that results are to be delivered to: can it be written to, as far as that can be known now?
//
// Thread: any but the core strand: a filesystem may take long to answer.
#pragma once

#include <string>

#include "base/result.h"

namespace offstage::api {

/// `folder` is absolute. Nothing is left there. Errors: OUTPUT_NOT_WRITABLE.
Status check_output(const std::string& folder);

}  // namespace offstage::api
