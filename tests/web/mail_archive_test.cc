// A download is a zip file that other programs read, or has no end.
#include "web/mail_archive.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>

#include <gmock/gmock.h>

#include "tests/servers/process.h"
#include "tests/temporary_directory.h"
#include "tests/web/scripted_desk.h"
#include "web/problem.h"

namespace web {
namespace {

constexpr const char* kContents = R"(
import json, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
assert not archive.testzip()
print(json.dumps({name: archive.read(name).decode("latin-1") for name in archive.namelist()}))
)";

std::string bytes_of(MailArchive& archive) {
  std::string zip;
  for (std::string piece; !(piece = archive.next()).empty();) zip += piece;
  return zip;
}

std::string archive_of(const std::string& frames, ArchiveFormat format = ArchiveFormat::kEml) {
  MailArchive archive(
      [rest = frames]() mutable {
        // In small pieces, so that heads and messages are cut.
        std::string piece = rest.substr(0, 7);
        rest.erase(0, piece.size());
        return piece;
      },
      format);
  return bytes_of(archive);
}

json contents_of(const std::string& zip) {
  const tests::TemporaryDirectory directory;
  const base::Path file = directory.path() / "mail.zip";
  std::ofstream(file, std::ios::binary) << zip;
  return json::parse(servers::output_of({"python3", "-c", kContents, file.string()}));
}

json head_of(const std::string& folder, unsigned uid) {
  return {{"folder", folder},
          {"uid", uid},
          {"message", std::string(64, 'c')},
          {"internal_date", "2026-11-24T02:30:00Z"},
          {"flags", {"\\Seen"}}};
}

TEST(MailArchiveTest, EveryMessageIsAFileAndALineOfTheManifest) {
  const json files = contents_of(
      archive_of(frame(head_of("INBOX", 1), "first\r\n") + frame(head_of("INBOX", 2), "") +
                 frame(head_of("Entwürfe/Größe", 3), std::string(20'000, 'x')) +
                 R"({"end":true,"messages":3,"damaged":0})"
                 "\n"));
  EXPECT_EQ(files["INBOX/1-cccccccccccc.eml"], "first\r\n");
  EXPECT_EQ(files["INBOX/2-cccccccccccc.eml"], "");
  EXPECT_EQ(files["Entwürfe_Größe/3-cccccccccccc.eml"].get<std::string>().size(), 20'000U);
  ASSERT_EQ(files.size(), 4U) << files;
  const std::string manifest = files["manifest.jsonl"];
  const json line = json::parse(manifest.substr(0, manifest.find('\n')));
  EXPECT_EQ(line["file"], "INBOX/1-cccccccccccc.eml");
  EXPECT_EQ(line["flags"][0], "\\Seen");
}

TEST(MailArchiveTest, AFolderIsAnMboxFile) {
  json damaged = head_of("INBOX", 2);
  damaged["damaged"] = "a block is missing";
  const json files = contents_of(archive_of(
      frame(head_of("INBOX", 1), "Subject: x\r\n\r\nFrom here\r\n") + damaged.dump() + "\n" +
          frame(head_of("INBOX", 3), "") + frame(head_of("Entwürfe", 1), std::string(90'000, 'x')) +
          R"({"end":true,"messages":3,"damaged":0})"
          "\n",
      ArchiveFormat::kMbox));
  ASSERT_EQ(files.size(), 3U) << files;
  const std::string separator = "From MAILER-DAEMON Tue Nov 24 02:30:00 2026\nStatus: RO\n";
  EXPECT_EQ(files["INBOX.mbox"], separator + "Subject: x\n\n>From here\n\n" + separator + "\n");
  EXPECT_EQ(files["Entwürfe.mbox"], separator + std::string(90'000, 'x') + "\n\n");
  std::istringstream manifest(files["manifest.jsonl"].get<std::string>());
  std::vector<std::string> held;
  for (std::string line; std::getline(manifest, line);) {
    held.push_back(json::parse(line).value("file", "none"));
  }
  EXPECT_THAT(held, testing::ElementsAre("INBOX.mbox", "none", "INBOX.mbox",
                                         testing::EndsWith("rfe.mbox")));
}

TEST(MailArchiveTest, FoldersThatAreCleanedAlikeStayApart) {
  const json files =
      contents_of(archive_of(frame(head_of("a/b", 1), "1") + frame(head_of("a_b", 1), "2") +
                             frame(head_of("A:b", 1), "3") + frame(head_of("../../etc", 1), "4") +
                             R"({"end":true})"
                             "\n"));
  ASSERT_EQ(files.size(), 5U) << files;
  for (const auto& [name, content] : files.items()) {
    EXPECT_FALSE(name.starts_with("/"));
    EXPECT_EQ(name.find("../"), std::string::npos) << name;
  }
}

TEST(MailArchiveTest, FoldersThatDifferOnlyInCaseStayApart) {
  json files = contents_of(archive_of(frame(head_of("\u00c4rger", 1), "1") +
                                      frame(head_of("\u00e4rger", 1), "2") +
                                      R"({"end":true})"
                                      "\n"));
  EXPECT_EQ(files["\u00c4rger/1-cccccccccccc.eml"], "1") << files;
  EXPECT_EQ(files["\u00e4rger (2)/1-cccccccccccc.eml"], "2") << files;
}

TEST(MailArchiveTest, ALongManifestIsInSeveralFiles) {
  std::string frames;
  for (unsigned uid = 1; uid <= 10; ++uid) frames += frame(head_of("INBOX", uid), "mail");
  frames += R"({"end":true,"messages":10,"damaged":0})"
            "\n";
  MailArchive archive([&] { return std::exchange(frames, {}); }, ArchiveFormat::kEml, 500);
  const json files = contents_of(bytes_of(archive));
  std::string lines;
  unsigned manifests = 0;
  while (files.contains("manifest-" + std::to_string(manifests + 1) + ".jsonl")) {
    const std::string manifest = files["manifest-" + std::to_string(++manifests) + ".jsonl"];
    EXPECT_LT(manifest.size(), 1'000U);
    lines += manifest;
  }
  EXPECT_GE(manifests, 3U);
  lines += files["manifest.jsonl"].get<std::string>();
  EXPECT_EQ(std::ranges::count(lines, '\n'), 10);
  EXPECT_EQ(files.size(), 10U + manifests + 1);
}

TEST(MailArchiveTest, AnMboxFileThatAManifestInterruptsContinuesInAnother) {
  std::string frames;
  for (unsigned uid = 1; uid <= 3; ++uid) frames += frame(head_of("INBOX", uid), "mail");
  frames += R"({"end":true,"messages":3,"damaged":0})"
            "\n";
  MailArchive archive([&] { return std::exchange(frames, {}); }, ArchiveFormat::kMbox, 1);
  const json files = contents_of(bytes_of(archive));
  const std::string first = files["INBOX.mbox"];
  EXPECT_THAT(first, testing::HasSubstr("mail"));
  EXPECT_EQ(files["INBOX (2).mbox"], first);
  EXPECT_EQ(files["INBOX (3).mbox"], first);
  EXPECT_EQ(json::parse(files["manifest-2.jsonl"].get<std::string>())["file"], "INBOX (2).mbox");
  EXPECT_EQ(files.size(), 6U) << files;
}

TEST(MailArchiveTest, AFolderWithTheNameOfAManifestStaysApart) {
  const json files = contents_of(archive_of(frame(head_of("Manifest.jsonl", 1), "1") +
                                            frame(head_of("manifest-1.jsonl", 1), "2") +
                                            R"({"end":true})"
                                            "\n"));
  EXPECT_EQ(files["Manifest.jsonl (2)/1-cccccccccccc.eml"], "1");
  EXPECT_EQ(files["manifest-1.jsonl (2)/1-cccccccccccc.eml"], "2");
}

TEST(MailArchiveTest, ADamagedMessageIsInTheManifestOnly) {
  json damaged = head_of("INBOX", 2);
  damaged["damaged"] = "a block is missing";
  const std::string frames = frame(head_of("INBOX", 1), "first") + damaged.dump() + "\n" +
                             R"({"end":true,"messages":1,"damaged":1})"
                             "\n";
  bool has_ended = false;
  MailArchive archive([&, rest = frames]() mutable -> std::string {
    if (rest.empty()) {
      has_ended = true;
      throw Problem(ProblemKind::kDamaged);  // as the desk ends such a stream
    }
    return std::exchange(rest, {});
  });
  const json files = contents_of(bytes_of(archive));
  EXPECT_TRUE(has_ended);
  EXPECT_EQ(files.size(), 2U);
  EXPECT_THAT(files["manifest.jsonl"].get<std::string>(), testing::HasSubstr("a block is missing"));
}

TEST(MailArchiveTest, WhatBreaksOffHasNoEnd) {
  const std::string whole = frame(head_of("INBOX", 1), "first") + R"({"end":true})"
                                                                  "\n";
  for (const std::string& frames :
       {whole.substr(0, whole.size() - 13), whole.substr(0, whole.size() - 15), std::string("{}x"),
        std::string("nonsense\n"), std::string("{\"size\":\"x\"}\n"), std::string()}) {
    MailArchive archive([rest = frames]() mutable { return std::exchange(rest, {}); });
    EXPECT_THROW(bytes_of(archive), Problem) << frames;
  }
}

}  // namespace
}  // namespace web
