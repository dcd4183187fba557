// SPDX-License-Identifier: Apache-2.0
//
// ReadLog: what is there, what comes, and where to go on.
#include <fcntl.h>
#include <unistd.h>

#include "api/log_file.h"
#include "harness.h"

namespace offstage::api {
namespace {

class ReadLogTest : public Harness {
 protected:
  using Stream = Reading<v1::ReadLogResponse>;
  /// Reads until so many bytes have come, or to the end.
  static std::string read(Stream& stream, std::size_t bytes = std::numeric_limits<std::size_t>::max()) {
    std::string out;
    while (out.size() < bytes) {
      const auto chunk = stream.next();
      if (!chunk) break;
      out += chunk->data();
    }
    return out;
  }
};

TEST_F(ReadLogTest, a_job_without_an_attempt_has_an_empty_log) {
  const v1::Job job = create();
  auto stream = read_log(job.name());
  EXPECT_FALSE(stream.next());
  EXPECT_TRUE(stream.reader->Finish().ok());
}

TEST_F(ReadLogTest, a_log_is_read_from_an_offset_byte_for_byte) {
  const v1::Job job = create();
  const AttemptId attempt = start(job);
  pool_.log(attempt, std::string("one\ntwo\n\xff\0three", 15));
  auto stream = read_log(job.name(), false, 4);
  EXPECT_EQ(read(stream), std::string("two\n\xff\0three", 11));
  EXPECT_TRUE(stream.reader->Finish().ok());
}

TEST_F(ReadLogTest, a_long_log_comes_in_chunks_that_join) {
  const v1::Job job = create();
  const AttemptId attempt = start(job);
  std::string text;
  while (text.size() < 300'000) text += std::to_string(text.size()) + "\n";
  pool_.log(attempt, text);
  auto stream = read_log(job.name());
  std::string out;
  while (const auto chunk = stream.next()) {
    EXPECT_EQ(chunk->offset(), static_cast<std::int64_t>(out.size()));
    EXPECT_LE(chunk->data().size(), 64U << 10);
    out += chunk->data();
  }
  EXPECT_EQ(out, text);
}

TEST_F(ReadLogTest, a_follower_gets_lines_as_they_come_and_ends_with_the_job) {
  const v1::Job job = create();
  auto stream = read_log(job.name(), true);
  const AttemptId attempt = start(job);
  pool_.log(attempt, "first\n");
  EXPECT_EQ(read(stream, 6), "first\n");
  pool_.log(attempt, "second\n");
  EXPECT_EQ(read(stream, 7), "second\n");
  pool_.log(attempt, "last\n");
  succeed(attempt);
  EXPECT_EQ(read(stream), "last\n");
  EXPECT_TRUE(stream.reader->Finish().ok());
}

TEST_F(ReadLogTest, a_follower_of_a_job_goes_on_with_the_next_attempt) {
  v1::JobSpec spec = script_spec();
  spec.mutable_policy()->set_max_attempts(2);
  spec.mutable_policy()->add_retry_on(v1::REASON_EXIT_CODE);
  const v1::Job job = create(spec);
  auto stream = read_log(job.name(), true);
  const AttemptId first = start(job);
  pool_.log(first, "first\n");
  EXPECT_EQ(read(stream, 6), "first\n");
  core::Failure failure;
  failure.reason = core::Reason::exit_code;
  fail(first, failure);
  const auto due = on_core([&] { return engine_->next_deadline(); });  // the pause before a retry
  if (due) on_core([&] { engine_->tick({*due, Now::read().wall}); });
  wait_for(job.name(), v1::STATE_QUEUED);
  const AttemptId second = start(job);
  pool_.log(second, "second\n");
  succeed(second);
  const auto chunk = stream.next();
  ASSERT_TRUE(chunk);
  EXPECT_EQ(chunk->data(), "second\n");
  EXPECT_EQ(chunk->offset(), 0);
  EXPECT_TRUE(chunk->attempt().ends_with(second.hex()));
  EXPECT_FALSE(stream.next());
  EXPECT_TRUE(stream.reader->Finish().ok());
}

TEST_F(ReadLogTest, a_follower_of_a_cancelled_queued_job_ends) {
  const v1::Job job = create();
  auto stream = read_log(job.name(), true);
  ASSERT_TRUE(cancel(job.name()).ok());
  EXPECT_FALSE(stream.next());
  EXPECT_TRUE(stream.reader->Finish().ok());
}

TEST_F(ReadLogTest, an_offset_beyond_the_end_of_an_ended_attempt_is_out_of_range) {
  const v1::Job job = create();
  const AttemptId attempt = start(job);
  pool_.log(attempt, "12345");
  succeed(attempt);
  wait_for(job.name(), v1::STATE_SUCCEEDED);
  auto stream = read_log(job.name(), false, 6);
  EXPECT_FALSE(stream.next());
  const grpc::Status status = stream.reader->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_EQ(detail_of<google::rpc::ErrorInfo>(status)->metadata().at("end_offset"), "5");
}

TEST_F(ReadLogTest, an_attempt_is_named_with_its_own_job) {
  const v1::Job job = create(), other = create();
  const AttemptId attempt = start(job);
  pool_.log(attempt, "x");
  auto good = read_log(job.name() + "/tasks/0/attempts/" + attempt.hex());
  EXPECT_EQ(read(good), "x");
  auto wrong = read_log(other.name() + "/tasks/0/attempts/" + attempt.hex());
  EXPECT_FALSE(wrong.next());
  EXPECT_EQ(reason_of(wrong.reader->Finish()), "ATTEMPT_NOT_FOUND");
}

TEST(LogFile, tells_what_was_punched_out_of_the_middle) {
  const TempFolder folder;
  const auto path = folder.write("log", std::string(256 << 10, 'x'));
  const int fd = ::open(path.c_str(), O_RDWR);
  ASSERT_EQ(::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 64 << 10, 128 << 10), 0) << "the logs need a file system that punches holes";
  ::close(fd);
  LogFile log(path);
  EXPECT_EQ(log.read(0).data.size(), 64U << 10);
  EXPECT_EQ(log.read(64 << 10).dropped, 128 << 10);
  EXPECT_EQ(log.read(192 << 10).data.size(), 64U << 10);
  EXPECT_TRUE(log.read(256 << 10).end());
}

}  // namespace
}  // namespace offstage::api
