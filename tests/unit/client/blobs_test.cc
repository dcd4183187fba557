// SPDX-License-Identifier: Apache-2.0
//
// Blobs, as Client writes and reads them: nothing twice, resumed where it broke, checked.
#include <filesystem>
#include <fstream>

#include "unit/client/mock_connection.h"

namespace offstage {
namespace {

using ::testing::_;
using ::testing::NiceMock;
using ::testing::Return;

constexpr const char* of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

Error wrong_bytes() { return {.code = Code::invalid_argument, .reason = "BLOB_HASH_MISMATCH"}; }

class BlobsTest : public ::testing::Test {
 protected:
  BlobsTest() {
    ON_CALL(*connection, find_missing_blobs).WillByDefault([](const std::vector<std::string>& blobs, auto) { return blobs; });
    ON_CALL(*connection, query_write).WillByDefault([this](const auto&, auto) { return BlobWritten{there, false}; });
  }
  /// A daemon that takes the rest.
  Result<std::int64_t> take(const BlobSource& source, std::int64_t offset, const std::function<void(std::int64_t)>& on_sent) {
    written += source.read(offset, 1000).value();
    on_sent(source.size);
    return source.size;
  }
  std::string file(const std::string& name, const std::string& text) {
    const auto path = std::filesystem::path(::testing::TempDir()) / name;
    std::ofstream(path) << text;
    return path;
  }

  std::shared_ptr<NiceMock<MockConnection>> connection = std::make_shared<NiceMock<MockConnection>>();
  Client client{connection, hasty()};
  std::int64_t there = 0;
  std::string written;
};

TEST_F(BlobsTest, bytes_and_files_have_the_hash_of_the_standard) {
  EXPECT_EQ(blob_of_bytes("abc").blob, of_abc);
  const auto source = blob_of_file(file("abc", "abc"));
  EXPECT_EQ(source->blob, of_abc);
  EXPECT_EQ(source->size, 3);
  EXPECT_EQ(*source->read(1, 10), "bc");
  EXPECT_EQ(blob_of_file("/no/such/file").error().reason, "FILE_NOT_FOUND");
  EXPECT_EQ(blob_of_file(::testing::TempDir()).error().reason, "FILE_UNREADABLE");
}

TEST_F(BlobsTest, what_is_there_is_not_sent) {
  EXPECT_CALL(*connection, find_missing_blobs).WillOnce(Return(std::vector<std::string>{}));
  EXPECT_CALL(*connection, write_blob).Times(0);
  EXPECT_TRUE(client.write_blob(blob_of_bytes("abc")));
}

TEST_F(BlobsTest, a_broken_write_goes_on_where_the_daemon_is) {
  EXPECT_CALL(*connection, write_blob)
      .WillOnce([&](const auto&, auto, const auto& on_sent, auto&) -> Result<std::int64_t> {
        on_sent(2);
        there = 2;
        written = "ab";
        return gone();
      })
      .WillOnce([&](const auto& source, auto offset, const auto& on_sent, auto&) { return take(source, offset, on_sent); });
  std::vector<std::int64_t> sent;
  EXPECT_TRUE(client.write_blob(blob_of_bytes("abc"), [&](auto bytes, auto) { sent.push_back(bytes); }));
  EXPECT_EQ(written, "abc");
  EXPECT_EQ(sent, (std::vector<std::int64_t>{2, 3}));
}

TEST_F(BlobsTest, a_spoilt_rest_of_another_is_replaced_and_one_s_own_wrong_bytes_are_an_error) {
  there = 2;
  EXPECT_CALL(*connection, write_blob)
      .WillOnce([&](auto&, auto, auto&, auto&) -> Result<std::int64_t> {
        there = 0;
        return wrong_bytes();
      })
      .WillOnce([&](const auto& source, auto offset, const auto& on_sent, auto&) { return take(source, offset, on_sent); })
      .WillOnce(Return(wrong_bytes()));
  EXPECT_TRUE(client.write_blob(blob_of_bytes("abc")));
  EXPECT_EQ(client.write_blob(blob_of_bytes("abc")).error().reason, "BLOB_HASH_MISMATCH");
}

TEST_F(BlobsTest, a_source_that_became_shorter_ends_in_an_error) {
  EXPECT_CALL(*connection, write_blob).WillOnce(Return(std::int64_t{0}));
  EXPECT_EQ(client.write_blob(blob_of_bytes("abc")).error().reason, "FILE_CHANGED");
}

TEST_F(BlobsTest, a_broken_read_goes_on_and_the_whole_is_checked) {
  const auto give = [](std::string text, Status end) {
    return [text = std::move(text), end](const BlobRequest& request, const OnBlob& on_chunk, auto&) {
      on_chunk({.offset = request.offset, .data = text});
      return end;
    };
  };
  EXPECT_CALL(*connection, read_blob).WillOnce(give("ab", gone())).WillOnce(give("c", Done{})).WillOnce(give("abd", Done{}));
  std::string got;
  const auto take = [&](const BlobChunk& chunk) { return got += chunk.data, true; };
  EXPECT_TRUE(client.read_blob({.blob = of_abc}, take));
  EXPECT_EQ(got, "abc");
  const Status damaged = client.read_blob({.blob = of_abc}, take);
  EXPECT_EQ(damaged.error().code, Code::data_loss);
}

TEST_F(BlobsTest, a_part_that_broke_is_asked_for_what_is_missing_of_it) {
  EXPECT_CALL(*connection, read_blob)
      .WillOnce([](const BlobRequest&, const OnBlob& on_chunk, auto&) -> Status {
        on_chunk({.offset = 10, .data = "1234"});
        return gone();
      })
      .WillOnce([](const BlobRequest& request, const OnBlob& on_chunk, auto&) -> Status {
        EXPECT_EQ(request.offset, 14);
        EXPECT_EQ(request.limit, 2);
        on_chunk({.offset = 14, .data = "56"});
        return gone();
      });
  std::string got;
  EXPECT_TRUE(client.read_blob({.blob = of_abc, .offset = 10, .limit = 6}, [&](const BlobChunk& chunk) { return got += chunk.data, true; }));
  EXPECT_EQ(got, "123456");
}

TEST_F(BlobsTest, a_file_goes_by_path_where_the_daemon_sees_it_and_is_sent_otherwise) {
  const std::string path = file("abc", "abc");
  ON_CALL(*connection, get_server).WillByDefault(Return(Server{.pid = 7}));
  ON_CALL(*connection, write_blob).WillByDefault([&](const auto& source, auto offset, const auto& on_sent, auto&) { return take(source, offset, on_sent); });
  ON_CALL(*connection, listener).WillByDefault(Return(7));
  const auto local = client.put_file(path, "x/y");
  EXPECT_EQ(local->path, path);
  EXPECT_EQ(local->name, "x/y");
  EXPECT_TRUE(written.empty());
  for (const std::int32_t listener : {0, 8}) {  // TCP; an SSH that forwards the socket
    ON_CALL(*connection, listener).WillByDefault(Return(listener));
    const auto sent = client.put_file(path);
    EXPECT_EQ(sent->blob, of_abc);
    EXPECT_EQ(sent->name, "abc");
    EXPECT_TRUE(sent->path.empty());
  }
  EXPECT_EQ(written, "abcabc");
}

}  // namespace
}  // namespace offstage
