// SPDX-License-Identifier: Apache-2.0
//
// What all copies of a client share.
#pragma once

#include <offstage/client.h>

#include "retry.h"

namespace offstage::inline client {

struct Client::Shared : Link {};

}  // namespace offstage::inline client
