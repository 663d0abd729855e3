#include "imap/response.h"

#include "tests/imap/read_answer.h"

namespace imap {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

TEST(ResponseTest, StatusWithATagACodeAndText) {
  const auto status = answer<StatusResponse>("m7 NO [ALREADYEXISTS] There is one [already]\r\n");
  EXPECT_EQ(status.tag, "m7");
  EXPECT_EQ(status.condition, Condition::kNo);
  EXPECT_TRUE(status.code.is("ALREADYEXISTS"));
  EXPECT_EQ(status.text, "There is one [already]");
}

TEST(ResponseTest, StatusWithoutTagOrCodeOrText) {
  EXPECT_EQ(answer<StatusResponse>("* OK Still here\r\n").tag, "");
  EXPECT_EQ(answer<StatusResponse>("* BYE\r\n").condition, Condition::kBye);
  EXPECT_EQ(answer<StatusResponse>("m1 ok\r\n").condition, Condition::kOk);
  EXPECT_EQ(answer<StatusResponse>("* OK {5}\r\n").text, "{5}");
  EXPECT_EQ(answer<StatusResponse>("* PREAUTH hello\r\n").condition, Condition::kPreauth);
}

TEST(ResponseTest, ALongTextForPeopleIsShortened) {
  Bodies bodies;
  const std::string line = "* NO [ALERT] " + std::string(60'000, 't') + "\r\n";
  const auto status = std::get<StatusResponse>(read(line, bodies, line.size()));
  EXPECT_EQ(status.code.name, "ALERT");
  EXPECT_EQ(status.text, std::string(kMaxStatusText - 3, 't') + "...");
}

TEST(ResponseTest, CodesWithArguments) {
  EXPECT_THAT(answer<StatusResponse>("* OK [uidnext 4392] x\r\n").code.number(), Optional(4392U));
  EXPECT_EQ(answer<StatusResponse>("* OK [UIDNEXT x] x\r\n").code.number(), std::nullopt);
  EXPECT_THAT(answer<StatusResponse>("m1 OK [APPENDUID 38505 3955:3957] done\r\n").code.words(),
              ElementsAre("38505", "3955:3957"));
  EXPECT_THAT(answer<StatusResponse>("m1 OK [MAILBOXID (F2212)] done\r\n").code.words(),
              ElementsAre("F2212"));
}

TEST(ResponseTest, CodesWithBracketsInTheirKeywords) {
  const auto status = answer<StatusResponse>("* OK [PERMANENTFLAGS (\\Seen a]b \\*)] x\r\n");
  EXPECT_THAT(status.code.words(), ElementsAre("\\Seen", "a]b", "\\*"));
  EXPECT_EQ(status.text, "x");
}

TEST(ResponseTest, Capability) {
  EXPECT_THAT(answer<CapabilityResponse>("* CAPABILITY IMAP4rev1 LITERAL+\r\n").names,
              ElementsAre("IMAP4rev1", "LITERAL+"));
}

TEST(ResponseTest, ListWithNamesOfEveryKind) {
  const auto folder =
      answer<ListResponse>("* LIST (\\HasNoChildren \\Sent) \"/\" \"a \\\"b\\\" \\\\c \"\r\n")
          .folder;
  EXPECT_THAT(folder.attributes, ElementsAre("\\HasNoChildren", "\\Sent"));
  EXPECT_EQ(folder.delimiter, '/');
  EXPECT_EQ(folder.raw_name, "a \"b\" \\c ");
  EXPECT_EQ(answer<ListResponse>("* LIST () \"\\\\\" {5}\r\na\r\nb\"\r\n").folder.raw_name,
            "a\r\nb\"");
  EXPECT_EQ(answer<ListResponse>("* LIST () \"\\\\\" {5}\r\na\r\nb\"\r\n").folder.delimiter, '\\');
  const auto flat = answer<ListResponse>("* LIST () NIL Entw\xFCrfe\r\n").folder;
  EXPECT_EQ(flat.delimiter, std::nullopt);
  EXPECT_EQ(flat.raw_name, "Entw\xFCrfe");
  EXPECT_EQ(answer<ListResponse>("* list () \"\" ..\r\n").folder.delimiter, std::nullopt);
}

TEST(ResponseTest, NumbersOfCodesMayHaveBlanksAroundThem) {
  using testing::Optional;
  const auto number = [](const char* text) { return answer<StatusResponse>(text).code.number(); };
  EXPECT_THAT(number("* OK [UIDVALIDITY  7 ] valid\r\n"), Optional(7U));
  EXPECT_THAT(number("* ok [uidnext 4]\r\n"), Optional(4U));
  EXPECT_EQ(number("* OK [UIDNEXT 4 5] next\r\n"), std::nullopt);
  EXPECT_EQ(number("* OK [UIDNEXT  ] next\r\n"), std::nullopt);
}

TEST(ResponseTest, SeveralCharactersAreNoDelimiter) {
  for (const char* text : {"* LIST () \"//\" a\r\n", "* LIST () \"\\\\/\" \"a\"\r\n",
                           "* LIST () {2}\r\n// a\r\n", "* LIST () \"one two\" a\r\n"}) {
    const auto folder = answer<ListResponse>(text).folder;
    EXPECT_EQ(folder.delimiter, std::nullopt) << text;
    EXPECT_EQ(folder.raw_name, "a") << text;
  }
}

TEST(ResponseTest, ListWithAnUnescapedBackslash) {
  for (const char* text : {"* LIST () \"\\\" \"a\"\r\n", "* LIST () \"\\\\\" \"a\"\r\n",
                           "* LIST () \"\\\" a\r\n", "* LIST () {1}\r\n\\ a\r\n"}) {
    const auto folder = answer<ListResponse>(text).folder;
    EXPECT_EQ(folder.delimiter, '\\') << text;
    EXPECT_EQ(folder.raw_name, "a") << text;
  }
  EXPECT_EQ(answer<ListResponse>("* LIST () \"\\\"\" a\r\n").folder.delimiter, '"');
  const auto spaces =
      answer<NamespaceResponse>("* NAMESPACE ((\"\" \"\\\")) ((\"u\\\\\" \"\\\\\")) NIL\r\n")
          .namespaces;
  EXPECT_THAT(spaces.personal, ElementsAre(Namespace{"", '\\'}));
  EXPECT_THAT(spaces.other_users, ElementsAre(Namespace{"u\\", '\\'}));
}

TEST(ResponseTest, NamesWithBlanksButWithoutQuotes) {
  const auto name = [](const char* text) { return answer<ListResponse>(text).folder.raw_name; };
  EXPECT_EQ(name("* LIST (\\HasNoChildren) \"/\" Old mail\r\n"), "Old mail");
  EXPECT_EQ(name("* LIST () \"/\" Old  stuff (2019) x\r\n"), "Old  stuff (2019) x");
  EXPECT_EQ(name("* LIST () \"/\" a(b)\r\n"), "a(b)");
  EXPECT_EQ(name("* LIST () \"/\" Old \r\n"), "Old");
  const auto response = answer<FolderStatusResponse>("* STATUS Old  mail (MESSAGES 3)\r\n");
  EXPECT_EQ(response.raw_name, "Old  mail");
  EXPECT_THAT(response.status.messages, Optional(3U));
}

TEST(ResponseTest, SkipsBlankLines) {
  EXPECT_EQ(answer<ExistsResponse>("\r\n\r\n\n* 3 EXISTS\r\n").count, 3U);
  Bodies bodies;
  const auto response =
      read("\r\n* 1 FETCH (BODY[] {3}\r\na\r\n\r\n UID 4 FLAGS (\\Seen))\r\n", bodies, 1);
  EXPECT_EQ(std::get<FetchResponse>(response).items.uid, base::Uid{4});
  EXPECT_EQ(answer<FolderStatusResponse>("* STATUS {1}\r\na (X {1}\r\nb\r\n MESSAGES 3)\r\n")
                .status.messages,
            3U);
}

TEST(ResponseTest, ListWithExtendedData) {
  const auto folder =
      answer<ListResponse>(
          "* LIST () \"/\" x (\"CHILDINFO\" (\"SUBSCRIBED\") OLDNAME ({1}\r\n)))\r\n")
          .folder;
  EXPECT_EQ(folder.raw_name, "x");
}

TEST(ResponseTest, Status) {
  const auto response = answer<FolderStatusResponse>(
      "* STATUS \"a b\" (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 1511 HIGHESTMODSEQ 12 SIZE 5000000000 "
      "MAILBOXID (F2) RECENT 1 X (1 2))\r\n");
  EXPECT_EQ(response.raw_name, "a b");
  EXPECT_THAT(response.status.messages, Optional(3U));
  EXPECT_THAT(response.status.uid_next, Optional(9U));
  EXPECT_THAT(response.status.uid_validity, Optional(1511U));
  EXPECT_THAT(response.status.highest_modseq, Optional(12U));
  EXPECT_THAT(response.status.size, Optional(5'000'000'000U));
  EXPECT_THAT(response.status.mailbox_id, Optional(std::string("F2")));
}

TEST(ResponseTest, StatusReportsInvalidValuesAsUnknown) {
  const auto status = answer<FolderStatusResponse>(
                          "* STATUS x (MESSAGES 5000000000 UIDNEXT 0 UIDVALIDITY 4294967296 "
                          "HIGHESTMODSEQ 0 SIZE -1 MAILBOXID NIL)\r\n")
                          .status;
  EXPECT_FALSE(status.messages || status.uid_next || status.uid_validity || status.highest_modseq ||
               status.size || status.mailbox_id);
}

TEST(ResponseTest, Namespaces) {
  const auto spaces = answer<NamespaceResponse>(
                          "* NAMESPACE ((\"INBOX.\" \".\")) NIL ((\"#shared/\" \"/\" \"X\" (\"a\"))"
                          "(\"\" NIL))\r\n")
                          .namespaces;
  EXPECT_THAT(spaces.personal, ElementsAre(Namespace{"INBOX.", '.'}));
  EXPECT_THAT(spaces.other_users, IsEmpty());
  EXPECT_THAT(spaces.shared, ElementsAre(Namespace{"#shared/", '/'}, Namespace{"", std::nullopt}));
}

TEST(ResponseTest, SearchResultsInAnyOrder) {
  EXPECT_EQ(answer<SearchResponse>("* SEARCH 9 2 3 (MODSEQ 91)\r\n").numbers.text(), "2:3,9");
  EXPECT_EQ(answer<SearchResponse>("* SEARCH\r\n").numbers.text(), "");
  EXPECT_EQ(answer<SearchResponse>("* SEARCH \r\n").numbers.text(), "");
}

TEST(ResponseTest, ExtendedSearch) {
  const auto found = answer<SearchResponse>("* ESEARCH (TAG \"m5\") UID COUNT 4 ALL 2,10:11,4\r\n");
  EXPECT_THAT(found.tag, Optional(std::string("m5")));
  EXPECT_TRUE(found.has_uids);
  EXPECT_EQ(found.numbers.text(), "2,4,10:11");
  EXPECT_FALSE(answer<SearchResponse>("* ESEARCH (TAG m5) MODSEQ 4\r\n").has_uids);
}

TEST(ResponseTest, CountsOfTheOpenFolder) {
  EXPECT_EQ(answer<ExistsResponse>("* 4294967295 EXISTS\r\n").count, 4294967295U);
  EXPECT_EQ(answer<ExpungeResponse>("* 4 EXPUNGE\r\n").sequence_number, 4U);
  EXPECT_EQ(answer<VanishedResponse>("* VANISHED 4:5,9\r\n").uids.text(), "4:5,9");
  const auto earlier = answer<VanishedResponse>("* VANISHED (EARLIER) 41,43:116\r\n");
  EXPECT_TRUE(earlier.is_earlier);
  EXPECT_EQ(earlier.uids.count(), 75U);
  EXPECT_THAT(answer<FlagsResponse>("* FLAGS (\\Seen $x)\r\n").flags, ElementsAre("\\Seen", "$x"));
  EXPECT_THAT(answer<EnabledResponse>("* ENABLED CONDSTORE\r\n").names, ElementsAre("CONDSTORE"));
}

TEST(ResponseTest, Quota) {
  const auto roots = answer<QuotaRootResponse>("* QUOTAROOT INBOX \"\" \"User quota\"\r\n");
  EXPECT_THAT(roots.roots, ElementsAre("", "User quota"));
  const auto quota =
      answer<QuotaResponse>("* QUOTA \"User quota\" (STORAGE 10 512 MESSAGE 3 1000)\r\n").root;
  EXPECT_THAT(quota.resources,
              ElementsAre(QuotaResource{"STORAGE", 10, 512}, QuotaResource{"MESSAGE", 3, 1000}));
  EXPECT_THAT(answer<QuotaResponse>("* QUOTA user/jane/RESTORED ()\r\n").root.resources, IsEmpty());
}

TEST(ResponseTest, OddQuotas) {
  const auto courier = answer<QuotaResponse>("* QUOTA \"ROOT\"\r\n").root;
  EXPECT_EQ(courier.name, "ROOT");
  EXPECT_THAT(courier.resources, IsEmpty());
  EXPECT_THAT(answer<QuotaResponse>("* QUOTA x (STORAGE 12 -1 MESSAGE 3 9)\r\n").root.resources,
              ElementsAre(QuotaResource{"MESSAGE", 3, 9}));
  EXPECT_THAT(answer<QuotaRootResponse>("* QUOTAROOT INBOX User (x) y)\r\n").roots,
              ElementsAre("User", "y"));
}

TEST(ResponseTest, OmitsAMetadataValueThatIsTooLong) {
  const std::string text = "* METADATA a (/shared/x {2000000}\r\n" + std::string(2'000'000, 'v') +
                           " /shared/y \"2\")\r\n";
  Bodies bodies;
  const auto response = read(text, bodies, text.size());
  EXPECT_THAT(std::get<MetadataResponse>(response).entries,
              ElementsAre(MetadataEntry{"/shared/y", "2"}));
}

TEST(ResponseTest, Metadata) {
  const auto metadata = answer<MetadataResponse>(
      "* METADATA \"\" (/shared/comment {4}\r\n)\r\n( /private/x NIL \"/private/y\" \"\")\r\n");
  EXPECT_EQ(metadata.raw_name, "");
  EXPECT_THAT(metadata.entries, ElementsAre(MetadataEntry{"/shared/comment", ")\r\n("},
                                            MetadataEntry{"/private/y", ""}));
  const auto news = answer<MetadataResponse>("* METADATA Team /shared/comment /shared/x\r\n");
  EXPECT_EQ(news.raw_name, "Team");
  EXPECT_THAT(news.entries, IsEmpty()) << "reports only that they changed";
}

TEST(ResponseTest, ReadsTheNameOfTheServer) {
  EXPECT_EQ(answer<IdResponse>("* ID (\"x\" NIL \"NAME\" \"Dovecot\")\r\n").name, "Dovecot");
  EXPECT_EQ(answer<IdResponse>("* ID (\"version\" \"name\" \"x\")\r\n").name, "");
  EXPECT_EQ(answer<IdResponse>("* ID NIL\r\n").name, "");
}

TEST(ResponseTest, SkipsUnknownResponses) {
  for (const std::string unknown :
       {"* COMPARATOR \"i;octet\" (\"a\" NIL)\r\n",
        "* ANNOTATION \"\" (/shared/comment {4}\r\n)\r\n()\r\n", "* 3 RECENT\r\n"}) {
    answer<UnknownResponse>(unknown);
    // Exactly that response: the next one is read whole.
    const std::string both = unknown + "* OK the next one\r\n";
    TextSource source(both, 3);
    Lexer lexer(source, {});
    Bodies bodies;
    EXPECT_TRUE(std::holds_alternative<UnknownResponse>(read_response(lexer, bodies)));
    EXPECT_EQ(std::get<StatusResponse>(read_response(lexer, bodies)).text, "the next one");
  }
}

TEST(ResponseTest, AContinuationMayHaveNoText) {
  for (const std::string_view text : {"+ go ahead\r\n", "+\r\n"}) {
    Bodies bodies;
    answer<Continuation>(text, bodies);
    EXPECT_EQ(bodies.bytes, "");
  }
}

TEST(ResponseTest, AStatusThatContradictsItselfForcesALook) {
  const auto status = answer<FolderStatusResponse>(
                          "* STATUS x (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 7 MESSAGES 0 MAILBOXID (a) "
                          "MAILBOXID (b))\r\n")
                          .status;
  EXPECT_THAT(status.messages, Optional(3U)) << "the one that loses no mail";
  EXPECT_EQ(status.uid_next, std::nullopt) << "so the folder does not count as unchanged";
  EXPECT_THAT(status.uid_validity, Optional(7U));
  EXPECT_EQ(status.mailbox_id, std::nullopt);
}

TEST(ResponseTest, ALineThatGoesOnBehindItsEndIsNotUsed) {
  for (const char* line :
       {"* STATUS x (MESSAGES 3) UIDNEXT 4\r\n", "* MYRIGHTS My Box lrs\r\n",
        "* METADATA x (/private/a b) c\r\n", "* QUOTA x (STORAGE 1 2) (MESSAGE 3 4)\r\n",
        "* ACL My Box alice lrs\r\n", "* LIST () \"/\" \"Old\" mail\r\n",
        "* LSUB () \"/\" {3}\r\nOld mail\r\n"}) {
    answer<OddResponse>(line);
  }
  EXPECT_EQ(answer<MyRightsResponse>("* MYRIGHTS \"My Box\" lrs\r\n").rights, "lrs");
  for (const char* line : {"* LIST () \"/\" \"Old\" \r\n", "* LIST () \"/\" \"Old\" (X (y))\r\n"}) {
    EXPECT_EQ(answer<ListResponse>(line).folder.raw_name, "Old");
  }
}

TEST(ResponseTest, ALineThatIsNotUnderstoodIsLeftOutWithItsLiterals) {
  const std::pair<const char*, const char*> odd[] = {
      {"LIST", "* LIST (\\a \"/\" x\r\n"},
      {"LIST", "* LIST () \"/\"\r\n"},
      {"LIST", "* list () \"/\" \"Mid\r\n"},
      {"LIST", "* LIST () ) \"/\" {5}\r\na\r\nb) \"c\r\n"},
      {"LIST", "* LIST () \"/\" {3x}\r\n"},
      {"LSUB", "* LSUB ((\r\n"},
      {"STATUS", "* STATUS x MESSAGES\r\n"},
      {"STATUS", "* STATUS x (MESSAGES {2+}\r\n)( ( UIDNEXT ~{1}\r\n)\r\n"},
      {"NAMESPACE", "* NAMESPACE ((\"\" \"/\")\r\n"},
      {"MYRIGHTS", "* MYRIGHTS INBOX\r\n"},
      {"QUOTAROOT", "* QUOTAROOT\r\n"},
      {"METADATA", "* METADATA INBOX (/private/a (b))\r\n"},
      {"FLAGS", "* FLAGS (\\Seen foo(bar)\r\n"},
      {"FETCH", "* 1 FETCH (UID 4294967296)\r\n"},
      {"FETCH", "* 1 FETCH (UID 1 UID 2 BODY[] {7}\r\nabc\r\nd))\r\n"},
      {"FETCH", "* 1 FETCH UID 1\r\n"},
      {"FETCH", "* 1 FETCH (UID 1))\r\n"},
      {"FETCH", "* 1 FETCH (UID 1 FLAGS (clo)se) BODY[] {2}\r\n)))\r\n"},
  };
  for (const auto& [kind, text] : odd) {
    const auto response = answer<OddResponse>(text);
    EXPECT_TRUE(response.is(kind)) << text;
    const std::string_view shown(text);
    const bool may_hold_mail = response.is("FETCH");
    EXPECT_EQ(response.line,
              shown.substr(0, may_hold_mail ? shown.find("\r\n") : shown.size() - 2));
    const std::string both = std::string(text) + "* OK the next one\r\n";
    for (const std::size_t piece : {std::size_t{1}, both.size()}) {
      TextSource source(both, piece);
      Lexer lexer(source, {});
      Bodies bodies;
      EXPECT_TRUE(std::holds_alternative<OddResponse>(read_response(lexer, bodies))) << text;
      EXPECT_EQ(std::get<StatusResponse>(read_response(lexer, bodies)).text, "the next one");
      EXPECT_EQ(bodies.bytes, "");
    }
  }
  answer<UnknownResponse>("* X \"abc\r\n");
}

TEST(ResponseTest, KeepsTheBeginningOfALineThatIsNotUnderstood) {
  Limits limits;
  limits.max_value = 10;
  const std::string text =
      "\r\n* LIST () \"/\" {200}\r\n" + std::string(200, 'n') + " and the rest\r\n* 3 EXISTS\r\n";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{30}, text.size()}) {
    TextSource source(text, piece);
    Lexer lexer(source, limits);
    Bodies bodies;
    EXPECT_EQ(std::get<OddResponse>(read_response(lexer, bodies)).line,
              "* LIST () \"/\" {200}\r\n" + std::string(77, 'n'));
    EXPECT_EQ(std::get<ExistsResponse>(read_response(lexer, bodies)).count, 3U);
  }
}

TEST(ResponseTest, IgnoresUidZero) {
  EXPECT_FALSE(answer<FetchResponse>("* 1 FETCH (UID 0 FLAGS ())\r\n").items.uid);
  EXPECT_EQ(answer<SearchResponse>("* SEARCH 3 0 1\r\n").numbers.text(), "1,3");
}

TEST(ResponseTest, RejectsLinesThatAreNotResponses) {
  for (const char* text : {
           "* \r\n",
           "m1\r\n",
           "m1 BYE now\r\n",
           "m1 MAYBE\r\n",
           "* 1 FETCH (UID 1 BODY[] {1}\r\na BODY[] {1}\r\nb)\r\n",
           "* 1 FETCH (UID 1 BODY[] NIL BODY[] {1}\r\nb)\r\n",
           "* 1 FETCH (UID 1 BODY[] 17)\r\n",
           "* 1 FETCH (UID 1 BODY[] {9223372036854775808}\r\n",
           "* 1 FETCH (UID 1 BODY[] {12\r\n",
           "* 1 FETCH (UID 1 BODY[] {1}\r\nabc)\r\n",
           "* LIST () \"/\" {9223372036854775808}\r\n",
           "* 4294967296 EXISTS\r\n",
           "* 1x EXISTS\r\n",
           "* SEARCH 1 x\r\n",
           "* ESEARCH UID ALL 1:*\r\n",
           "* ESEARCH UID ALL 1:3x y\r\n",
           "* VANISHED 0\r\n",
           "* VANISHED 1:3;5\r\n",
       }) {
    Bodies bodies;
    EXPECT_ERROR(kProtocol, "the server sent", read(text, bodies, 1));
  }
}

TEST(ResponseTest, LimitsTheOutputOfAHostileServer) {
  Bodies bodies;
  const auto fails = [&bodies](const std::string& text) {
    Limits limits;
    limits.max_line = 1U << 20U;
    EXPECT_ERROR(kProtocol, "too", read(text, bodies, text.size(), limits));
  };
  fails("* OK " + std::string(2U << 20U, 'x'));
  fails("* " + std::string(2U << 20U, 'x'));
  fails("* X " + std::string(2U << 20U, '('));
  fails("* 1 FETCH (" + std::string(2U << 20U, ' '));
  fails("* LIST () \"/\" {99999999}\r\n");
  fails("* 1 FETCH (UID 1 X " + std::string(2U << 20U, '('));
}

}  // namespace
}  // namespace imap
