// SPDX-License-Identifier: Apache-2.0
//
// The server itself: its doors, its other services, what it says of itself.
#include "api/server.h"

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <thread>

#include "api/tls.h"
#include "api/unix_socket.h"
#include "base/unique_fd.h"
#include "harness.h"

namespace offstage::api {
namespace {

using testing::HasSubstr;

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

class ServerTest : public Harness {
 protected:
  /// A call of a service that we have no stub of; the reply's bytes.
  std::pair<grpc::Status, std::string> call(const std::string& method) {
    grpc::GenericStub stub(channel_);
    grpc::CompletionQueue queue;
    const auto client = context();
    const grpc::ByteBuffer request;
    auto reader = stub.PrepareUnaryCall(client.get(), method, grpc::ByteBuffer(nullptr, 0), &queue);
    reader->StartCall();
    grpc::ByteBuffer reply;
    grpc::Status status;
    reader->Finish(&reply, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    std::vector<grpc::Slice> slices;
    if (status.ok()) reply.Dump(&slices);
    std::string bytes;
    for (const auto& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
    return {status, bytes};
  }
};

TEST_F(ServerTest, the_socket_is_for_its_owner_alone) {
  struct stat status {};
  ASSERT_EQ(::stat((folder_.path() / "socket").c_str(), &status), 0);
  EXPECT_TRUE(S_ISSOCK(status.st_mode));
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(ServerTest, a_second_server_does_not_take_the_socket) {
  const Status status = prepare_socket(folder_.path() / "socket");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().reason, "ANOTHER_DAEMON");
  create();  // the first still serves
}

TEST_F(ServerTest, health_is_served) {
  const auto [status, reply] = call("/grpc.health.v1.Health/Check");
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(reply, "\x08\x01");  // SERVING
}

TEST_F(ServerTest, the_node_can_be_drained_and_resized) {
  v1::UpdateNodeRequest request;
  request.mutable_node()->set_name("nodes/local");
  request.mutable_node()->set_draining(true);
  request.mutable_node()->set_slots(3);
  request.mutable_update_mask()->add_paths("slots");
  request.mutable_update_mask()->add_paths("draining");
  v1::Node node;
  ASSERT_TRUE(nodes_->UpdateNode(context().get(), request, &node).ok());
  EXPECT_TRUE(node.draining());
  EXPECT_EQ(node.slots(), 3U);
  const grpc::Status refused = try_create(script_spec());
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(reason_of(refused), "DRAINING");
  request.mutable_node()->set_draining(false);
  ASSERT_TRUE(nodes_->UpdateNode(context().get(), request, &node).ok());
  v1::JobSpec wide = script_spec();
  wide.mutable_resources()->set_cpus(3);
  EXPECT_TRUE(try_create(wide).ok());
  wide.mutable_resources()->set_cpus(4);
  EXPECT_EQ(reason_of(try_create(wide)), "NOT_ENOUGH_SLOTS");

  request.mutable_node()->set_slots(0);
  EXPECT_EQ(reason_of(nodes_->UpdateNode(context().get(), request, &node)), "BAD_SLOTS");
  request.mutable_update_mask()->set_paths(0, "cpus");
  EXPECT_EQ(reason_of(nodes_->UpdateNode(context().get(), request, &node)), "BAD_UPDATE_MASK");
  request.mutable_node()->set_name("nodes/other");
  EXPECT_EQ(reason_of(nodes_->UpdateNode(context().get(), request, &node)), "NODE_NOT_FOUND");
}

TEST_F(ServerTest, tells_its_limits_and_counts) {
  create();
  v1::Server server;
  ASSERT_TRUE(nodes_->GetServer(context().get(), {}, &server).ok());
  EXPECT_EQ(server.version(), "test");
  EXPECT_EQ(server.limits().message_bytes(), 4 << 20);
  EXPECT_EQ(server.limits().batch_size(), 1000);
  EXPECT_EQ(server.job_counts().at("queued"), 1);
  v1::ListNodesResponse list;
  ASSERT_TRUE(nodes_->ListNodes(context().get(), {}, &list).ok());
  ASSERT_EQ(list.nodes_size(), 1);
  EXPECT_EQ(list.nodes(0).slots(), 2U);
  EXPECT_GT(list.nodes(0).memory_bytes(), 0);
}

TEST_F(ServerTest, blenders_are_listed_with_their_proof) {
  v1::ListBlendersResponse list;
  ASSERT_TRUE(blenders_->ListBlenders(context().get(), {}, &list).ok());
  ASSERT_EQ(list.blenders_size(), 2);
  EXPECT_TRUE(list.blenders(0).is_default());
  EXPECT_EQ(list.blenders(0).fork(), v1::FORK_STATE_PROVEN);
  EXPECT_EQ(list.blenders(1).fork(), v1::FORK_STATE_REFUSED);
  EXPECT_EQ(list.blenders(1).fork_reason(), "an unknown thread is alive");
  v1::GetBlenderRequest request;
  v1::Blender blender;
  request.set_name("blenders/3.4.1-blender");
  ASSERT_TRUE(blenders_->GetBlender(context().get(), request, &blender).ok());
  EXPECT_EQ(blender.version(), "3.4.1");
  request.set_name("blenders/2.79-blender");
  EXPECT_EQ(reason_of(blenders_->GetBlender(context().get(), request, &blender)), "BLENDER_NOT_FOUND");
  v1::ListZygotesResponse zygotes;
  ASSERT_TRUE(blenders_->ListZygotes(context().get(), {}, &zygotes).ok());
  EXPECT_EQ(zygotes.zygotes(0).name(), "zygotes/7");
}

TEST_F(ServerTest, a_message_beyond_the_limit_is_refused) {
  v1::BatchCreateJobsRequest request;
  for (int i = 0; i < 5; ++i) *request.add_specs() = script_spec(std::string(1 << 20, '#'));
  v1::BatchCreateJobsResponse response;
  EXPECT_EQ(jobs_->BatchCreateJobs(context().get(), request, &response).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(ServerTest, many_callers_at_once_all_get_their_own_job) {
  std::mutex mutex;
  std::set<std::string> names;
  std::vector<std::thread> callers;
  for (int i = 0; i < 16; ++i) {
    callers.emplace_back([&] {
      for (int n = 0; n < 20; ++n) {
        const v1::Job job = create();
        const std::lock_guard lock(mutex);
        names.insert(job.name());
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(names.size(), 320U);
}

TEST_F(ServerTest, tcp_needs_the_certificate_and_the_token) {
  const auto tls = folder_.path() / "tls";
  ASSERT_TRUE(make_tls(tls, {"localhost", "127.0.0.1"}));
  ServerInfo info;
  auto tcp = Server::start({.socket = {}, .tcp = "127.0.0.1:0", .tls = tls}, io_, *engine_, *store_, pool_, hub_, info);
  ASSERT_TRUE(tcp) << tcp.error().message;
  const std::string address = "ipv4:127.0.0.1:" + std::to_string((*tcp)->tcp_port());
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = read_file(tls / "certificate.pem");
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  const auto stub = v1::NodeService::NewStub(grpc::CreateCustomChannel(address, grpc::SslCredentials(options), arguments));
  const auto ask = [&](const std::string& authorization) {
    auto client = context();
    if (!authorization.empty()) client->AddMetadata("authorization", authorization);
    v1::Server server;
    return stub->GetServer(client.get(), {}, &server);
  };
  std::string token = read_file(tls / "token");
  token.pop_back();
  EXPECT_EQ(ask("").error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(ask("Bearer " + token.substr(1)).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(ask(token).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  const grpc::Status good = ask("Bearer " + token);
  EXPECT_TRUE(good.ok()) << good.error_message();
  const auto plain = v1::NodeService::NewStub(grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
  v1::Server server;
  EXPECT_FALSE(plain->GetServer(context().get(), {}, &server).ok());
}

TEST(MakeTls, keeps_secrets_and_never_overwrites) {
  const TempFolder folder;
  const auto tls = folder.path() / "tls";
  ASSERT_TRUE(make_tls(tls, {"10.0.0.5", "::1", "render.example"}));
  for (const char* name : {"key.pem", "token"}) {
    struct stat status {};
    ASSERT_EQ(::stat((tls / name).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U) << name;
  }
  EXPECT_EQ(make_tls(tls, {"localhost"}).error().reason, "TLS_EXISTS");
  EXPECT_EQ(make_tls(folder.path() / "other", {"a,DNS:b"}).error().reason, "BAD_HOST");
  EXPECT_EQ(make_tls(folder.path() / "other", {}).error().reason, "BAD_HOST");
}

TEST(Tls, is_refused_where_others_could_read_the_token) {
  const TempFolder folder;
  const auto tls = folder.path() / "tls";
  EXPECT_EQ(tls_credentials(tls).error().reason, "TLS_MISSING");
  ASSERT_TRUE(make_tls(tls, {"localhost"}));
  EXPECT_TRUE(tls_credentials(tls));
  ASSERT_EQ(::chmod((tls / "token").c_str(), 0644), 0);
  EXPECT_EQ(tls_credentials(tls).error().reason, "TLS_UNSAFE");
}

// ---- the socket's path ----

TEST(UnixSocket, a_path_too_long_is_refused_with_its_length) {
  const TempFolder folder;
  const Status status = prepare_socket(folder.path() / std::string(120, 's'));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().reason, "SOCKET_PATH_TOO_LONG");
  EXPECT_THAT(status.error().message, HasSubstr("107"));
}

TEST(UnixSocket, a_folder_open_to_others_is_refused) {
  const TempFolder folder;
  ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
  EXPECT_EQ(prepare_socket(folder.path() / "s").error().reason, "SOCKET_FOLDER_UNSAFE");
  ASSERT_EQ(::chmod(folder.path().c_str(), 0700), 0);
  EXPECT_TRUE(prepare_socket(folder.path() / "s"));
  std::filesystem::create_directory_symlink(folder.path(), folder.path() / "link");
  EXPECT_EQ(prepare_socket(folder.path() / "link" / "s").error().reason, "SOCKET_FOLDER_UNSAFE");
}

TEST(UnixSocket, a_stale_socket_is_removed_and_a_file_is_not) {
  const TempFolder folder;
  const auto path = folder.path() / "s";
  {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.native().size());
    const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  EXPECT_TRUE(prepare_socket(path));
  EXPECT_FALSE(std::filesystem::exists(path));
  folder.write("s", "precious");
  EXPECT_EQ(prepare_socket(path).error().reason, "SOCKET_PATH_TAKEN");
  EXPECT_EQ(read_file(path), "precious");
}

}  // namespace
}  // namespace offstage::api
