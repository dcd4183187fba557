// SPDX-License-Identifier: Apache-2.0
#include "cli/ids.h"

namespace offstage::cli {
namespace {

constexpr std::size_t full = 32;
constexpr int candidates_shown = 10;

Error not_one_job(const std::string& text, std::string message, std::string hint = "`offstage list` shows the jobs") {
  return {.code = Code::not_found, .reason = "JOB_NOT_FOUND", .message = std::move(message), .hint = std::move(hint), .fields = {{"id", text.substr(0, 100)}}};
}

}  // namespace

std::optional<std::string> id_digits(const std::string& text) {
  std::string digits = text.starts_with("jobs/") ? text.substr(5) : text;
  if (digits.empty() || digits.size() > full) return std::nullopt;
  for (char& c : digits) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c + 32);
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return std::nullopt;
  }
  return digits;
}

Result<std::string> job_name(const Client& client, const std::string& text) {
  const auto digits = id_digits(text);
  if (!digits) return not_one_job(text, "this is no job id", "an id is 32 hexadecimal digits, or the first few of them; `offstage list` shows the jobs");
  if (digits->size() == full) return "jobs/" + *digits;
  auto page = client.list({.filter = "uid = \"" + *digits + "*\"", .page_size = candidates_shown + 1});
  if (!page) return page.error();
  if (page->jobs.empty()) return not_one_job(text, "no job's id begins so");
  if (page->jobs.size() == 1) return page->jobs.front().name;
  Error error = not_one_job(text, "more than one job's id begins so", "write a few digits more");
  for (std::size_t i = 0; i < page->jobs.size() && i < candidates_shown; ++i) {
    const Job& job = page->jobs[i];
    error.fields.emplace_back("or", job.id + "  " + std::string(name_of(job.state)) + "  " + job.spec.display_name);
  }
  if (page->jobs.size() > candidates_shown) error.fields.emplace_back("or", "…");
  return error;
}

Result<std::string> attempt_name(const Client& client, const std::string& id, const std::string& number) {
  auto job = job_name(client, id);
  if (!job || number.empty()) return job;
  auto attempts = client.attempts(*job);
  if (!attempts) return attempts.error();
  for (const Attempt& attempt : *attempts) {
    if (std::to_string(attempt.number) == number) return attempt.name;
  }
  return Error{.code = Code::not_found,
               .reason = "ATTEMPT_NOT_FOUND",
               .message = "the job has no such attempt",
               .hint = attempts->empty() ? "no attempt has begun yet" : "it has those from 1 to " + std::to_string(attempts->back().number),
               .fields = {{"attempt", number}}};
}

Result<std::vector<std::string>> job_names(const Client& client, const std::vector<std::string>& texts) {
  std::vector<std::string> out;
  for (const std::string& text : texts) {
    auto name = job_name(client, text);
    if (!name) return name.error();
    out.push_back(*name);
  }
  return out;
}

}  // namespace offstage::cli
