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

using nlohmann::ordered_json;

HttpAnswer prepare_export(const Visit& visit) {
  // A download that the desk refuses would only be a failed download: better said now.
  const ordered_json me = visit.services.desk.ask(
      {{"request", "me"}, {"client", visit.client}, {"session", visit.token}});
  if (me.value("recent_login", true) == false) throw Problem(ProblemKind::kConfirm);
  const std::string account(visit.value("account"));
  const auto id =
      visit.services.exports.add({.token = visit.token,
                                  .account = account,
                                  .selection = base::json_line(body_of(visit).at("selection"))});
  if (!id) {
    throw Problem(ProblemKind::kBusy, "too many downloads are prepared: try again later",
                  std::chrono::seconds(60));
  }
  const ordered_json document = {
      {"export", *id},
      {"url", fmt::format("/{}/{}/accounts/{}/exports/{}", kApiRoot, kApiVersion,
                          percent_encoded(account), *id)},
      {"seconds_left", std::chrono::seconds(PreparedExports::kLasts).count()}};
  HttpAnswer answer{.status = visit.route.status,
                    .headers = {{"Content-Type", "application/json"}},
                    .body = base::json_line(document) + "\n"};
  protect(answer, AnswerKind::kData);
  return answer;
}

HttpAnswer download_export(const Visit& visit, ordered_json asked) {
  const auto prepared = visit.services.exports.take(std::string(visit.value("export")), visit.token,
                                                    std::string(visit.value("account")));
  if (!prepared) throw Problem(ProblemKind::kNotFound);
  asked["selection"] = base::parse_json(prepared->selection);
  auto stream = std::make_shared<DeskStream>(visit.services.desk.open_stream(asked));
  const auto archive = std::make_shared<MailArchive>([stream] { return stream->read(); });
  HttpAnswer answer;
  answer.headers = {
      {"Content-Type", "application/zip"},
      {"Content-Disposition", attachment_disposition(prepared->account + " mail.zip")},
      {"X-Accel-Buffering", "no"}};
  answer.more = [archive] { return archive->next(); };
  protect(answer, AnswerKind::kFile);
  return answer;
}

}  // namespace web
