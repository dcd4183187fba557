// SPDX-License-Identifier: Apache-2.0
//
// TCP's door: TLS with a certificate of our own making, and a token. Both are made by one command; clients get the certificate and the token.
//
//     certificate.pem   0644   P-256, self-signed, ten years, for the hosts that were named
//     key.pem           0600
//     token             0600   32 random bytes in hexadecimal; sent as "authorization: Bearer <token>"
//
// Thread: start-up; the token check runs on gRPC's threads.
#pragma once

#include <grpcpp/security/server_credentials.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace offstage::api {

/// Makes the folder's files; never overwrites. `hosts`: names and addresses by which clients will call it.
Status make_tls(const std::filesystem::path& folder, const std::vector<std::string>& hosts);

/// From a folder of make_tls(). Errors: TLS_MISSING; TLS_UNSAFE: key or token may be read by others.
Result<std::shared_ptr<grpc::ServerCredentials>> tls_credentials(const std::filesystem::path& folder);

/// Takes as long for a wrong token as for the right one.
bool same_secret(std::string_view a, std::string_view b);

}  // namespace offstage::api
