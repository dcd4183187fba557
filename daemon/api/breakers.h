// SPDX-License-Identifier: Apache-2.0
//
// Breakers that are not closed (core/breaker.h), as the API shows them.
//
// Thread: tripped() on the core strand; the others any.
#pragma once

#include <string>
#include <vector>

#include "api/context.h"
#include "offstage/v1/blender_service.pb.h"

namespace offstage::api {

struct Tripped {
  std::vector<core::Supply::Tripped> all;
  Now now;
};

Tripped tripped(const Context& context);
/// Those of the Blender called `name`.
void add_breakers(const Tripped& tripped, const std::string& name, v1::Blender& out);
/// One line for people.
std::string warning(const core::Supply::Tripped& breaker, Now now);

}  // namespace offstage::api
