// SPDX-License-Identifier: Apache-2.0
//
// ListFiles, WatchFiles, ReadFile: what an attempt has left, and only what it has listed.
#include <sys/stat.h>

#include "base/sha256.h"
#include "harness.h"

namespace offstage::api {
namespace {

namespace fs = std::filesystem;

class ResultFilesTest : public Harness {
 protected:
  static std::string line(const std::string& name, const std::string& content) {
    return R"({"name":")" + name + R"(","size":)" + std::to_string(content.size()) + R"(,"sha256":")" + Sha256::of(content).hex() + "\"}\n";
  }
  void write(AttemptId attempt, const std::string& name, const std::string& bytes, std::ios::openmode mode = std::ios::trunc) const {
    const auto file = pool_.folder(attempt) / name;
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary | mode) << bytes;
  }
  /// As a worker announces it.
  void leave(AttemptId attempt, const std::string& name, const std::string& content) const {
    write(attempt, "out/" + name, content);
    write(attempt, "files", line(name, content), std::ios::app);
  }
  /// … with its look, and whatever hash.
  void leave_sealed(AttemptId attempt, const std::string& name, const std::string& content, const std::string& hash_of) const {
    write(attempt, "out/" + name, content);
    struct stat s {};
    ASSERT_EQ(::stat((pool_.folder(attempt) / "out" / name).c_str(), &s), 0);
    const auto ns = [](const timespec& t) { return std::to_string(t.tv_sec * 1'000'000'000 + t.tv_nsec); };
    write(attempt, "files",
          R"({"name":")" + name + R"(","size":)" + std::to_string(content.size()) + R"(,"sha256":")" + Sha256::of(hash_of).hex() + R"(","mtime_ns":)" +
              ns(s.st_mtim) + R"(,"ctime_ns":)" + ns(s.st_ctim) + R"(,"inode":)" + std::to_string(s.st_ino) + "}\n",
          std::ios::app);
  }
  grpc::Status list(const v1::ListFilesRequest& request, v1::ListFilesResponse& response) const {
    grpc::ClientContext context;
    return jobs_->ListFiles(&context, request, &response);
  }
  v1::ListFilesResponse list(const std::string& parent) const {
    v1::ListFilesRequest request;
    request.set_parent(parent);
    v1::ListFilesResponse response;
    EXPECT_TRUE(list(request, response).ok());
    return response;
  }
  grpc::Status read(const std::string& name, const std::string& file, std::string& bytes, std::int64_t offset = 0, std::int64_t limit = 0) const {
    grpc::ClientContext context;
    v1::ReadFileRequest request;
    request.set_name(name);
    request.set_file(file);
    request.set_offset(offset);
    request.set_limit(limit);
    const auto reader = jobs_->ReadFile(&context, request);
    for (v1::ReadFileResponse chunk; reader->Read(&chunk);) {
      EXPECT_LE(chunk.data().size(), 256U << 10);
      EXPECT_EQ(chunk.has_file(), bytes.empty());
      bytes += chunk.data();
    }
    return reader->Finish();
  }
  Reading<v1::WatchFilesResponse> watch_files(const std::string& name, std::int64_t offset = 0) const {
    Reading<v1::WatchFilesResponse> out;
    out.context = std::make_unique<grpc::ClientContext>();
    out.context->set_deadline(std::chrono::system_clock::now() + kPatience);
    v1::WatchFilesRequest request;
    request.set_name(name);
    request.set_offset(offset);
    out.reader = jobs_->WatchFiles(out.context.get(), request);
    return out;
  }
};

TEST_F(ResultFilesTest, a_job_without_an_attempt_or_without_files_has_an_empty_list) {
  const v1::Job job = create();
  EXPECT_EQ(list(job.name()).attempt(), "");
  start(job);
  EXPECT_EQ(list(job.name()).files_size(), 0);
  EXPECT_NE(list(job.name()).attempt(), "");
}

TEST_F(ResultFilesTest, a_running_job_s_files_are_those_that_it_has_announced) {
  const v1::Job job = create();
  const AttemptId attempt = start(job);
  leave(attempt, "a.png", "one");
  write(attempt, "out/not_yet", "two");
  const auto listed = list(job.name());
  ASSERT_EQ(listed.files_size(), 1);
  EXPECT_EQ(listed.files(0).name(), "a.png");
  EXPECT_EQ(listed.files(0).size(), 3);
  EXPECT_EQ(listed.files(0).sha256(), Sha256::of("one").hex());
  EXPECT_EQ(listed.out_dir(), (pool_.folder(attempt) / "out").string());
  leave(attempt, "b", "3");
  EXPECT_EQ(list(job.name()).total_bytes(), 4);
  std::string bytes;
  EXPECT_EQ(reason_of(read(job.name(), "not_yet", bytes)), "FILE_NOT_FOUND");
}

TEST_F(ResultFilesTest, a_list_comes_in_pages_that_join) {
  const v1::Job job = create();
  const AttemptId attempt = start(job);
  std::string manifest;
  for (int i = 0; i < 25; ++i) manifest += line(std::to_string(i), "x");
  write(attempt, "files", manifest);
  v1::ListFilesRequest request;
  request.set_parent(job.name());
  request.set_page_size(10);
  std::vector<std::string> names;
  do {
    v1::ListFilesResponse page;
    ASSERT_TRUE(list(request, page).ok());
    EXPECT_EQ(page.total_size(), 25);
    for (const auto& file : page.files()) names.push_back(file.name());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  ASSERT_EQ(names.size(), 25U);
  EXPECT_EQ(names.front(), "0");
  EXPECT_EQ(names.back(), "24");
}

TEST_F(ResultFilesTest, wrong_names_pages_and_places_are_refused) {
  const v1::Job job = create();
  const AttemptId attempt = start(job);
  leave(attempt, "a", "123");
  const auto listed = [this](const std::string& parent, int size, const std::string& token) {
    v1::ListFilesRequest request;
    request.set_parent(parent);
    request.set_page_size(size);
    request.set_page_token(token);
    v1::ListFilesResponse response;
    return reason_of(list(request, response));
  };
  EXPECT_EQ(listed("jobs/x", 0, ""), "BAD_NAME");
  EXPECT_EQ(listed("jobs/" + std::string(32, '0'), 0, ""), "JOB_NOT_FOUND");
  EXPECT_EQ(listed(job.name(), -1, ""), "BAD_PAGE_SIZE");
  EXPECT_EQ(listed(job.name(), 0, "x"), "BAD_PAGE_TOKEN");
  std::string bytes;
  EXPECT_EQ(reason_of(read(job.name(), "a", bytes, -1)), "BAD_OFFSET");
  EXPECT_EQ(reason_of(read(job.name(), "a", bytes, 0, -1)), "BAD_LIMIT");
  EXPECT_EQ(reason_of(read(job.name(), "a", bytes, 4)), "FILE_OFFSET");
  EXPECT_EQ(reason_of(read(job.name(), "../page", bytes)), "FILE_NOT_FOUND");
  EXPECT_EQ(reason_of(read("jobs/" + std::string(32, '0'), "a", bytes)), "JOB_NOT_FOUND");
  auto stream = watch_files(job.name(), -1);
  EXPECT_FALSE(stream.next());
  EXPECT_EQ(reason_of(stream.reader->Finish()), "BAD_OFFSET");
}

TEST_F(ResultFilesTest, a_file_is_read_whole_and_in_parts) {
  const v1::Job job = create();
  const AttemptId attempt = start(job);
  std::string content;
  while (content.size() < 700'000) content += std::to_string(content.size()) + "\n";
  leave(attempt, "deep/a", content);
  leave(attempt, "empty", "");
  std::string whole, part, rest, beyond, at_end, empty;
  EXPECT_TRUE(read(job.name(), "deep/a", whole).ok());
  EXPECT_EQ(whole, content);
  EXPECT_TRUE(read(job.name(), "deep/a", part, 5, 10).ok());
  EXPECT_EQ(part, content.substr(5, 10));
  EXPECT_TRUE(read(job.name(), "deep/a", rest, 300'000).ok());
  EXPECT_EQ(rest, content.substr(300'000));
  EXPECT_TRUE(read(job.name(), "deep/a", beyond, 600'000, 1LL << 62).ok());
  EXPECT_EQ(beyond, content.substr(600'000));
  EXPECT_TRUE(read(job.name(), "deep/a", at_end, static_cast<std::int64_t>(content.size())).ok());
  EXPECT_EQ(at_end, "");
  EXPECT_TRUE(read(job.name(), "empty", empty).ok());
}

TEST_F(ResultFilesTest, what_is_not_as_it_was_listed_is_data_loss) {
  const v1::Job job = create();
  const AttemptId attempt = start(job);
  const std::string content(600'000, 'x');
  for (const std::string name : {"shorter", "other", "gone", "link"}) leave(attempt, name, content);
  write(attempt, "out/shorter", "x");
  write(attempt, "out/other", std::string(599'999, 'x') + "y");
  fs::remove(pool_.folder(attempt) / "out/gone");
  fs::remove(pool_.folder(attempt) / "out/link");
  write(attempt, "elsewhere", content);
  fs::create_symlink("../elsewhere", pool_.folder(attempt) / "out/link");
  const auto outcome = [&](const std::string& name) {
    std::string bytes;
    const auto status = read(job.name(), name, bytes);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::DATA_LOSS);
    EXPECT_LT(bytes.size(), content.size()) << name;
    return reason_of(status);
  };
  EXPECT_EQ(outcome("shorter"), "FILE_CHANGED");
  EXPECT_EQ(outcome("other"), "FILE_CHANGED");
  EXPECT_EQ(outcome("gone"), "FILE_MISSING");
  EXPECT_EQ(outcome("link"), "FILE_MISSING");
}

TEST_F(ResultFilesTest, what_looks_as_it_did_is_not_hashed_again_and_what_does_not_is) {
  const v1::Job job = create();
  const AttemptId attempt = start(job);
  leave_sealed(attempt, "as_it_was", "content", "another content");
  std::string bytes;
  EXPECT_TRUE(read(job.name(), "as_it_was", bytes).ok()) << "its hash is the reader's to compare";
  EXPECT_EQ(bytes, "content");

  leave_sealed(attempt, "touched", "content", "content");
  const auto touched = pool_.folder(attempt) / "out/touched";
  fs::last_write_time(touched, fs::last_write_time(touched) - std::chrono::hours(1));
  EXPECT_TRUE(read(job.name(), "touched", bytes = "").ok());

  leave_sealed(attempt, "changed", "content", "content");
  write(attempt, "out/changed", "CONTENT");
  fs::last_write_time(pool_.folder(attempt) / "out/changed", fs::last_write_time(touched));
  EXPECT_EQ(read(job.name(), "changed", bytes = "").error_code(), grpc::StatusCode::DATA_LOSS);
}

TEST_F(ResultFilesTest, a_watch_tells_of_files_as_they_are_announced_and_ends_with_the_job) {
  const v1::Job job = create();
  const AttemptId attempt = start(job);
  leave(attempt, "first", "1");
  auto stream = watch_files(job.name());
  auto first = stream.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->file().name(), "first");
  leave(attempt, "second", "22");
  auto second = stream.next();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->file().size(), 2);
  write(attempt, "files",
        R"({"name":"first","removed":true})"
        "\n" +
            line("torn", "3").substr(0, 20),
        std::ios::app);
  auto third = stream.next();
  ASSERT_TRUE(third);
  EXPECT_EQ(third->removed(), "first");
  succeed(attempt);
  EXPECT_FALSE(stream.next());
  EXPECT_TRUE(stream.reader->Finish().ok());
  auto again = watch_files(job.name(), first->next_offset());
  EXPECT_EQ(again.next()->file().name(), "second");
}

TEST_F(ResultFilesTest, an_ended_job_tells_how_many_files_it_has_left) {
  const v1::Job job = create();
  const AttemptId attempt = start(job);
  core::AttemptEnded ended{attempt, {}, -1, ""};
  ended.outcome.state = core::AttemptState::succeeded;
  ended.outcome.files = {3, 4096, "00"};
  on_core([&] {
    engine_->apply(ended, Now::read());
    engine_->apply(core::AttemptGone{attempt, core::Exit{}}, Now::read());
  });
  const v1::Job seen = wait_for(job.name(), v1::STATE_SUCCEEDED);
  EXPECT_EQ(seen.result().file_count(), 3);
  EXPECT_EQ(seen.result().file_bytes(), 4096);
}

TEST_F(ResultFilesTest, a_job_whose_results_cannot_be_delivered_is_refused) {
  v1::JobSpec spec = script_spec();
  spec.set_deliver_to("relative");
  EXPECT_EQ(reason_of(try_create(spec)), "BAD_PATH");
  folder_.write("file", "x");
  for (const std::string below : {"", "/x", "/x/y"}) {
    spec.set_deliver_to((folder_.path() / "file").string() + below);
    EXPECT_EQ(reason_of(try_create(spec)), "OUTPUT_NOT_WRITABLE") << below;
  }
  spec.set_deliver_to("/proc/offstage");
  EXPECT_EQ(reason_of(try_create(spec)), "OUTPUT_NOT_WRITABLE");
}

TEST_F(ResultFilesTest, a_folder_for_results_need_not_be_there_and_is_not_made_yet) {
  v1::JobSpec spec = script_spec();
  spec.set_deliver_to((folder_.path() / "new/../deep/er").string());
  v1::Job job;
  ASSERT_TRUE(try_create(spec, "", &job).ok());
  EXPECT_EQ(job.spec().deliver_to(), (folder_.path() / "deep/er").string());
  EXPECT_FALSE(fs::exists(folder_.path() / "deep"));
}

}  // namespace
}  // namespace offstage::api
