// SPDX-License-Identifier: Apache-2.0
//
// ReadBundle, and who cancelled, over the whole server. What is in a bundle of a real process: tests/integration/test_bundle.py.
#include <zlib.h>

#include <map>

#include "harness.h"

namespace offstage::api {
namespace {

std::string gunzip(const std::string& bytes) {
  z_stream stream{};
  ::inflateInit2(&stream, 16 + MAX_WBITS);
  std::string out(32 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int done = ::inflate(&stream, Z_FINISH);
  out.resize(done == Z_STREAM_END ? stream.total_out : 0);
  ::inflateEnd(&stream);
  return out;
}

/// Name without the bundle's folder → content.
std::map<std::string, std::string> unpack(const std::string& bytes) {
  const std::string tar = gunzip(bytes);
  std::map<std::string, std::string> out;
  for (std::size_t at = 0; at + 512 <= tar.size() && tar[at] != '\0';) {
    const std::string name = tar.c_str() + at;
    const std::size_t size = std::stoull(tar.substr(at + 124, 11), nullptr, 8);
    out[name.substr(name.find('/') + 1)] = tar.substr(at + 512, size);
    at += 512 + (size + 511) / 512 * 512;
  }
  return out;
}

class BundleTest : public Harness {
 protected:
  struct Read {
    grpc::Status status;
    std::string file_name, bytes;
    std::size_t pieces = 0;
  };
  Read read(const std::string& name) {
    auto call = context();
    v1::ReadBundleRequest request;
    request.set_name(name);
    const auto reader = jobs_->ReadBundle(call.get(), request);
    Read out;
    for (v1::ReadBundleResponse piece; reader->Read(&piece); ++out.pieces) {
      EXPECT_LE(piece.data().size(), 64U << 10);
      out.file_name = piece.file_name();
      out.bytes += piece.data();
    }
    out.status = reader->Finish();
    return out;
  }
  static core::Failure crash() { return {core::Reason::crashed, "it was killed by signal 11", "look at the log", {{"signal", "SIGSEGV"}}, {}}; }
};

TEST_F(BundleTest, has_what_happened_first_and_the_files_that_tell) {
  v1::JobSpec spec = script_spec();
  (*spec.mutable_environment()->mutable_variables())["SHOT"] = "010";
  (*spec.mutable_environment()->mutable_variables())["FARM_TOKEN"] = "hunter2";
  (*spec.mutable_environment()->mutable_variables())["INDEX"] = "https://bob:hunter3@host/x";
  const v1::Job job = create(spec);
  const AttemptId attempt = start(job);
  pool_.log(attempt, "last words\n");
  fail(attempt, crash());
  wait_for(job.name(), v1::STATE_FAILED);

  const Read got = read(job.name());
  ASSERT_TRUE(got.status.ok()) << got.status.error_message();
  EXPECT_EQ(got.file_name, "offstage-" + job.uid().substr(0, 12) + "-attempt1.tar.gz");
  const auto files = unpack(got.bytes);
  EXPECT_NE(files.at("README.txt").find("it was killed by signal 11"), std::string::npos);
  EXPECT_NE(files.at("README.txt").find("look at the log"), std::string::npos);
  EXPECT_EQ(files.at("script.py"), spec.script().text());
  EXPECT_EQ(files.at("log.txt"), "last words\n");
  EXPECT_NE(files.at("environment.txt").find("SHOT=010\n"), std::string::npos);
  EXPECT_NE(files.at("environment.txt").find("FARM_TOKEN=(hidden)\n"), std::string::npos);
  EXPECT_NE(files.at("versions.json").find("\"offstage\""), std::string::npos);
  for (const auto& [name, content] : files) {
    EXPECT_EQ(content.find("hunter"), std::string::npos) << name;
  }
}

TEST_F(BundleTest, of_a_long_log_has_the_beginning_and_the_end_and_says_what_is_missing) {
  const v1::Job job = create();
  const AttemptId attempt = start(job);
  pool_.log(attempt, "first\n" + std::string(3 << 20, 'x') + "\nlast\n");
  const Read got = read(job.name());
  const std::string log = unpack(got.bytes).at("log.txt");
  EXPECT_TRUE(log.starts_with("first\n"));
  EXPECT_TRUE(log.ends_with("\nlast\n"));
  EXPECT_NE(log.find("bytes of the log are not here"), std::string::npos);
  EXPECT_LT(log.size(), 600'000U);
}

TEST_F(BundleTest, comes_in_pieces_that_join) {
  v1::JobSpec spec = script_spec();
  std::string noise;
  std::uint32_t seed = 1;
  while (noise.size() < 300'000) noise += static_cast<char>(' ' + (seed = seed * 1664525 + 1013904223) % 95);
  std::replace(noise.begin(), noise.end(), '\\', ' ');
  spec.mutable_script()->set_text("#" + noise);
  const v1::Job job = create(spec);
  const Read got = read(job.name());
  EXPECT_GT(got.pieces, 3U);
  EXPECT_EQ(unpack(got.bytes).at("script.py"), "#" + noise);
}

TEST_F(BundleTest, of_a_job_without_an_attempt_has_the_job) {
  const v1::Job job = create();
  const Read got = read(job.name());
  ASSERT_TRUE(got.status.ok());
  EXPECT_EQ(got.file_name, "offstage-" + job.uid().substr(0, 12) + ".tar.gz");
  EXPECT_FALSE(unpack(got.bytes).contains("log.txt"));
  EXPECT_TRUE(unpack(got.bytes).contains("job.json"));
}

TEST_F(BundleTest, of_what_does_not_exist_is_not_found) {
  const v1::Job job = create();
  EXPECT_EQ(read("jobs/" + std::string(32, 'f')).status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(read(job.name() + "/tasks/0/attempts/" + std::string(32, 'f')).status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(read("jobs/x").status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(BundleTest, who_cancelled_is_told_with_the_job) {
  const v1::Job job = create();
  ASSERT_TRUE(cancel(job.name()).ok());
  EXPECT_NE(wait_for(job.name(), v1::STATE_CANCELLED).cancelled_by().find("with grpc-c++/"), std::string::npos);
}

class BreakerTest : public Harness {};

TEST_F(BreakerTest, that_has_tripped_is_told_with_its_blender_and_in_the_server_s_warnings) {
  const std::string blender = get(create().name()).blender().substr(std::string("blenders/").size());
  on_core([&] {
    const core::KindId kind = engine_->scheduler().kinds().find({blender, {}});
    engine_->apply(core::KindFailed{kind, core::Isolation::fork, {core::Reason::blender_unavailable, "no memory for it", "", {}, {}}}, Now::read());
    return 0;
  });
  v1::ListBlendersResponse blenders;
  ASSERT_TRUE(blenders_->ListBlenders(context().get(), {}, &blenders).ok());
  const auto found =
      std::find_if(blenders.blenders().begin(), blenders.blenders().end(), [&](const v1::Blender& b) { return b.name() == "blenders/" + blender; });
  ASSERT_NE(found, blenders.blenders().end());
  ASSERT_EQ(found->breakers_size(), 1);
  EXPECT_EQ(found->breakers(0).state(), v1::BREAKER_STATE_OPEN);
  EXPECT_EQ(found->breakers(0).reason(), "no memory for it");
  EXPECT_GT(found->breakers(0).trial_time().seconds(), 0);
  v1::Server server;
  ASSERT_TRUE(nodes_->GetServer(context().get(), {}, &server).ok());
  ASSERT_EQ(server.warnings_size(), 1);
  EXPECT_NE(server.warnings(0).find("no zygote could be had (the last: no memory for it); jobs start cold"), std::string::npos) << server.warnings(0);
}

}  // namespace
}  // namespace offstage::api
