// SPDX-License-Identifier: Apache-2.0
#include "app/version.h"

namespace offstage::app {

const char* const version = OFFSTAGE_VERSION;

}  // namespace offstage::app
