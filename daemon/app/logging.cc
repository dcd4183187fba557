// SPDX-License-Identifier: Apache-2.0
#include "app/logging.h"

#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

namespace offstage::app {
namespace {

/// systemd names the journal's socket by device and inode, for this question.
bool stderr_is_journal(const Environment& environment) {
  const auto stream = environment("JOURNAL_STREAM");
  struct stat found {};
  return stream && ::fstat(STDERR_FILENO, &found) == 0 && *stream == std::to_string(found.st_dev) + ":" + std::to_string(found.st_ino);
}

}  // namespace

Status start_logging(const Options& options, const Environment& environment) {
  std::shared_ptr<spdlog::logger> logger;
  bool stamp = true;
  try {
    if (options.log_file.empty()) {
      logger = std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::stderr_sink_mt>());
      stamp = !stderr_is_journal(environment);
    } else {
      logger = std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::rotating_file_sink_mt>(options.log_file.string(), 10 << 20, 2));
    }
  } catch (const spdlog::spdlog_ex& error) {
    return Error{.code = Code::failed_precondition,
                 .reason = "LOG_FILE_UNUSABLE",
                 .message = std::string("the log file cannot be opened: ") + error.what(),
                 .hint = "name another with log_file",
                 .fields = {{"file", options.log_file.string()}}};
  }
  logger->set_level(spdlog::level::from_str(options.log_level));
  logger->set_pattern(stamp ? "%Y-%m-%dT%H:%M:%S.%e%z %l %v" : "%l %v");
  logger->flush_on(spdlog::level::info);  // a line that a kill -9 loses is the one that was needed
  spdlog::set_default_logger(std::move(logger));
  return Done{};
}

}  // namespace offstage::app
