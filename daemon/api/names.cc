// SPDX-License-Identifier: Apache-2.0
#include "api/names.h"

#include "api/text.h"

namespace offstage::api {
namespace {

constexpr std::string_view kJobs = "jobs/", kAttempts = "/tasks/0/attempts/";
constexpr std::size_t kUid = 32;

Error bad_name(std::string_view name, std::string_view field, std::string_view form) {
  return {Code::invalid_argument, "BAD_NAME", in_quotes(name) + " is not a name of the form " + std::string(form),
          "names are what ListJobs and CreateJob return; an id has 32 lower-case hexadecimal digits", std::string(field)};
}

}  // namespace

std::string job_name(JobId id) { return std::string(kJobs) + id.hex(); }

std::string attempt_name(JobId job, AttemptId attempt) { return job_name(job) + std::string(kAttempts) + attempt.hex(); }

Result<JobId> parse_job_name(std::string_view name, std::string_view field) {
  if (name.starts_with(kJobs)) {
    if (const auto id = JobId::parse(name.substr(kJobs.size()))) return *id;
  }
  return bad_name(name, field, "jobs/{id}");
}

Result<AttemptName> parse_job_or_attempt_name(std::string_view name, std::string_view field) {
  AttemptName out;
  const std::string_view job = name.substr(0, kJobs.size() + kUid), rest = name.substr(job.size());
  if (const auto id = parse_job_name(job, field)) {
    out.job = *id;
    if (rest.empty()) return out;
    if (rest.starts_with(kAttempts)) {
      if (const auto attempt = AttemptId::parse(rest.substr(kAttempts.size()))) {
        out.attempt = *attempt;
        return out;
      }
    }
  }
  return bad_name(name, field, "jobs/{id} or jobs/{id}/tasks/0/attempts/{id}");
}

Result<Sha256> parse_blob(std::string_view text, std::string_view field) {
  if (const auto name = Sha256::parse(text)) return *name;
  return Error{Code::invalid_argument, "BAD_BLOB", in_quotes(text) + " is not the name of a blob",
               "a blob's name is its SHA-256, 64 lower-case hexadecimal digits", std::string(field)};
}

std::string without_collection(std::string selector) {
  if (constexpr std::string_view kCollection = "blenders/"; selector.starts_with(kCollection)) selector.erase(0, kCollection.size());
  return selector;
}

Error unknown_job(std::string_view name) {
  return {Code::not_found,
          "JOB_NOT_FOUND",
          "there is no job " + in_quotes(name),
          "`offstage list` shows the jobs that are known",
          "",
          {{"name", std::string(name)}}};
}

Error unknown_attempt(const AttemptName& name) {
  return {Code::not_found,
          "ATTEMPT_NOT_FOUND",
          "job " + name.job.hex() + " has no attempt " + name.attempt.hex(),
          "ListTasks shows its attempts",
          "",
          {{"name", attempt_name(name.job, name.attempt)}}};
}

}  // namespace offstage::api
