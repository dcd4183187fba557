// SPDX-License-Identifier: Apache-2.0
//
// What is refused at submit because this machine cannot do it: files, Blenders, slots.
#include "api/resolve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake_pool.h"
#include "specs.h"
#include "store/contents.h"
#include "store/upload.h"

namespace offstage::api {
namespace {

using testing::HasSubstr;

class ResolveTest : public testing::Test {
 protected:
  ResolveTest() {
    catalog_.set(
        {.complete = true, .blenders = {fake_blender("3.4.1-blender", {3, 4, 1}, core::ForkProof::refused), fake_blender("4.5.1-blender", {4, 5, 1})}});
  }
  Result<core::NewJob> resolve(v1::JobSpec spec) {
    Resolver resolver(catalog_, 4, contents_.blobs);
    auto out = resolver.resolve(spec, {});
    resolved_ = spec;
    return out;
  }
  Error refused(const v1::JobSpec& spec) {
    auto out = resolve(spec);
    if (out) ADD_FAILURE() << "it was accepted";
    return out ? Error{} : out.error();
  }
  static v1::JobSpec by_path(const std::filesystem::path& path) {
    v1::JobSpec spec;
    spec.mutable_script()->set_path(path.string());
    return spec;
  }
  static v1::JobSpec with_scene(const std::filesystem::path& path, const std::string& blender = "") {
    v1::JobSpec spec = script_spec();
    spec.mutable_scene()->set_path(path.string());
    spec.mutable_environment()->set_blender(blender);
    return spec;
  }

