// SPDX-License-Identifier: Apache-2.0
#include "app/tls.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "app/folders.h"
#include "base/ids.h"
#include "base/unique_fd.h"

namespace offstage::app {
namespace {

template <auto Free>
struct Freeing {
  template <class T>
  void operator()(T* value) const {
    Free(value);
  }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, Freeing<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Freeing<X509_free>>;
using BioPtr = std::unique_ptr<BIO, Freeing<BIO_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Freeing<X509_EXTENSION_free>>;

Error failed(const std::string& what) { return {.code = Code::internal, .reason = "TLS_FAILED", .message = what}; }

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 && name[0] != '\0' ? name : "localhost";
}

bool extend(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

CertificatePtr self_signed(EVP_PKEY* key) {
  const std::string host = host_name();
  CertificatePtr certificate(X509_new());
  std::uint64_t serial = 0;
  std::memcpy(&serial, JobId::random().bytes.data(), sizeof serial);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  const auto* common_name = reinterpret_cast<const unsigned char*>("offstaged");
  const bool done = X509_set_version(certificate.get(), 2) == 1 && ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1) == 1 &&
                    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -86'400) != nullptr &&
                    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3650L * 86'400) != nullptr && X509_set_pubkey(certificate.get(), key) == 1 &&
                    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, common_name, -1, -1, 0) == 1 && X509_set_issuer_name(certificate.get(), name) == 1 &&
                    extend(certificate.get(), NID_subject_alt_name, "DNS:" + host + ",DNS:localhost,IP:127.0.0.1,IP:::1") &&
                    extend(certificate.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                    extend(certificate.get(), NID_ext_key_usage, "serverAuth") && X509_sign(certificate.get(), key, EVP_sha256()) > 0;
  return done ? std::move(certificate) : nullptr;
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

Status write_new(const std::filesystem::path& file, const std::string& text) {
  const UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd && errno == EEXIST)
    return Error{.code = Code::already_exists,
                 .reason = "TLS_FILES_EXIST",
                 .message = "the file exists, and clients may trust it: nothing was written over it",
                 .hint = "name another folder, or remove the old files",
                 .fields = {{"file", file.string()}}};
  if (!fd || ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) || ::fsync(fd.get()) != 0)
    return failed(file.string() + " cannot be written: " + std::strerror(errno));
  return Done{};
}

}  // namespace

Result<TlsFiles> make_tls(const std::filesystem::path& folder) {
  if (auto made = make_private(folder); !made) return made.error();
  const KeyPtr key(EVP_EC_gen("P-256"));
  if (!key) return failed("OpenSSL cannot make a key");
  const CertificatePtr certificate = self_signed(key.get());
  if (!certificate) return failed("OpenSSL cannot make a certificate");
  const BioPtr key_text(BIO_new(BIO_s_mem())), certificate_text(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1 ||
      PEM_write_bio_X509(certificate_text.get(), certificate.get()) != 1)
    return failed("OpenSSL cannot write PEM");
  TlsFiles out{folder / "cert.pem", folder / "key.pem", folder / "token"};
  for (const auto& [file, text] :
       {std::pair{out.certificate, text_of(certificate_text.get())}, {out.key, text_of(key_text.get())}, {out.token, random_hex(32) + "\n"}}) {
    if (auto written = write_new(file, text); !written) return written.error();
  }
  return out;
}

}  // namespace offstage::app
