// SPDX-License-Identifier: Apache-2.0
//
// Connections and streams have a bound, and room comes back when some are closed.
#include "api/acceptor.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include "harness.h"

namespace offstage::api {
namespace {

/// A second server on the same core, with small limits.
struct Bounded : Harness {
  Bounded() {
    ServerInfo info;
    info.connections = 3;
    info.streams = 2;
    auto started = Server::start({.socket = small_, .tcp = {}, .tls = {}}, io_, *engine_, *store_, pool_, hub_, info);
    if (!started) throw std::runtime_error(started.error().message);
    second_ = std::move(*started);
  }
  UniqueFd connect() const {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, small_.c_str(), small_.native().size());
    const timeval patience{.tv_sec = 30, .tv_usec = 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  /// What the server says first; ends with `TOO_MANY_CONNECTIONS: …` if that is all that it says.
  static std::string first_words(const UniqueFd& fd) {
    char buffer[1024];
    const ssize_t got = ::recv(fd.get(), buffer, sizeof buffer, 0);
    return {buffer, static_cast<std::size_t>(std::max<ssize_t>(0, got))};
  }
  static bool turned_away(const UniqueFd& fd) { return first_words(fd).find("TOO_MANY_CONNECTIONS") != std::string::npos; }
  std::unique_ptr<v1::NodeService::Stub> client(std::shared_ptr<grpc::Channel>* channel = nullptr) const {
    grpc::ChannelArguments own;
    own.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    auto made = grpc::CreateCustomChannel("unix:" + small_.string(), grpc::InsecureChannelCredentials(), own);
    if (channel) *channel = made;
    return v1::NodeService::NewStub(made);
  }

  const std::filesystem::path small_ = folder_.path() / "small";
  std::unique_ptr<Server> second_;
};

TEST_F(Bounded, the_limits_are_told) {
  v1::Server server;
  ASSERT_TRUE(client()->GetServer(context().get(), {}, &server).ok());
  EXPECT_EQ(server.limits().connections(), 3);
  EXPECT_EQ(server.limits().streams(), 2);
}

TEST_F(Bounded, a_connection_too_many_is_turned_away_with_a_reason_and_the_others_are_served) {
  v1::Server server;
  const auto served = client();
  ASSERT_TRUE(served->GetServer(context().get(), {}, &server).ok());
  const UniqueFd second = connect(), third = connect();
  EXPECT_FALSE(turned_away(second));
  EXPECT_FALSE(turned_away(third));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(turned_away(connect()));
  const auto late = client();
  EXPECT_EQ(late->GetServer(context().get(), {}, &server).error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_TRUE(served->GetServer(context().get(), {}, &server).ok());
}

TEST_F(Bounded, closed_connections_make_room) {
  for (int i = 0; i < 50; ++i) {
    const UniqueFd fd = connect();
    if (turned_away(fd)) std::this_thread::sleep_for(std::chrono::milliseconds(20));  // gRPC has not closed the one before yet
  }
  v1::Server server;
  auto patient = context();
  patient->set_wait_for_ready(true);
  EXPECT_TRUE(client()->GetServer(patient.get(), {}, &server).ok());
}

TEST_F(Bounded, a_stream_too_many_is_refused_with_a_reason_and_a_hint) {
  std::shared_ptr<grpc::Channel> channel;
  client(&channel);
  const auto jobs = v1::JobService::NewStub(channel);
  const auto watch = [&jobs](grpc::ClientContext& call) { return jobs->WatchJobs(&call, {}); };
  grpc::ClientContext first, second, third;
  v1::WatchJobsResponse response;
  auto one = watch(first), two = watch(second);
  ASSERT_TRUE(one->Read(&response));  // they are open
  ASSERT_TRUE(two->Read(&response));
  auto three = watch(third);
  EXPECT_FALSE(three->Read(&response));
  const grpc::Status refused = three->Finish();
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(reason_of(refused), "TOO_MANY_STREAMS");
  EXPECT_FALSE(detail_of<google::rpc::ErrorInfo>(refused)->metadata().at("hint").empty());
  first.TryCancel();
  second.TryCancel();
}

TEST_F(Bounded, its_path_is_gone_when_it_has_stopped) {
  second_.reset();
  EXPECT_FALSE(std::filesystem::exists(small_));
}

TEST_F(Bounded, a_job_beyond_the_size_of_a_spec_is_refused_with_a_hint) {
  v1::JobSpec spec = script_spec(std::string(1 << 20, 'x'));
  spec.mutable_script()->set_parameters_json("{\"a\": \"" + std::string((1 << 20) - 100, 'x') + "\"}");
  EXPECT_TRUE(try_create(spec).ok());
  for (int i = 0; i < 600; ++i) spec.mutable_script()->add_args(std::string(1000, 'x'));
  const grpc::Status refused = try_create(spec);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(reason_of(refused), "SPEC_TOO_LARGE");
  EXPECT_FALSE(detail_of<google::rpc::ErrorInfo>(refused)->metadata().at("hint").empty());
}

}  // namespace
}  // namespace offstage::api
