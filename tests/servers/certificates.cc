#include "tests/servers/certificates.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "tests/servers/process.h"

namespace servers {

namespace {

template <auto kFree>
struct Freeing {
  template <typename Object>
  void operator()(Object* object) const {
    static_cast<void>(kFree(object));  // NOLINT(cppcoreguidelines-owning-memory): it is the deleter
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freeing<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freeing<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freeing<X509_EXTENSION_free>>;
using File = std::unique_ptr<std::FILE, Freeing<std::fclose>>;

void require(bool succeeded, const char* what) {
  if (!succeeded) throw std::runtime_error(std::string("certificates: ") + what);
}

File open_file(const base::Path& path, const char* mode) {
  File file(std::fopen(path.c_str(), mode));
  require(file != nullptr, path.c_str());
  return file;
}

void write_key(const base::Path& path, EVP_PKEY& key) {
  require(PEM_write_PrivateKey(open_file(path, "w").get(), &key, nullptr, nullptr, 0, nullptr,
                               nullptr) == 1,
          "write a key");
  std::filesystem::permissions(path, std::filesystem::perms(0600));
}

Key make_key(const base::Path& path) {
  Key key(EVP_EC_gen("P-256"));
  require(key != nullptr, "generate a key");
  write_key(path, *key);
  return key;
}

void add_extension(X509& certificate, X509* authority, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, authority == nullptr ? &certificate : authority, &certificate, nullptr,
                 nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  require(extension != nullptr && X509_add_ext(&certificate, extension.get(), -1) == 1,
          "add an extension");
}

// A certificate that is valid from now on for two days, without signature.
Certificate make_certificate(const std::string& subject, EVP_PKEY& key) {
  constexpr long kTwoDays = 2L * 24 * 60 * 60;
  Certificate certificate(X509_new());
  require(certificate != nullptr, "make a certificate");
  std::uint32_t serial = 0;
  require(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1,
          "random bytes");
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kTwoDays);
  X509_set_pubkey(certificate.get(), &key);
  X509_NAME* const name = X509_get_subject_name(certificate.get());
  require(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                     reinterpret_cast<const unsigned char*>(subject.c_str()), -1,
                                     -1, 0) == 1,
          "name a certificate");
  return certificate;
}

base::Path sign_and_write(const base::Path& path, X509& certificate, EVP_PKEY& authority_key) {
  require(X509_sign(&certificate, &authority_key, EVP_sha256()) > 0, "sign a certificate");
  require(PEM_write_X509(open_file(path, "w").get(), &certificate) == 1, "write a certificate");
  return path;
}

base::Path make_authority(const base::Path& path, const std::string& name, EVP_PKEY& key) {
  const Certificate certificate = make_certificate("mailstow test authority " + name, key);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
  add_extension(*certificate, nullptr, NID_subject_key_identifier, "hash");
  add_extension(*certificate, nullptr, NID_authority_key_identifier, "keyid:always");
  add_extension(*certificate, nullptr, NID_basic_constraints, "critical,CA:TRUE");
  return sign_and_write(path, *certificate, key);
}

struct Authority {
  Certificate certificate;
  Key key;
};

Authority load_authority(const base::Path& directory) {
  Authority authority;
  authority.certificate.reset(
      PEM_read_X509(open_file(directory / "ca.pem", "r").get(), nullptr, nullptr, nullptr));
  authority.key.reset(
      PEM_read_PrivateKey(open_file(directory / "ca.key", "r").get(), nullptr, nullptr, nullptr));
  require(authority.certificate != nullptr && authority.key != nullptr, "load the authority");
  return authority;
}

base::Path make_signed(const base::Path& path, const std::string& subject, EVP_PKEY& key,
                       const Authority& authority, int extension, const std::string& value) {
  const Certificate certificate = make_certificate(subject, key);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(authority.certificate.get()));
  add_extension(*certificate, authority.certificate.get(), extension, value);
  return sign_and_write(path, *certificate, *authority.key);
}

}  // namespace

Certificates make_certificates(const base::Path& directory) {
  Certificates result;
  const Key ca_key = make_key(directory / "ca.key");
  result.ca = make_authority(directory / "ca.pem", "ca", *ca_key);
  result.key = directory / "server.key";
  const Key key = make_key(result.key);
  result.stranger_ca = make_authority(directory / "stranger.pem", "stranger", *key);
  result.certificate =
      make_signed(directory / "server.pem", "localhost", *key, load_authority(directory),
                  NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:127.0.0.2,IP:::1");
  return result;
}

ClientCertificate make_client_certificate(const base::Path& directory, const std::string& name) {
  ClientCertificate result;
  result.key = directory / ("client-" + name + ".key");
  result.file = directory / ("client-" + name + ".pem");
  const Key key = make_key(result.key);
  make_signed(result.file, name, *key, load_authority(directory), NID_ext_key_usage, "clientAuth");
  return result;
}

bool has_valid_certificate(std::string_view imaps_url, const base::Path& ca) {
  const std::string address(imaps_url.substr(std::string_view("imaps://").size()));
  const std::string host = address.substr(0, address.find(':'));
  // Without input, the client itself closes the connection after the handshake. A server that
  // closes it first, without TLS's close_notify as Cyrus does, would count as a failure.
  return run_program({"openssl", "s_client", "-connect", address, "-CAfile", ca,
                      "-verify_return_error", "-verify_ip", host})
             .status == 0;
}

}  // namespace servers
