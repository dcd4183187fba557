// SPDX-License-Identifier: Apache-2.0
//
// The version of this build, from CMake's project().
#pragma once

namespace offstage::app {

extern const char* const version;

}  // namespace offstage::app
