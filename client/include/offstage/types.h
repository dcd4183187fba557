// SPDX-License-Identifier: Apache-2.0
//
// All value types of the library.
#pragma once

#include <offstage/enums.h>     // IWYU pragma: export
#include <offstage/job.h>       // IWYU pragma: export
#include <offstage/job_spec.h>  // IWYU pragma: export
#include <offstage/server.h>    // IWYU pragma: export
