// SPDX-License-Identifier: Apache-2.0
//
// A log is read whole, each byte once, whatever breaks.
#include "unit/client/mock_connection.h"

namespace offstage {
namespace {

using ::testing::NiceMock;

/// A daemon with attempts' logs; each stream carries at most `bytes_a_stream` bytes and then breaks.
class FakeLogs {
 public:
  std::vector<std::string> logs;  // by attempt
  std::size_t bytes_a_stream = 1000;
  State state = State::succeeded;

  explicit FakeLogs(NiceMock<MockConnection>& connection) {
    ON_CALL(connection, read_log).WillByDefault([this](const LogRequest& request, const OnLog& on_chunk, const auto&) { return read(request, on_chunk); });
    ON_CALL(connection, get_job).WillByDefault([this](const auto&, auto) -> Result<Job> { return job_in(state); });
    ON_CALL(connection, list_attempts).WillByDefault([this](const auto&, auto) -> Result<std::vector<Attempt>> {
      std::vector<Attempt> out;
      for (std::size_t i = 0; i < logs.size(); ++i) out.push_back({.name = name(i), .number = static_cast<std::uint32_t>(i + 1)});
      return out;
    });
  }

  static std::string name(std::size_t i) { return "jobs/1/tasks/0/attempts/" + std::to_string(i); }

 private:
  Status read(const LogRequest& request, const OnLog& on_chunk) {
    std::size_t at = logs.size() - 1;
    for (std::size_t i = 0; i < logs.size(); ++i)
      if (request.name == name(i)) at = i;
    std::size_t left = bytes_a_stream;
    const std::string log = logs[at];
    for (std::size_t i = static_cast<std::size_t>(request.offset); i < log.size(); i += 2) {
      if (left < 2) return gone();
      left -= 2;
      if (!on_chunk({.attempt = name(at), .offset = static_cast<std::int64_t>(i), .data = log.substr(i, 2)})) return Error{.code = Code::cancelled};
    }
    return Done{};
  }
};

class LogTest : public ::testing::Test {
 protected:
  std::shared_ptr<NiceMock<MockConnection>> connection = std::make_shared<NiceMock<MockConnection>>();
  FakeLogs logs{*connection};
  Client client{connection, hasty()};
  std::string text;
  OnLog collect = [this](const LogChunk& chunk) {
    text += chunk.data;
    return true;
  };
};

TEST_F(LogTest, broken_streams_give_each_byte_once) {
  logs.logs = {"0123456789abcdefghijklmnopqrstuvwxyz"};
  logs.bytes_a_stream = 6;
  ASSERT_TRUE(client.log({.name = "jobs/1", .follow = true}, collect));
  EXPECT_EQ(text, logs.logs[0]);
}

TEST_F(LogTest, an_attempt_that_began_while_the_stream_was_broken_is_read_from_its_start) {
  logs.logs = {"first attempt's log"};
  logs.bytes_a_stream = 10;
  ASSERT_TRUE(client.log({.name = "jobs/1", .follow = true}, [&](const LogChunk& chunk) {
    text += chunk.data;
    if (logs.logs.size() == 1) logs.logs.push_back("second, which is longer than the first one is");
    return true;
  }));
  EXPECT_EQ(text, logs.logs[0] + logs.logs[1]);
}

TEST_F(LogTest, a_reader_that_stops_is_done) {
  logs.logs = {"0123456789"};
  int chunks = 0;
  EXPECT_TRUE(client.log({.name = "jobs/1"}, [&](const LogChunk&) { return ++chunks < 2; }));
  EXPECT_EQ(chunks, 2);
}

TEST_F(LogTest, dropped_bytes_count_for_the_place) {
  std::vector<std::int64_t> offsets;
  EXPECT_CALL(*connection, read_log)
      .WillOnce([&](const LogRequest&, const OnLog& on_chunk, const auto&) -> Status {
        on_chunk({.attempt = FakeLogs::name(0), .offset = 0, .data = {}, .dropped = 500});
        return gone();
      })
      .WillOnce([&](const LogRequest& request, const OnLog&, const auto&) -> Status {
        offsets.push_back(request.offset);
        return Done{};
      });
  logs.logs = {"x"};
  ASSERT_TRUE(client.log({.name = "jobs/1", .follow = true}, collect));
  EXPECT_EQ(offsets, std::vector<std::int64_t>{500});
}

}  // namespace
}  // namespace offstage
