// Reports to the administrator, after the programs did their work on a real Dovecot: mail through a
// real mail server, hooks to a real web server.
#include <filesystem>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <unistd.h>

#include "base/bytes.h"
#include "store/search_index/envelope.h"
#include "tests/programs/installation.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/certificates.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_server.h"
#include "tests/text_of.h"

namespace backupd {
namespace {

using programs::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class ReportingTest : public testing::Test {
 protected:
  ReportingTest() {
    servers::fill_account(server_, "alice", 20);
    mailstow_.config()["mail"] = mail_server_.config();
    mailstow_.config()["reports"]["to"] = {"admin@example.org"};
    mailstow_.config()["accounts"] = {{{"name", "alice"}, {"server", "main"}}};
    mailstow_.save();
    mailstow_.make_store();
  }

  std::vector<json> mail() { return mail_server_.mail(); }

  // The newest mail; expects a strict parser to accept it, and its header to name no folder or
  // account.
  json last_mail() {
    const std::vector<json> all = mail();
    EXPECT_FALSE(all.empty());
    if (all.empty()) return {};
    const std::string raw = all.back()["raw"];
    EXPECT_EQ(all.back()["wrong"], json::array()) << raw;
    const std::string header = raw.substr(0, raw.find("\r\n\r\n"));
    for (const char* name : {"alice", "bob", "INBOX", "Archive"}) {
      EXPECT_THAT(header, Not(HasSubstr(name)));
    }
    // GMime parses it as well.
    const store::Envelope envelope = store::read_envelope(base::as_bytes(raw));
    EXPECT_EQ(all.back()["headers"]["Subject"], envelope.subject);
    EXPECT_EQ(envelope.from, "mailstow <backup@example.org>");
    EXPECT_TRUE(envelope.date.has_value());
    return all.back();
  }
  std::string last_subject() { return last_mail()["headers"]["Subject"]; }
  std::string last_body() { return last_mail()["body"]; }

  servers::Dovecot server_;
  servers::MailServer mail_server_;
  programs::Installation mailstow_{server_};
};

TEST_F(ReportingTest, TheSummaryCoversBackupAndOtherJobs) {
  mailstow_.backupd_json({"once"});
  ASSERT_EQ(mail().size(), 1U);
  EXPECT_EQ(last_subject(), "mailstow on backup.example.org: backup complete: 1 account");
  EXPECT_THAT(last_body(), HasSubstr("20 new messages"));
  EXPECT_THAT(last_body(), HasSubstr("No problems."));
  EXPECT_THAT(last_body(), HasSubstr("There are no restored trees."));

  mailstow_.backupd_json({"check"});
  mailstow_.backupd_json({"drill"});
  const json tree = mailstow_.restore_json({"run", "alice", "--all", "--expire-after", "2d"});
  std::ofstream(mailstow_.directory() / "wrong") << "not-the-password\n";
  mailstow_.config()["accounts"].push_back(
      {{"name", "bob"},
       {"server", "main"},
       {"password_file", (mailstow_.directory() / "wrong").string()}});
  mailstow_.save();
  const json second = mailstow_.backupd_json({"once"}, 3);
  ASSERT_EQ(mail().size(), 2U) << "nothing was wrong with check and drill";
  EXPECT_EQ(last_subject(),
            "mailstow on backup.example.org: backup partial: 2 accounts, 1 with problems");
  const std::string body = last_body();
  EXPECT_THAT(body, HasSubstr("  bob: "));
  EXPECT_THAT(body, HasSubstr("check user and password\n"));
  EXPECT_THAT(body, HasSubstr("  bob: ALARM: it was never backed up successfully\n"));
  EXPECT_THAT(body, HasSubstr("1 account complete, with nothing new.\n"));
  EXPECT_THAT(body, HasSubstr(" more than after the backup of 20"));
  EXPECT_THAT(body, HasSubstr("  " + tree["expires"].get<std::string>() +
                              "  alice: " + tree["tree"].get<std::string>() + "\n"));
  EXPECT_THAT(body, HasSubstr("all done: 20 of 20 messages were read back intact\n"));
  EXPECT_THAT(body, testing::ContainsRegex(" packs? read, 0 damaged\n"));
  const json& commit = second["commit"];
  EXPECT_THAT(body, HasSubstr("The store's highest commit is number " + commit["number"].dump() +
                              ", " + commit["id"].get<std::string>() + ".\n"));
}

TEST_F(ReportingTest, CommandsThatAreNoJobsAreNotReported) {
  mailstow_.backupd_json({"once", "--account", "alice"});
  mailstow_.backupd_json({"prune", "--dry-run"});
  mailstow_.restore_json({"sweep", "--dry-run"});
  EXPECT_THAT(mail(), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(mailstow_.index() / "jobs"));
  EXPECT_THAT(mailstow_.backupd({"status"}).out, HasSubstr("No job has run yet."));
}

TEST_F(ReportingTest, DamageIsReported) {
  mailstow_.backupd_json({"once"});
  for (const auto& entry : std::filesystem::recursive_directory_iterator(mailstow_.store())) {
    if (!entry.is_regular_file() || entry.file_size() < 4'096) continue;
    std::fstream pack(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    pack.seekp(2'000);
    pack.put('x');
    pack.put('y');
  }
  mailstow_.backupd_json({"check", "--read-data"}, 4);
  EXPECT_EQ(last_subject(), "mailstow on backup.example.org: check: the store is damaged");
  EXPECT_THAT(last_body(), HasSubstr("Damage: "));
  EXPECT_THAT(last_body(), HasSubstr("The store's highest commit is number "));
  const std::size_t before = mail().size();
  mailstow_.backupd_json({"check", "--read-data"}, 4);
  EXPECT_EQ(mail().size(), before) << "the same, on the same day";

  const auto status = mailstow_.backupd({"status"});
  EXPECT_THAT(status.out, HasSubstr("check   20"));
  const json jobs = mailstow_.backupd_json({"status"})["jobs"];
  const json check = programs::find_by(jobs, "job", "check");
  EXPECT_EQ(check["exit_status"], 4);
  EXPECT_EQ(check["last_success"], nullptr);
  EXPECT_EQ(programs::find_by(jobs, "job", "backup")["exit_status"], 0);
}

TEST_F(ReportingTest, AFailedSweepIsReported) {
  mailstow_.backupd_json({"once"});
  mailstow_.restore_json({"run", "alice", "--all", "--expire-after", "1s"});
  server_.stop();
  mailstow_.restore({"sweep"});
  EXPECT_EQ(last_subject(), "mailstow on backup.example.org: sweep: nothing was done");
  EXPECT_THAT(last_body(), HasSubstr("alice: RESTORED/"));
  server_.start();
  mailstow_.restore_json({"sweep"});
  EXPECT_EQ(last_subject(), "mailstow on backup.example.org: sweep: recovered");
}

// Records the requests, one per line: method, path, body.
constexpr const char* kWebServer = R"python(
import http.server, ssl, sys
class Keeper(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        with open(sys.argv[1], "a") as file:
            file.write(f"{self.command} {self.path} {body.split()}\n")
        self.send_response(500 if "broken" in self.path else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    do_POST = do_GET
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Keeper)
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
)python";

class WebServer {
 public:
  // Uses TLS if a certificate with its key is given.
  explicit WebServer(const base::Path& directory, const std::vector<std::string>& certificate = {})
      : asked_(directory / "asked"),
        log_(directory / "web"),
        process_(command(certificate), {"PATH=/usr/bin:/bin"}, {::getuid(), ::getgid()}, log_) {
    for (int attempt = 0; attempt < 3'000 && port_.empty(); ++attempt) {
      std::ifstream(log_) >> port_;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }

  std::string address() const { return "127.0.0.1:" + port_; }
  std::string asked() const { return tests::text_of(asked_); }

 private:
  std::vector<std::string> command(const std::vector<std::string>& certificate) const {
    std::vector<std::string> command = {"/usr/bin/python3", "-c", kWebServer, asked_.string()};
    command.insert(command.end(), certificate.begin(), certificate.end());
    return command;
  }

  base::Path asked_;
  base::Path log_;
  servers::Process process_;
  std::string port_;
};

TEST_F(ReportingTest, HooksPingAWebServer) {
  const WebServer web(mailstow_.directory());
  const std::string url = "http://" + web.address();
  mailstow_.config()["hooks"] = {
      {{"url", url + "/start"}, {"on", {"start"}}},
      {{"url", url + "/broken"}, {"jobs", {"sweep", "check"}}, {"on", {"success"}}},
      {{"url", url + "/done"}, {"method", "post"}, {"on", {"success", "failure"}}}};
  mailstow_.save();
  mailstow_.backupd_json({"once"});
  EXPECT_THAT(web.asked(), HasSubstr("GET /start []\nPOST /done ['{', '\"status\":', "
                                     "'\"complete\",', "));
  const auto swept = mailstow_.restore({"sweep"});
  EXPECT_EQ(swept.status, 0);
  EXPECT_THAT(swept.err,
              HasSubstr("/hooks/1: success of sweep: " + url + ": the server answered with 500"));
}

TEST_F(ReportingTest, HooksPingOverTlsOnlyTrustedServers) {
  const servers::Certificates certificates = servers::make_certificates(mailstow_.directory());
  const WebServer web(mailstow_.directory(),
                      {certificates.certificate.string(), certificates.key.string()});
  const std::string url = "https://" + web.address();
  const std::string trusted = certificates.ca.string();
  mailstow_.config()["hooks"] = {
      {{"url", url + "/secret"}, {"on", {"start"}}, {"ca_file", trusted}},
      {{"url", url + "/done"}, {"on", {"success"}}, {"ca_file", trusted}, {"method", "post"}},
      {{"url", url + "/secret"}, {"on", {"start"}}},
      {{"url", url + "/secret"}, {"on", {"start"}}, {"ca_file", certificates.stranger_ca.string()}},
      {{"url", "http://" + web.address() + "/secret"}, {"on", {"start"}}},
      {{"url", "https://127.0.0.1:1/secret"}, {"on", {"start"}}}};
  mailstow_.save();
  const auto once = mailstow_.backupd({"once"});
  EXPECT_EQ(once.status, 0) << "a failing hook does not fail the backup";
  EXPECT_THAT(web.asked(), HasSubstr("GET /secret []\nPOST /done ['{', '\"status\":', "));
  EXPECT_EQ(web.asked().find("GET"), web.asked().rfind("GET")) << "the others are not trusted";
  for (const int stranger : {2, 3}) {
    EXPECT_THAT(once.err, HasSubstr("/hooks/" + std::to_string(stranger) +
                                    ": start of backup: " + url + ": "));
  }
  EXPECT_THAT(once.err, HasSubstr("the certificate is not trusted: "));
  EXPECT_THAT(once.err, HasSubstr("/hooks/4: start of backup: http://" + web.address() + ": "));
  EXPECT_THAT(once.err, HasSubstr("/hooks/5: start of backup: https://127.0.0.1:1: "));
  EXPECT_THAT(once.err, Not(HasSubstr("secret")));

  mailstow_.config()["hooks"] = {{{"url", "http://" + web.address()}, {"ca_file", trusted}}};
  mailstow_.save();
  const auto refused = mailstow_.backupd({"once"});
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.err, HasSubstr("/hooks/0/ca_file: it applies only to an https:// url"));
}

}  // namespace
}  // namespace backupd
