#include "web/export_download.h"

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/json_text.h"
#include "web/answer_headers.h"
#include "web/file_name.h"
#include "web/mail_archive.h"
#include "web/problem.h"
#include "web/target.h"

namespace web {

namespace {

using nlohmann::ordered_json;

HttpAnswer document_answer(const Visit& visit, const ordered_json& document) {
  HttpAnswer answer{.status = visit.route.status,
                    .headers = {{"Content-Type", "application/json"}},
                    .body = base::json_line(document) + "\n"};
  protect(answer, AnswerKind::kData);
  return answer;
}

ArchiveFormat format_in(const ordered_json& body) {
  const std::string format = body.value("format", "eml");
  if (format == "mbox") return ArchiveFormat::kMbox;
  if (format == "eml") return ArchiveFormat::kEml;
  throw Problem(ProblemKind::kUsage, "/format: it must be eml or mbox");
}

// A download that is being sent. If the client closes its connection, it is destroyed before its
// end.
class ExportDownload {
 public:
  ExportDownload(DeskStream stream, const PreparedExport& prepared)
      : stream_(std::move(stream)),
        archive_([this] { return stream_.read(); }, prepared.format),
        progress_(prepared.progress) {}
  ExportDownload(const ExportDownload&) = delete;
  ExportDownload& operator=(const ExportDownload&) = delete;
  ~ExportDownload() { progress_->end(ExportProgress::State::kBroken); }

  std::string next() {
    try {
      std::string piece = archive_.next();
      progress_->advance(archive_);
      if (piece.empty()) progress_->end(ExportProgress::State::kDone);
      return piece;
    } catch (const Problem& problem) {
      progress_->end(ExportProgress::State::kBroken, problem.code());
      throw;
    }
  }

 private:
  DeskStream stream_;
  MailArchive archive_;
  std::shared_ptr<ExportProgress> progress_;
};

}  // namespace

HttpAnswer prepare_export(const Visit& visit) {
  // A download that the desk refuses would only be a failed download: better said now.
  const ordered_json me = visit.services.desk.ask(
      {{"request", "me"}, {"client", visit.client}, {"session", visit.token}});
  if (me.value("recent_login", true) == false) throw Problem(ProblemKind::kConfirm);
  const std::string account(visit.value("account"));
  const ordered_json body = body_of(visit);
  const auto id = visit.services.exports.add({.token = visit.token,
                                              .account = account,
                                              .selection = base::json_line(body.at("selection")),
                                              .format = format_in(body)});
  if (!id) {
    throw Problem(ProblemKind::kBusy, "too many downloads are prepared: try again later",
                  std::chrono::seconds(60));
  }
  return document_answer(
      visit, {{"export", *id},
              {"url", fmt::format("/{}/{}/accounts/{}/exports/{}", kApiRoot, kApiVersion,
                                  percent_encoded(account), *id)},
              {"seconds_left", std::chrono::seconds(PreparedExports::kLasts).count()}});
}

HttpAnswer download_export(const Visit& visit, ordered_json asked) {
  const std::string id(visit.value("export"));
  const auto prepared =
      visit.services.exports.take(id, visit.token, std::string(visit.value("account")));
  if (!prepared) throw Problem(ProblemKind::kNotFound);
  asked["selection"] = base::parse_json(prepared->selection);
  std::shared_ptr<ExportDownload> download;
  try {
    download = std::make_shared<ExportDownload>(visit.services.desk.open_stream(asked), *prepared);
  } catch (const Problem& problem) {
    prepared->progress->end(ExportProgress::State::kRefused, problem.code());
    // The desk is busy, or wants another login first: the same address is good afterwards.
    visit.services.exports.put_back(id, *prepared);
    throw;
  }
  prepared->progress->begin();
  HttpAnswer answer;
  answer.headers = {
      {"Content-Type", "application/zip"},
      {"Content-Disposition", attachment_disposition(prepared->account + " mail.zip")},
      {"X-Accel-Buffering", "no"}};
  answer.more = [download] { return download->next(); };
  protect(answer, AnswerKind::kFile);
  return answer;
}

HttpAnswer show_export(const Visit& visit) {
  const auto progress = visit.services.exports.find(std::string(visit.value("export")), visit.token,
                                                    std::string(visit.value("account")));
  if (progress == nullptr) throw Problem(ProblemKind::kNotFound);
  const ExportProgress::Sight sight = progress->look();
  return document_answer(
      visit, {{"state", word_of(sight.state)},
              {"messages", sight.messages},
              {"damaged", sight.damaged},
              {"bytes", sight.bytes},
              {"code", sight.code.empty() ? ordered_json() : ordered_json(sight.code)}});
}

}  // namespace web
