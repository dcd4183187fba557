// SPDX-License-Identifier: Apache-2.0
//
// What TCP needs, made by one command: a self-signed certificate, its key, and a token. Clients trust exactly this certificate.
//
// Thread: start-up.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace offstage::app {

struct TlsFiles {
  std::filesystem::path certificate, key, token;
};

/// Makes `folder` (0700) and in it cert.pem, key.pem and token (0600); nothing that exists is written over.
/// The certificate is for this host's name, localhost and the loopback addresses, for ten years. Errors: TLS_FILES_EXIST, TLS_FAILED, FOLDER_UNSAFE.
Result<TlsFiles> make_tls(const std::filesystem::path& folder);

}  // namespace offstage::app
