// SPDX-License-Identifier: Apache-2.0
//
// Makes a key, a self-signed certificate and a token. (tls.h)
#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>

#include "api/text.h"
#include "api/tls.h"
#include "base/ids.h"
#include "base/unique_fd.h"

namespace offstage::api {
namespace {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;
using Memory = std::unique_ptr<BIO, Freer<BIO_free_all>>;

constexpr long kTenYears = 3650L * 24 * 60 * 60;

std::string alternative_names(const std::vector<std::string>& hosts) {
  std::string out;
  for (const std::string& host : hosts) {
    in6_addr address{};
    const bool numeric = ::inet_pton(AF_INET, host.c_str(), &address) == 1 || ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
    out += (out.empty() ? "" : ",") + std::string(numeric ? "IP:" : "DNS:") + host;
  }
  return out;
}

bool extend(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

Certificate make_certificate(EVP_PKEY* key, const std::vector<std::string>& hosts) {
  Certificate out(X509_new());
  X509_set_version(out.get(), X509_VERSION_3);
  std::uint64_t serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(out.get()), serial >> 1);
  X509_gmtime_adj(X509_getm_notBefore(out.get()), -24L * 60 * 60);  // clocks differ
  X509_gmtime_adj(X509_getm_notAfter(out.get()), kTenYears);
  X509_set_pubkey(out.get(), key);
  X509_NAME* name = X509_get_subject_name(out.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>("offstaged"), -1, -1, 0);
  X509_set_issuer_name(out.get(), name);
  const bool good = extend(out.get(), NID_basic_constraints, "critical,CA:TRUE") && extend(out.get(), NID_subject_alt_name, alternative_names(hosts)) &&
                    extend(out.get(), NID_ext_key_usage, "serverAuth") && X509_sign(out.get(), key, EVP_sha256()) > 0;
  return good ? std::move(out) : nullptr;
}

template <class Write>
std::string pem(Write write) {
  const Memory memory(BIO_new(BIO_s_mem()));
  write(memory.get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

Status write_new(const std::filesystem::path& path, const std::string& text, mode_t mode) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (fd && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fchmod(fd.get(), mode) == 0) return Done{};
  const bool there = errno == EEXIST;
  return Error{Code::failed_precondition,
               there ? "TLS_EXISTS" : "TLS_NOT_WRITTEN",
               path.string() + (there ? " is there already" : " cannot be written: " + std::system_category().message(errno)),
               there ? "clients may use it: remove it yourself if you want a new one" : "check the folder's owner and mode",
               "",
               {{"file", path.string()}}};
}

}  // namespace

Status make_tls(const std::filesystem::path& folder, const std::vector<std::string>& hosts) {
  for (const std::string& host : hosts) {
    if (host.empty() || host.find_first_of(", \t\n:") != std::string::npos) {
      in6_addr address{};
      if (::inet_pton(AF_INET6, host.c_str(), &address) == 1) continue;
      return Error{Code::invalid_argument, "BAD_HOST", in_quotes(host) + " is neither a host name nor an address",
                   "give names such as render.example or 10.0.0.5", ""};
    }
  }
  if (hosts.empty()) return Error{Code::invalid_argument, "BAD_HOST", "there is no host", "name the hosts by which clients will call this machine", ""};
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return Error{Code::failed_precondition, "TLS_NOT_WRITTEN", folder.string() + " cannot be made: " + std::system_category().message(errno),
                 "make its parent first", ""};
  }
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate = key ? make_certificate(key.get(), hosts) : nullptr;
  if (!certificate) return Error{Code::internal, "TLS_FAILED", "OpenSSL could not make a certificate", "check the host names", ""};
  const std::string key_text = pem([&](BIO* to) { PEM_write_bio_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  const std::string certificate_text = pem([&](BIO* to) { PEM_write_bio_X509(to, certificate.get()); });
  if (auto good = write_new(folder / "key.pem", key_text, 0600); !good) return good;
  if (auto good = write_new(folder / "certificate.pem", certificate_text, 0644); !good) return good;
  return write_new(folder / "token", random_hex(32) + "\n", 0600);
}

}  // namespace offstage::api
