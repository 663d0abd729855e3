// Downloads of much mail: prepared, fetched once, watched by the page.
#include <string>

#include <gmock/gmock.h>

#include "tests/web/site_scene.h"

namespace web {
namespace {

class SiteDownloadsTest : public SiteScene {};

TEST_F(SiteDownloadsTest, AnExportIsPreparedForOneSessionAndOneDownload) {
  const HttpAnswer prepared =
      change("POST", "/accounts/alice/exports", {{"selection", {{"folders", {"INBOX"}}}}});
  ASSERT_EQ(prepared.status, 201U) << prepared.body;
  const std::string url = json::parse(prepared.body)["url"];
  desk_.set_script([](const json& request) {
    if (request["request"] != "export") return desk_answer(request);
    EXPECT_EQ(request["selection"]["folders"][0], "INBOX");
    return stream_of(frame({{"folder", "INBOX"}, {"uid", 1}}, "mail") + "{\"end\":true}\n");
  });
  const HttpAnswer answer = get(url.substr(7));
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(header_of(answer, "Content-Disposition"), "attachment; filename=\"alice mail.zip\"");
  std::string zip;
  for (std::string piece; !(piece = answer.more()).empty();) zip += piece;
  EXPECT_TRUE(zip.starts_with("PK\x03\x04"));
  EXPECT_EQ(get(url.substr(7)).status, 404U) << "once";
}

TEST_F(SiteDownloadsTest, APageSeesHowFarItsDownloadIs) {
  const auto prepare = [&](const json& body) {
    return json::parse(change("POST", "/accounts/alice/exports", body).body);
  };
  const json selected = {{"selection", {{"all", true}}}};
  const json prepared = prepare(selected);
  const std::string url = prepared["url"].get<std::string>().substr(7);
  const auto state = [&] { return json::parse(get(url + "/state").body); };
  EXPECT_EQ(state(),
            json::parse(R"({"state":"ready","messages":0,"damaged":0,"bytes":0,"code":null})"));
  desk_.set_script([](const json& request) {
    if (request["request"] != "export") return desk_answer(request);
    const std::string mail(200'000, 'x');
    return stream_of(frame({{"folder", "INBOX"}, {"uid", 1}}, mail) + "{\"end\":true}\n");
  });
  {
    const HttpAnswer answer = get(url);
    EXPECT_EQ(state()["state"], "sending");
    EXPECT_NE(answer.more(), "");
    EXPECT_EQ(state()["messages"], 1);
  }
  EXPECT_EQ(state()["state"], "broken") << "the client went away";
  json in_mbox = selected;
  in_mbox["format"] = "mbox";
  EXPECT_TRUE(prepare(in_mbox).contains("url"));
  EXPECT_EQ(code_of(get(url + "/state")), "not_found") << "a page looks at its last download";
  in_mbox["format"] = "pst";
  EXPECT_EQ(prepare(in_mbox)["code"], "usage");
}

TEST_F(SiteDownloadsTest, ADownloadThatTheDeskRefusesSaysWhy) {
  const HttpAnswer prepared =
      change("POST", "/accounts/alice/exports", {{"selection", {{"all", true}}}});
  const std::string url = json::parse(prepared.body)["url"].get<std::string>().substr(7);
  desk_.set_script([](const json& request) {
    if (request["request"] != "export") return desk_answer(request);
    return std::string(R"({"ok":false,"error":{"code":"bound","message":"enough"}})"
                       "\n");
  });
  EXPECT_EQ(code_of(get(url)), "bound");
  const json state = json::parse(get(url + "/state").body);
  EXPECT_EQ(state["state"], "refused");
  EXPECT_EQ(state["code"], "bound");
}

TEST_F(SiteDownloadsTest, ADownloadThatTheDeskRefusesCanBeTriedAgain) {
  const HttpAnswer prepared =
      change("POST", "/accounts/alice/exports", {{"selection", {{"folders", {"INBOX"}}}}});
  const std::string path = std::string(json::parse(prepared.body)["url"]).substr(7);
  desk_.set_script([](const json& request) {
    if (request["request"] != "export") return desk_answer(request);
    return std::string(R"({"ok":false,"error":{"code":"busy","message":"later"}})"
                       "\n");
  });
  EXPECT_EQ(code_of(get(path)), "busy");
  desk_.set_script([](const json& request) {
    if (request["request"] != "export") return desk_answer(request);
    EXPECT_EQ(request["selection"]["folders"][0], "INBOX");
    return stream_of("{\"end\":true}\n");
  });
  EXPECT_EQ(get(path).status, 200U);
  EXPECT_EQ(get(path).status, 404U);
}

TEST_F(SiteDownloadsTest, ALogoutRemovesWhatWasPrepared) {
  const HttpAnswer prepared =
      change("POST", "/accounts/alice/exports", {{"selection", {{"folders", {"INBOX"}}}}});
  const std::string path = std::string(json::parse(prepared.body)["url"]).substr(7);
  change("DELETE", "/session", json::object());
  EXPECT_EQ(get(path).status, 404U);
}

}  // namespace
}  // namespace web
