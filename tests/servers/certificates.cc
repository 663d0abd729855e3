#include "tests/servers/certificates.h"

#include <fstream>
#include <string>

#include "tests/servers/process.h"

namespace servers {

namespace {

base::Path make_key(const base::Path& folder, const std::string& name) {
  base::Path key = folder / (name + ".key");
  output_of({"openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key});
  return key;
}

base::Path make_authority(const base::Path& folder, const std::string& name,
                          const base::Path& key) {
  base::Path certificate = folder / (name + ".pem");
  output_of({"openssl", "req", "-x509", "-new", "-key", key, "-sha256", "-days", "2", "-subj",
             "/CN=mailstow test authority " + name, "-out", certificate});
  return certificate;
}

// `name`.pem, for what `name`.names says it is for.
base::Path sign(const base::Path& folder, const std::string& name, const std::string& subject) {
  const base::Path request = folder / (name + ".csr");
  output_of({"openssl", "req", "-new", "-key", folder / (name + ".key"), "-subj", "/CN=" + subject,
             "-out", request});
  base::Path certificate = folder / (name + ".pem");
  output_of({"openssl", "x509", "-req", "-in", request, "-CA", folder / "ca.pem", "-CAkey",
             folder / "ca.key", "-CAcreateserial", "-days", "2", "-sha256", "-extfile",
             folder / (name + ".names"), "-out", certificate});
  return certificate;
}

}  // namespace

Certificates make_certificates(const base::Path& folder) {
  const base::Path ca_key = make_key(folder, "ca");
  Certificates result;
  result.ca = make_authority(folder, "ca", ca_key);
  result.key = make_key(folder, "server");
  result.stranger_ca = make_authority(folder, "stranger", result.key);
  std::ofstream(folder / "server.names")
      << "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:127.0.0.2,IP:::1\n";
  result.certificate = sign(folder, "server", "localhost");
  return result;
}

ClientCertificate make_client_certificate(const base::Path& folder, const std::string& name) {
  const std::string file = "client-" + name;
  ClientCertificate result;
  result.key = make_key(folder, file);
  std::ofstream(folder / (file + ".names")) << "extendedKeyUsage=clientAuth\n";
  result.file = sign(folder, file, name);
  return result;
}

}  // namespace servers
