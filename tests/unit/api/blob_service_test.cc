// SPDX-License-Identifier: Apache-2.0
//
// Blobs over real gRPC, and jobs that are given files.
#include <gmock/gmock.h>

#include "api/limits.h"
#include "harness.h"

namespace offstage::api {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

std::string bytes_of(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>(i * 31 + i / 251);
  return out;
}

class BlobCalls : public Harness {
 protected:
  struct Written {
    grpc::Status status;
    std::int64_t committed = 0;
  };
  struct Part {
    std::int64_t offset = 0, end = -1;  ///< -1: to the end
    std::size_t chunk = kBlobChunkBytes;
    std::optional<std::int64_t> size = {};  ///< none: the real one
  };
  Written write(const std::string& bytes, Part part) { return write(Sha256::of(bytes).hex(), bytes, part); }
  Written write(const std::string& bytes) { return write(bytes, Part{}); }
  Written write(const std::string& name, const std::string& bytes, Part part) {
    Written out;
    v1::WriteBlobResponse response;
    const auto client = context();
    const auto writer = blobs_->WriteBlob(client.get(), &response);
    v1::WriteBlobRequest request;
    request.set_blob(name);
    request.set_size(part.size.value_or(static_cast<std::int64_t>(bytes.size())));
    const auto end = part.end < 0 ? bytes.size() : static_cast<std::size_t>(part.end);
    auto at = static_cast<std::size_t>(part.offset);
    do {
      request.set_offset(static_cast<std::int64_t>(at));
      request.set_data(bytes.substr(at, std::min(part.chunk, end - at)));
      at += request.data().size();
      if (!writer->Write(request)) break;
      request.Clear();
    } while (at < end);
    writer->WritesDone();
    out.status = writer->Finish();
    out.committed = response.committed_size();
    return out;
  }
  struct Read {
    std::string bytes;
    grpc::Status status;
  };
  Read read(const std::string& name, std::int64_t offset = 0, std::int64_t limit = 0) {
    Read out;
    v1::ReadBlobRequest request;
    request.set_blob(name);
    request.set_offset(offset);
    request.set_limit(limit);
    const auto client = context();
    const auto reader = blobs_->ReadBlob(client.get(), request);
    for (v1::ReadBlobResponse response; reader->Read(&response);) {
      EXPECT_EQ(response.offset(), offset + static_cast<std::int64_t>(out.bytes.size()));
      out.bytes += response.data();
    }
    out.status = reader->Finish();
    return out;
  }
  v1::QueryWriteResponse query(const std::string& bytes) {
    v1::QueryWriteRequest request;
    request.set_blob(Sha256::of(bytes).hex());
    v1::QueryWriteResponse response;
    EXPECT_TRUE(blobs_->QueryWrite(context().get(), request, &response).ok());
    return response;
  }
  std::vector<std::string> missing(const std::vector<std::string>& names) {
    v1::FindMissingBlobsRequest request;
    request.mutable_blobs()->Add(names.begin(), names.end());
    v1::FindMissingBlobsResponse response;
    EXPECT_TRUE(blobs_->FindMissingBlobs(context().get(), request, &response).ok());
    return {response.missing().begin(), response.missing().end()};
  }
  fs::path state() const { return folder_.path() / "state"; }
  fs::path inputs_of(const v1::Job& job) const { return state() / "inputs" / job.uid(); }
  static std::string text(const fs::path& path) {
    std::ostringstream out;
    out << std::ifstream(path, std::ios::binary).rdbuf();
    return out.str();
  }
  static v1::JobSpec with_inputs(const std::vector<std::pair<std::string, std::string>>& inputs) {
    v1::JobSpec spec = script_spec();
    for (const auto& [name, source] : inputs) {
      auto* input = spec.add_inputs();
      input->set_name(name);
      source.front() == '/' ? input->set_path(source) : input->set_blob(source);
    }
    return spec;
  }
};

TEST_F(BlobCalls, what_was_written_is_read_back_whole_and_in_parts) {
  const std::string bytes = bytes_of(3 * kBlobChunkBytes + 17), name = Sha256::of(bytes).hex();
  EXPECT_THAT(missing({name}), ElementsAre(name));
  const Written written = write(bytes);
  ASSERT_TRUE(written.status.ok()) << written.status.error_message();
  EXPECT_EQ(written.committed, static_cast<std::int64_t>(bytes.size()));
  EXPECT_TRUE(missing({name}).empty());
  EXPECT_EQ(read(name).bytes, bytes);
  EXPECT_EQ(read(name, 1'000'000, 2'000'000).bytes, bytes.substr(1'000'000, 2'000'000));
  EXPECT_EQ(read(name, 5, std::int64_t{1} << 60).bytes, bytes.substr(5));
  const Read end = read(name, static_cast<std::int64_t>(bytes.size()));
  EXPECT_TRUE(end.status.ok() && end.bytes.empty());
  EXPECT_EQ(reason_of(read(name, static_cast<std::int64_t>(bytes.size()) + 1).status), "BLOB_OFFSET");
}

TEST_F(BlobCalls, an_empty_one_is_a_blob_like_others) {
  ASSERT_TRUE(write("").status.ok());
  const Read back = read(Sha256::of("").hex());
  EXPECT_TRUE(back.status.ok() && back.bytes.empty());
}

TEST_F(BlobCalls, one_that_is_there_is_answered_at_once) {
  const std::string bytes = bytes_of(20 << 20);
  ASSERT_TRUE(write(bytes).status.ok());
  const Written again = write(bytes, {.chunk = 100'000});
  EXPECT_TRUE(again.status.ok()) << again.status.error_message();
  EXPECT_EQ(again.committed, 20 << 20);
}

TEST_F(BlobCalls, a_part_is_told_and_resumed) {
  const std::string bytes = bytes_of(300'000);
  EXPECT_EQ(query(bytes).committed_size(), 0);
  const Written part = write(bytes, {.end = 100'000, .chunk = 30'000});
  EXPECT_TRUE(part.status.ok());
  EXPECT_EQ(part.committed, 100'000);
  EXPECT_EQ(query(bytes).committed_size(), 100'000);
  EXPECT_FALSE(query(bytes).complete());
  EXPECT_EQ(reason_of(write(bytes, {.offset = 100'001}).status), "BLOB_OFFSET");
  EXPECT_EQ(write(bytes, {.offset = 100'000}).committed, 300'000);
  EXPECT_TRUE(query(bytes).complete());
  EXPECT_EQ(read(Sha256::of(bytes).hex()).bytes, bytes);
}

TEST_F(BlobCalls, what_is_wrong_is_refused_by_its_name) {
  const std::string bytes = bytes_of(1000), name = Sha256::of(bytes).hex();
  EXPECT_EQ(reason_of(write("abc", bytes, {}).status), "BAD_BLOB");
  EXPECT_EQ(reason_of(write(name, bytes_of(999) + "x", {}).status), "BLOB_HASH_MISMATCH");
  EXPECT_EQ(reason_of(write(bytes, {.size = 500}).status), "BLOB_TOO_LONG");
  EXPECT_EQ(reason_of(write(bytes, {.size = -5}).status), "BAD_SIZE");
  EXPECT_EQ(reason_of(write(bytes_of(kBlobChunkBytes + 1), {.chunk = kBlobChunkBytes + 1}).status), "CHUNK_TOO_LARGE");
  EXPECT_EQ(reason_of(read(name).status), "BLOB_NOT_FOUND");
  EXPECT_EQ(reason_of(read("../../etc/passwd").status), "BAD_BLOB");
  EXPECT_EQ(reason_of(read(name, -1).status), "BAD_OFFSET");
  v1::FindMissingBlobsRequest many;
  for (int i = 0; i <= kFindBlobs; ++i) many.add_blobs(name);
  v1::FindMissingBlobsResponse response;
  EXPECT_EQ(reason_of(blobs_->FindMissingBlobs(context().get(), many, &response)), "TOO_MANY_BLOBS");
  EXPECT_EQ(write(bytes).committed, 1000);
}

TEST_F(BlobCalls, a_client_that_says_nothing_or_goes_away_harms_nothing) {
  const std::string bytes = bytes_of(1000);
  {
    v1::WriteBlobResponse response;
    const auto client = context();
    const auto writer = blobs_->WriteBlob(client.get(), &response);
    writer->WritesDone();
    EXPECT_EQ(reason_of(writer->Finish()), "BAD_BLOB");
  }
  {
    v1::WriteBlobResponse response;
    const auto client = context();
    const auto writer = blobs_->WriteBlob(client.get(), &response);
    v1::WriteBlobRequest request;
    request.set_blob(Sha256::of(bytes).hex());
    request.set_size(1000);
    request.set_data(bytes.substr(0, 400));
    ASSERT_TRUE(writer->Write(request));
    while (query(bytes).committed_size() < 400) std::this_thread::yield();
    client->TryCancel();
    EXPECT_EQ(writer->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  EXPECT_EQ(write(bytes, {.offset = 400}).committed, 1000);
}

TEST_F(BlobCalls, a_damaged_one_ends_with_data_loss_and_can_be_written_anew) {
  const std::string bytes = bytes_of(2 * kBlobChunkBytes), name = Sha256::of(bytes).hex();
  ASSERT_TRUE(write(bytes).status.ok());
  const fs::path file = state() / "blobs" / name.substr(0, 2) / name.substr(2);
  fs::permissions(file, fs::perms::owner_all);
  std::fstream(file, std::ios::in | std::ios::out | std::ios::binary).seekp(1'500'000).put('!');
  const Read damaged = read(name);
  EXPECT_EQ(damaged.status.error_code(), grpc::StatusCode::DATA_LOSS);
  EXPECT_EQ(reason_of(damaged.status), "BLOB_CORRUPT");
  EXPECT_LT(damaged.bytes.size(), bytes.size()) << "the end is never sent";
  EXPECT_THAT(missing({name}), ElementsAre(name));
  ASSERT_TRUE(write(bytes).status.ok());
  EXPECT_EQ(read(name).bytes, bytes);
}

TEST_F(BlobCalls, a_job_has_its_inputs_before_the_reply) {
  const std::string bytes = bytes_of(1000);
  ASSERT_TRUE(write(bytes).status.ok());
  const auto source = folder_.write("a.txt", "text");
  const v1::Job job = create(with_inputs({{"sub/a.txt", source.string()}, {"b", Sha256::of(bytes).hex()}}));
  fs::remove(source);
  EXPECT_EQ(text(inputs_of(job) / "sub/a.txt"), "text");
  EXPECT_EQ(text(inputs_of(job) / "b"), bytes);
  EXPECT_EQ(job.spec().inputs_size(), 2);
}

TEST_F(BlobCalls, a_refused_job_leaves_nothing) {
  const auto source = folder_.write("a.txt", "text");
  const grpc::Status missing_file = try_create(with_inputs({{"a", source.string()}, {"b", "/no/such/file"}}));
  EXPECT_EQ(reason_of(missing_file), "INPUT_NOT_FOUND");
  EXPECT_EQ(detail_of<google::rpc::ErrorInfo>(missing_file)->metadata().at("field"), "spec.inputs[1].path");
  EXPECT_EQ(reason_of(try_create(with_inputs({{"a", source.string()}, {"b", Sha256::of("?").hex()}}))), "BLOB_NOT_FOUND");
  on_core([&] { engine_->set_draining(true, Now::read()); });
  EXPECT_EQ(reason_of(try_create(with_inputs({{"a", source.string()}}))), "DRAINING");
  on_core([&] { engine_->set_draining(false, Now::read()); });
  EXPECT_TRUE(fs::is_empty(state() / "inputs"));
  v1::CreateJobRequest only_checked;
  *only_checked.mutable_spec() = with_inputs({{"a", source.string()}});
  only_checked.set_validate_only(true);
  v1::Job job;
  EXPECT_TRUE(jobs_->CreateJob(context().get(), only_checked, &job).ok());
  EXPECT_TRUE(fs::is_empty(state() / "inputs"));
}

TEST_F(BlobCalls, a_repeated_request_gets_its_job_though_the_file_is_gone) {
  const std::string id = "6c8b2c5e-0f0a-4b55-9d0c-0a8c6f1b7f11";
  const auto source = folder_.write("a.txt", "text");
  v1::Job first, second;
  ASSERT_TRUE(try_create(with_inputs({{"a", source.string()}}), id, &first).ok());
  fs::remove(source);
  ASSERT_TRUE(try_create(with_inputs({{"a", source.string()}}), id, &second).ok());
  EXPECT_EQ(first.name(), second.name());
  EXPECT_EQ(text(inputs_of(first) / "a"), "text");
  folder_.write("a.txt", "other");
  EXPECT_EQ(reason_of(try_create(with_inputs({{"b", source.string()}}), id)), "REQUEST_ID_REUSED");
  EXPECT_EQ(text(inputs_of(first) / "a"), "text");
}

TEST_F(BlobCalls, the_same_request_from_many_at_once_is_one_job_with_its_inputs) {
  const std::string id = "6c8b2c5e-0f0a-4b55-9d0c-0a8c6f1b7f12";
  const auto source = folder_.write("a.txt", std::string(100'000, 'x'));
  std::vector<std::thread> callers;
  std::array<v1::Job, 8> jobs;
  for (v1::Job& job : jobs) {
    callers.emplace_back([&] {
      grpc::Status status;
      do status = try_create(with_inputs({{"a", source.string()}}), id, &job);
      while (reason_of(status) == "SUBMIT_UNDER_WAY");
      EXPECT_TRUE(status.ok()) << status.error_message();
    });
  }
  for (std::thread& caller : callers) caller.join();
  for (const v1::Job& job : jobs) EXPECT_EQ(job.name(), jobs[0].name());
  EXPECT_EQ(fs::file_size(inputs_of(jobs[0]) / "a"), 100'000U);
  EXPECT_EQ(std::distance(fs::directory_iterator(state() / "inputs"), {}), 1);
}

TEST_F(BlobCalls, a_batch_is_all_or_nothing_with_its_inputs_too) {
  const auto source = folder_.write("a.txt", "text");
  v1::BatchCreateJobsRequest request;
  *request.add_specs() = with_inputs({{"a", source.string()}});
  *request.add_specs() = with_inputs({{"a", "/no/such/file"}});
  v1::BatchCreateJobsResponse response;
  EXPECT_EQ(reason_of(jobs_->BatchCreateJobs(context().get(), request, &response)), "INPUT_NOT_FOUND");
  EXPECT_TRUE(fs::is_empty(state() / "inputs"));
  request.mutable_specs(1)->mutable_inputs(0)->set_path(source.string());
  ASSERT_TRUE(jobs_->BatchCreateJobs(context().get(), request, &response).ok());
  for (const v1::Job& job : response.jobs()) EXPECT_EQ(text(inputs_of(job) / "a"), "text");
}

TEST_F(BlobCalls, a_scene_by_value_lies_beside_its_job) {
  const std::string blend = "BLENDER-v405REND";
  ASSERT_TRUE(write(blend).status.ok());
  v1::JobSpec spec = script_spec();
  spec.mutable_scene()->set_blob(Sha256::of(blend).hex());
  spec.mutable_scene()->set_original_path("/home/u/x.blend");
  const v1::Job job = create(spec);
  EXPECT_EQ(text(inputs_of(job) / ".scene.blend"), blend);
  EXPECT_EQ(job.blender(), "blenders/4.5.1-blender");
}

TEST_F(BlobCalls, the_server_tells_its_limits_and_where_to_stage) {
  v1::Server server;
  ASSERT_TRUE(nodes_->GetServer(context().get(), {}, &server).ok());
  EXPECT_EQ(server.staging_folder(), (state() / "staging").string());
  EXPECT_EQ(server.limits().inputs(), kInputs);
  EXPECT_EQ(server.limits().blob_chunk_bytes(), static_cast<std::int64_t>(kBlobChunkBytes));
  EXPECT_EQ(fs::status(state() / "staging").permissions(), fs::perms::owner_all);
}

TEST_F(BlobCalls, a_server_that_stops_does_not_wait_for_a_writer) {
  v1::WriteBlobResponse response;
  const auto client = context();
  const auto writer = blobs_->WriteBlob(client.get(), &response);
  v1::WriteBlobRequest request;
  request.set_blob(Sha256::of("ab").hex());
  request.set_size(2);
  request.set_data("a");
  ASSERT_TRUE(writer->Write(request));
  stop_server();
  EXPECT_FALSE(writer->Finish().ok());
}

}  // namespace
}  // namespace offstage::api
