// SPDX-License-Identifier: Apache-2.0
#include "cli/context.h"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <sstream>

#include <offstage/version.h>

#include "cli/daemon_control.h"
#include "cli/report.h"

namespace offstage::cli {
namespace {

Result<std::string> read_small(const std::string& path, const char* option) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file || text.str().empty())
    return Error{.code = Code::invalid_argument,
                 .message = std::string(option) + ": the file cannot be read, or is empty",
                 .hint = "`offstaged --make-tls DIR` makes it on the daemon's machine",
                 .fields = {{"file", path}}};
  return text.str();
}

std::string named_socket() {
  const char* value = std::getenv("OFFSTAGE_SOCKET");
  return value != nullptr ? value : "";
}

}  // namespace

bool Context::own_daemon() const { return address.empty() && named_socket().empty(); }

std::string Context::socket_path() const {
  std::string at = !address.empty() ? address : !named_socket().empty() ? named_socket() : default_socket_path();
  if (at.starts_with("unix:")) at.erase(0, 5);
  return at.starts_with('/') ? at : std::string();
}

Result<Client> Context::connect() const {
  ConnectOptions where{.address = address, .program = "offstage/" OFFSTAGE_VERSION};
  if (!token_file.empty()) {
    auto token = read_small(token_file, "--token-file");
    if (!token) return token.error();
    where.token = token->substr(0, token->find_first_of("\r\n"));
  }
  if (!certificate_file.empty()) {
    auto certificate = read_small(certificate_file, "--tls-cert");
    if (!certificate) return certificate.error();
    where.certificate = *certificate;
  }
  ClientOptions options;
  options.on_reconnect = [last = std::make_shared<std::atomic<std::time_t>>(0)](const Error& error) {  // `run` has two streams: once is enough
    const std::time_t now = std::time(nullptr);
    if (now - last->exchange(now) > 2) note("the connection is lost (" + error.message + "); waiting for the daemon to come back");
  };
  auto client = Client::connect(where, options);
  if (!client && client.error().code == Code::no_daemon && !own_daemon())
    client.error().hint = "check OFFSTAGE_SOCKET or --address; without them your own daemon is used";
  if (client) this->client = *client;
  return client;
}

Result<Client> Context::connect_or_start() const {
  auto client = connect();
  if (client || client.error().code != Code::no_daemon || !own_daemon()) return client;
  auto started = start_daemon(*this);
  if (!started) return started.error();
  if (started->started) note("started the daemon (pid " + std::to_string(started->server.pid) + "); `offstage daemon stop` ends it");
  return connect();
}

}  // namespace offstage::cli
