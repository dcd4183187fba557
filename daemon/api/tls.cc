// SPDX-License-Identifier: Apache-2.0
#include "api/tls.h"

#include <openssl/crypto.h>
#include <sys/stat.h>

#include "api/files.h"
#include "api/status.h"

namespace offstage::api {
namespace {

constexpr std::size_t kFileBytes = 64 << 10;
constexpr std::string_view kScheme = "Bearer ";

/// Refuses every call without the token; the token is no metadata for the services.
class TokenCheck final : public grpc::AuthMetadataProcessor {
 public:
  explicit TokenCheck(std::string token) : token_(std::move(token)) {}
  bool IsBlocking() const override { return false; }
  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext*, OutputMetadata* consumed, OutputMetadata*) override {
    const auto sent = metadata.find("authorization");
    if (sent == metadata.end()) {
      return to_status({Code::unauthenticated, "TOKEN_MISSING", "the call carries no token", "send the token that `offstaged --make-tls` wrote", ""});
    }
    const std::string_view value(sent->second.data(), sent->second.size());
    if (!value.starts_with(kScheme) || !same_secret(value.substr(kScheme.size()), token_)) {
      return to_status({Code::unauthenticated, "TOKEN_WRONG", "the token is not this daemon's", "copy the token file again from the daemon's machine", ""});
    }
    consumed->emplace("authorization", std::string(value));
    return grpc::Status::OK;
  }

 private:
  const std::string token_;
};

Result<std::string> read(const std::filesystem::path& path, bool secret) {
  struct stat status {};
  if (secret && ::stat(path.c_str(), &status) == 0 && (status.st_mode & 077) != 0) {
    return Error{Code::failed_precondition, "TLS_UNSAFE", path.string() + " is open to others", "chmod 600 it", "", {{"file", path.string()}}};
  }
  auto bytes = read_start(path, kFileBytes);
  if (bytes) return std::move(*bytes);
  return Error{
      Code::failed_precondition, "TLS_MISSING", path.string() + " " + bytes.error().text, "make it: offstaged --make-tls " + path.parent_path().string(), "",
      {{"file", path.string()}}};
}

}  // namespace

bool same_secret(std::string_view a, std::string_view b) { return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0; }

Result<std::shared_ptr<grpc::ServerCredentials>> tls_credentials(const std::filesystem::path& folder) {
  auto certificate = read(folder / "certificate.pem", false);
  if (!certificate) return certificate.error();
  auto key = read(folder / "key.pem", true);
  if (!key) return key.error();
  auto token = read(folder / "token", true);
  if (!token) return token.error();
  while (!token->empty() && (token->back() == '\n' || token->back() == ' ')) token->pop_back();
  if (token->size() < 32) {
    return Error{Code::failed_precondition, "TLS_UNSAFE", (folder / "token").string() + " has fewer than 32 characters",
                 "make a new one: offstaged --make-tls FOLDER", ""};
  }
  grpc::SslServerCredentialsOptions options;
  options.pem_key_cert_pairs.push_back({*key, *certificate});
  auto credentials = grpc::SslServerCredentials(options);
  credentials->SetAuthMetadataProcessor(std::make_shared<TokenCheck>(std::move(*token)));
  return credentials;
}

}  // namespace offstage::api
