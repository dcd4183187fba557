// SPDX-License-Identifier: Apache-2.0
#include "api/grpc_log.h"

#include <grpc/support/log.h>
#include <spdlog/spdlog.h>

namespace offstage::api {

void log_grpc_by_spdlog() {
  gpr_set_log_function([](gpr_log_func_args* args) {
    const auto level = args->severity == GPR_LOG_SEVERITY_ERROR ? spdlog::level::warn : spdlog::level::debug;  // what is fatal we say ourselves
    spdlog::log(level, "grpc: {}", args->message);
  });
}

}  // namespace offstage::api