  TempFolder folder_;
  FakeCatalog catalog_;
  store::Contents contents_{folder_.path(), 0, 0};
  v1::JobSpec resolved_;
};

TEST_F(ResolveTest, a_scene_by_value_is_judged_by_its_blob_and_named_by_its_path) {
  ASSERT_TRUE(contents_.open());
  const auto with_blob = [&](const std::string& bytes, bool write = true) {
    const Sha256 name = Sha256::of(bytes);
    if (write) {
      EXPECT_TRUE((*contents_.blobs.upload(name, static_cast<std::int64_t>(bytes.size())))->append(0, bytes));
    }
    v1::JobSpec spec = script_spec();
    spec.mutable_scene()->set_blob(name.hex());
    spec.mutable_scene()->set_original_path("/home/u/x.blend");
    return spec;
  };
  EXPECT_TRUE(resolve(with_blob("BLENDER-v304REND")));
  const Error newer = refused(with_blob("BLENDER-v999REND"));
  EXPECT_EQ(newer.reason, "BLENDER_TOO_OLD");
  EXPECT_THAT(newer.message, HasSubstr("/home/u/x.blend"));
  const Error other = refused(with_blob("no blend"));
  EXPECT_EQ(other.reason, "BLEND_UNREADABLE");
  EXPECT_EQ(other.field, "spec.scene.blob");
  EXPECT_THAT(other.message, HasSubstr("/home/u/x.blend"));
  EXPECT_EQ(refused(with_blob("never written", false)).reason, "BLOB_NOT_FOUND");
}

TEST_F(ResolveTest, a_missing_script_is_not_found) {
  const Error error = refused(by_path(folder_.path() / "no.py"));
  EXPECT_EQ(error.reason, "SCRIPT_NOT_FOUND");
  EXPECT_EQ(error.code, Code::failed_precondition);
  EXPECT_EQ(error.field, "spec.script.path");
  EXPECT_THAT(error.message, HasSubstr((folder_.path() / "no.py").string()));
}

TEST_F(ResolveTest, a_folder_a_pipe_and_bytes_are_no_scripts) {
  EXPECT_THAT(refused(by_path(folder_.path())).message, HasSubstr("is a folder"));
  ASSERT_EQ(::mkfifo((folder_.path() / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(refused(by_path(folder_.path() / "pipe")).message, HasSubstr("not a regular file"));
  const Error bytes = refused(by_path(folder_.write("x.py", "a = 1\nb = '\xe4'\n")));
  EXPECT_EQ(bytes.reason, "SCRIPT_UNREADABLE");
  EXPECT_THAT(bytes.message, HasSubstr("is not UTF-8: byte 11, in line 2"));
  EXPECT_THAT(refused(by_path(folder_.write("big.py", std::string((1 << 20) + 1, '#')))).message, HasSubstr("more than 1048576 bytes"));
}

TEST_F(ResolveTest, a_byte_order_mark_is_no_part_of_the_script) {
  ASSERT_TRUE(resolve(by_path(folder_.write("x.py", "\xEF\xBB\xBFpass\n"))));
  EXPECT_EQ(resolved_.script().text(), "pass\n");
}

TEST_F(ResolveTest, a_syntax_error_is_an_outcome_and_not_refused) { EXPECT_TRUE(resolve(script_spec("def (:\n"))); }

TEST_F(ResolveTest, scenes_that_cannot_be_opened_are_refused) {
  const Error missing = refused(with_scene(folder_.path() / "no.blend"));
  EXPECT_EQ(missing.reason, "BLEND_NOT_FOUND");
  EXPECT_EQ(missing.field, "spec.scene.path");
  EXPECT_EQ(refused(with_scene(folder_.path())).reason, "BLEND_UNREADABLE");
  EXPECT_THAT(refused(with_scene(folder_.write("x.blend", "\x89PNG\r\n"))).message, HasSubstr("is not a .blend"));
}

TEST_F(ResolveTest, a_scene_newer_than_every_blender_names_both_versions) {
  const Error error = refused(with_scene(folder_.write("x.blend", "BLENDER17-01v0501")));
  EXPECT_EQ(error.reason, "BLENDER_TOO_OLD");
  EXPECT_THAT(error.message, HasSubstr("saved by Blender 5.1, and the newest Blender here is 4.5.1"));
}

TEST_F(ResolveTest, a_scene_is_pinned_to_the_file_that_was_seen) {
  const auto path = folder_.write("x.blend", "BLENDER-v304");
  ASSERT_TRUE(resolve(with_scene(path)));
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  const v1::FilePin& pin = resolved_.scene().pin();
  EXPECT_EQ(pin.size(), 12);
  EXPECT_EQ(pin.mtime_ns(), status.st_mtim.tv_sec * 1'000'000'000L + status.st_mtim.tv_nsec);
  EXPECT_EQ(pin.inode(), status.st_ino);
  EXPECT_EQ(pin.device(), status.st_dev);
}

TEST_F(ResolveTest, a_scene_gets_the_blender_next_to_the_one_that_saved_it) {
  EXPECT_EQ(resolve(with_scene(folder_.write("old.blend", "BLENDER-v293")))->kind.blender, "3.4.1-blender");
  EXPECT_EQ(resolve(with_scene(folder_.write("new.blend", "BLENDER-v305")))->kind.blender, "4.5.1-blender");
}

TEST_F(ResolveTest, what_a_blender_loads_is_part_of_its_kind) {
  v1::JobSpec spec = script_spec();
  EXPECT_EQ(resolve(spec)->kind.load, "");
  spec.mutable_environment()->add_python_paths(folder_.path().string());
  EXPECT_THAT(resolve(spec)->kind.load, HasSubstr(folder_.path().string()));
}

TEST_F(ResolveTest, a_scene_gets_a_blender_that_is_as_new) {
  const auto scene = folder_.write("x.blend", "BLENDER-v402");
  auto job = resolve(with_scene(scene));
  ASSERT_TRUE(job);
  EXPECT_EQ(job->kind.blender, "4.5.1-blender");
  const Error error = refused(with_scene(scene, "3.4"));
  EXPECT_EQ(error.reason, "BLENDER_TOO_OLD");
  EXPECT_THAT(error.hint, HasSubstr(">=4.2"));
}

TEST_F(ResolveTest, selectors_choose_and_unknown_ones_are_refused) {
  v1::JobSpec spec = script_spec();
  for (const std::string selector : {"4.5", ">=4.2,<5", "4.5.1-blender", "blenders/4.5.1-blender", "/opt/4.5.1-blender/blender"}) {
    spec.mutable_environment()->set_blender(selector);
    auto job = resolve(spec);
    ASSERT_TRUE(job) << selector;
    EXPECT_EQ(job->kind.blender, "4.5.1-blender") << selector;
  }
  spec.mutable_environment()->set_blender("2.79");
  const Error error = refused(spec);
  EXPECT_EQ(error.reason, "BLENDER_NOT_FOUND");
  EXPECT_EQ(error.field, "spec.environment.blender");
}

TEST_F(ResolveTest, fork_is_refused_where_it_was_refuted_and_says_why) {
  v1::JobSpec spec = script_spec();
  spec.mutable_environment()->set_isolation(v1::ISOLATION_FORK);
  spec.mutable_environment()->set_blender("3.4");
  const Error error = refused(spec);
  EXPECT_EQ(error.reason, "FORK_REFUSED");
  EXPECT_THAT(error.message, HasSubstr("an unknown thread is alive"));
}

TEST_F(ResolveTest, more_cpus_than_slots_are_refused) {
  v1::JobSpec spec = script_spec();
  spec.mutable_resources()->set_cpus(5);
  EXPECT_EQ(refused(spec).reason, "NOT_ENOUGH_SLOTS");
  spec.mutable_resources()->set_cpus(4);
  EXPECT_TRUE(resolve(spec));
}

TEST_F(ResolveTest, a_job_carries_what_its_spec_says) {
  v1::JobSpec spec = script_spec();
  spec.set_held(true);
  spec.set_priority(-7);
  spec.mutable_policy()->set_max_attempts(3);
  spec.mutable_policy()->add_retry_on(v1::REASON_CRASHED);
  spec.mutable_policy()->mutable_run_timeout()->set_nanos(1'500'000);
  auto& variables = *spec.mutable_environment()->mutable_variables();
  variables["SHOT"] = "1";
  variables["OCIO"] = "/c.ocio";
  variables["LANG"] = "C";
  auto job = resolve(spec);
  ASSERT_TRUE(job);
  EXPECT_EQ(job->job.state, core::JobState::held);
  EXPECT_EQ(job->job.priority, -7);
  EXPECT_EQ(job->job.max_attempts, 3);
  EXPECT_EQ(job->job.retry_on, core::bit(core::Reason::crashed));
  EXPECT_EQ(job->job.timeouts.run, Micros(1500));
  EXPECT_EQ(job->job.timeouts.start, std::chrono::minutes(10));
  EXPECT_EQ(job->job.timeouts.cancel_grace, std::chrono::seconds(2));
  EXPECT_EQ(job->job.isolation, core::Isolation::automatic);
  EXPECT_EQ(job->kind.start_env, (std::vector<std::pair<std::string, std::string>>{{"LANG", "C"}, {"OCIO", "/c.ocio"}}));
  EXPECT_EQ(job->job.gpus, 0);
  EXPECT_EQ(job->kind.load, "");
  spec.mutable_resources()->set_gpus(2);
  job = resolve(spec);
  ASSERT_TRUE(job);
  EXPECT_EQ(job->job.gpus, 2);
  EXPECT_EQ(job->job.isolation, core::Isolation::process) << "a Blender is started for it";
  EXPECT_NE(job->kind.load, "");
}

}  // namespace
}  // namespace offstage::api
