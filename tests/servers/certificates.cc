#include "tests/servers/certificates.h"

#include <fstream>
#include <string>

#include "tests/servers/process.h"

namespace servers {

namespace {

base::Path make_key(const base::Path& directory, const std::string& name) {
  base::Path key = directory / (name + ".key");
  output_of({"openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key});
  return key;
}

base::Path make_authority(const base::Path& directory, const std::string& name,
                          const base::Path& key) {
  base::Path certificate = directory / (name + ".pem");
  output_of({"openssl", "req", "-x509", "-new", "-key", key, "-sha256", "-days", "2", "-subj",
             "/CN=mailstow test authority " + name, "-out", certificate});
  return certificate;
}

// Writes `name`.pem with the extensions in `name`.names.
base::Path sign(const base::Path& directory, const std::string& name, const std::string& subject) {
  const base::Path request = directory / (name + ".csr");
  output_of({"openssl", "req", "-new", "-key", directory / (name + ".key"), "-subj",
             "/CN=" + subject, "-out", request});
  base::Path certificate = directory / (name + ".pem");
  output_of({"openssl", "x509", "-req", "-in", request, "-CA", directory / "ca.pem", "-CAkey",
             directory / "ca.key", "-CAcreateserial", "-days", "2", "-sha256", "-extfile",
             directory / (name + ".names"), "-out", certificate});
  return certificate;
}

}  // namespace

Certificates make_certificates(const base::Path& directory) {
  const base::Path ca_key = make_key(directory, "ca");
  Certificates result;
  result.ca = make_authority(directory, "ca", ca_key);
  result.key = make_key(directory, "server");
  result.stranger_ca = make_authority(directory, "stranger", result.key);
  std::ofstream(directory / "server.names")
      << "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:127.0.0.2,IP:::1\n";
  result.certificate = sign(directory, "server", "localhost");
  return result;
}

ClientCertificate make_client_certificate(const base::Path& directory, const std::string& name) {
  const std::string file = "client-" + name;
  ClientCertificate result;
  result.key = make_key(directory, file);
  std::ofstream(directory / (file + ".names")) << "extendedKeyUsage=clientAuth\n";
  result.file = sign(directory, file, name);
  return result;
}

}  // namespace servers
