#include "tests/fuzz/seeds.h"

#include <string>

#include "store/format/block.h"
#include "store/format/commit.h"
#include "store/format/folder_object.h"
#include "store/format/leaf.h"
#include "store/format/pack.h"
#include "store/format/uid_node.h"
#include "store/keys/key_export.h"
#include "store/keys/key_slot.h"
#include "store/message/recipe.h"
#include "store/tree_record.h"

namespace fuzz {

namespace {

using store::ObjectId;
using Seeds = std::vector<base::Bytes>;

ObjectId id_of(unsigned number) {
  ObjectId id;
  id.bytes.fill(static_cast<std::byte>(number));
  return id;
}

base::Bytes with_head(std::initializer_list<unsigned> head, base::ByteView body) {
  base::Bytes bytes;
  for (const unsigned each : head) bytes.push_back(static_cast<std::byte>(each));
  bytes.insert(bytes.end(), body.begin(), body.end());
  return bytes;
}

std::chrono::sys_seconds moment(int seconds) {
  return std::chrono::sys_seconds(std::chrono::seconds(seconds));
}

std::vector<store::BlockEntry> blocks() {
  return {{.stream = store::Stream::kRecords,
           .plain_length = 300,
           .sealed_length = 120,
           .objects = {{.type = store::ObjectType::kMessage,
                        .id = id_of(1),
                        .length = 200,
                        .message_size = 1'000}}},
          {.stream = store::Stream::kManifests,
           .plain_length = 100,
           .sealed_length = 90,
           .objects = {{.type = store::ObjectType::kRoot, .id = id_of(2), .length = 40},
                       {.type = store::ObjectType::kCommit, .id = id_of(3), .length = 30}}}};
}

// A complete pack of one block and its trailer.
base::Bytes whole_pack() {
  const store::BlockContext context{.store = {}, .keys = store::Keys::derive({})};
  store::Compressor compressor(1);
  base::Bytes pack = store::PackHeader().encode();
  const auto append = [&](const base::Bytes& bytes) {
    pack.insert(pack.end(), bytes.begin(), bytes.end());
  };
  store::BlockBuilder builder(store::Stream::kTexts);
  builder.add(store::ObjectType::kText, base::as_bytes("one text and no more"));
  const base::Bytes block =
      seal_block(context, {.stream = store::Stream::kTexts}, builder.take(), compressor);
  const store::BlockHeader header = store::BlockHeader::decode(block).value();
  append(block);
  const std::uint64_t trailer = pack.size();
  append(seal_block(
      context, {.stream = store::Stream::kTrailer, .ordinal = 1},
      store::encode_trailer(
          {{.stream = store::Stream::kTexts,
            .plain_length = header.plain_length,
            .sealed_length = header.sealed_length,
            .objects = {{.type = store::ObjectType::kText, .id = id_of(4), .length = 20}}}}),
      compressor));
  append(store::encode_footer({}, pack.size() - trailer, store::Effort::kStrong));
  return pack;
}

Seeds trailer_seeds() {
  return {store::encode_trailer(blocks()), store::encode_trailer({}), whole_pack()};
}

Seeds block_seeds() {
  Seeds seeds;
  for (const store::Stream stream : {store::Stream::kTexts, store::Stream::kManifests}) {
    const auto choice = static_cast<unsigned>(stream) - 1;
    store::BlockBuilder builder(stream);
    builder.add(
        stream == store::Stream::kTexts ? store::ObjectType::kText : store::ObjectType::kFolder,
        base::as_bytes("some words, some words"));
    builder.add(store::ObjectType::kText, {});
    const base::Bytes plain = builder.take();
    seeds.push_back(with_head({choice, 0, 0}, plain));
    seeds.push_back(with_head({choice, 9, 1}, plain));
    seeds.push_back(with_head({0, 2, 0}, store::Compressor(3).compress(base::Bytes(32))));
  }
  seeds.push_back(with_head({0, 0, 0}, store::BlockHeader{.sealed_length = 20}.encode()));
  return seeds;
}

std::vector<store::Identity> identities() {
  std::vector<store::Identity> made;
  for (std::uint32_t uid = 1; uid <= 4; ++uid) {
    store::Sha256 digest;
    digest.bytes.fill(static_cast<std::byte>(uid));
    made.push_back(
        {.uid = {uid * uid},
         .message = {{digest.bytes}},
         .digest = digest,
         .internal_date = base::ZonedTime{.instant = moment(1'000'000 * static_cast<int>(uid)),
                                          .zone_minutes = 120},
         .size = std::uint64_t{100} * uid,
         .server_id = uid == 2 ? "M2" : ""});
  }
  return made;
}

Seeds leaf_seeds() {
  const auto make_id = [](const store::Sha256& digest) { return store::MessageId{{digest.bytes}}; };
  store::FlagSets sets;
  const std::vector<store::State> states = {{.flags = sets.number({"\\Seen"}), .modseq = 7},
                                            {.flags = sets.number({}), .modseq = 0},
                                            {.flags = sets.number({"\\Seen", "x"}), .modseq = 9}};
  store::UidNode branch;
  branch.shift = store::kLeafShift + store::kBranchShift;
  branch.is_branch = true;
  branch.messages = 8;
  for (const unsigned slot : {0U, 3U}) {
    auto leaf = store::new_leaf(std::uint64_t{slot} << store::kLeafShift, store::kLeafShift);
    leaf->messages = 4;
    branch.children.push_back(std::move(leaf));
  }
  const store::BranchBytes bytes = encode_branch(branch);
  base::Bytes both = bytes.identity;
  const std::size_t cut = both.size();
  const base::Bytes& second = bytes.state;
  both.insert(both.end(), second.begin(), second.end());
  const auto place = static_cast<unsigned>((cut * 255 + both.size() - 1) / both.size());
  return {with_head({0, 0, 0}, encode_identities(identities(), make_id)),
          with_head({1, 0, 0}, encode_states(states, sets)), with_head({2, place, 8}, both)};
}

Seeds commit_seeds() {
  store::Commit commit;
  commit.number = 3;
  commit.time = moment(1'700'000'000);
  commit.previous = id_of(1);
  commit.packs = {{id_of(2).bytes}};
  commit.snapshots.resize(1);
  commit.snapshots[0].account = "alice";
  commit.snapshots[0].root = id_of(3);
  commit.dropped = {id_of(4)};
  commit.condemned = {{.pack = {id_of(5).bytes}}};
  commit.pins = {{.snapshot = id_of(6), .until = moment(1'800'000'000)}};
  commit.extensions = {store::format_extension()};
  store::FolderObject folder;
  folder.info.raw_name = "INBOX";
  folder.info.attributes = {"\\Sent"};
  folder.info.skipped = {{.uid = base::Uid{9}, .reason = "no body"}};
  folder.info.properties = {{.name = "acl", .value = "lr"}};
  folder.tree.messages = folder.receipt.messages = 2;
  folder.tree.identity = id_of(6);
  return {commit.encode(),
          store::Root{.folders = {id_of(7), id_of(8)}, .properties = {{"a", "b"}}}.encode(),
          folder.encode(), store::Commit().encode()};
}

Seeds key_seeds() {
  const store::StoreId store{};
  base::Bytes slot =
      store::wrap_for_key_file(store, store::random_key(), store::random_key(), moment(1)).encode();
  Seeds seeds = {slot, base::to_bytes("# a key\n" + std::string(64, 'a') + "\n"),
                 base::to_bytes(store::format_key_export({}).reveal())};
  constexpr std::size_t kChecksum = 32;
  slot.resize(slot.size() - kChecksum);
  seeds.push_back(slot);
  return seeds;
}

Seeds tree_record_seeds() {
  store::TreeRecord record;
  record.id = std::string(32, 'a');
  record.account = "alice";
  record.name = record.raw_name = "RESTORED/20261124T000000";
  record.levels = {{.raw_name = "RESTORED",
                    .state = store::LevelState::kNotOurs,
                    .identity = {},
                    .messages = {}},
                   {.raw_name = record.raw_name,
                    .state = store::LevelState::kCreated,
                    .identity = store::LevelIdentity{.uid_validity = 5, .mailbox_id = "m"},
                    .messages = {{.uid = {1}, .size = 10, .message = {id_of(1)}}}}};
  return {store::encode_tree_record(record), store::encode_tree_record({})};
}

Seeds recipe_seeds() {
  store::RecipeWriter recipe(8 + 5 + 20 + 8, base::as_bytes("Head: 1\n"));
  recipe.add(store::InlineText{base::as_bytes("inlin")});
  recipe.add(store::TextPart{{.id = id_of(1), .length = 20}});
  store::Base64Body body{.kind = store::PartKind::kBinary, .lines = {}, .parts = {}};
  body.parts = {{.id = id_of(2), .length = 6}};
  recipe.add(body);
  return {recipe.take()};
}

Seeds split_seeds() {
  const std::string mail =
      "Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
      "Content-Transfer-Encoding: base64\r\n\r\nAAECAwQFBgcICQ==\r\n--b--\r\n";
  return {with_head({5, 1, 4, 1, 40}, base::to_bytes(mail))};
}

Seeds imap_seeds() {
  return {base::to_bytes(
      "x* LIST (\\HasNoChildren) \"/\" INBOX\r\n"
      "* 1 FETCH (UID 2 RFC822.SIZE 3 FLAGS (\\Seen) BODY[] {3}\r\nabc)\r\n"
      "m4 OK [READ-WRITE] done\r\n* 2 EXISTS\r\n* ESEARCH (TAG \"m6\") UID ALL 1:9\r\n")};
}

// One tampering with each kind of answer, after that many unchanged answers: CAPABILITY,
// NAMESPACE, LIST, two STATUS, EXAMINE, the scan, the bodies.
Seeds once_seeds() {
  const auto seed = [](unsigned capabilities, std::size_t untouched, unsigned kind,
                       std::string_view text) {
    base::Bytes bytes(untouched + 1);
    bytes.front() = static_cast<std::byte>(capabilities);
    const base::Bytes rest = with_head({kind, 0}, base::as_bytes(text));
    bytes.insert(bytes.end(), rest.begin(), rest.end());
    return bytes;
  };
  return {seed(0, 0, 3, "* BYE"),
          seed(0, 1, 4, "* NAMESPACE NIL NIL NIL"),
          seed(0, 2, 3, R"(* LIST () "/" {3})"),
          seed(2, 3, 4, "* STATUS INBOX (MESSAGES 9 UIDNEXT 3 UIDVALIDITY 8)"),
          seed(1, 5, 3, "* 4294967295 EXISTS"),
          seed(1, 6, 3, "* 1 FETCH (UID 9 FLAGS ({100000}"),
          seed(2, 7, 4, "* 1 FETCH (UID 1 EMAILID (M1) FLAGS (x) BODY[] NIL)"),
          seed(0, 6, 3, "* VANISHED 1:9"),
          seed(0, 7, 7, ""),
          seed(28, 9, 4, "* METADATA INBOX (/private/a {9}"),
          seed(96, 5, 3, "* OK [HIGHESTMODSEQ 9] it")};
}

Seeds desk_seeds() {
  const std::string session = R"(","session":")" + std::string(64, 'a') + R"(","client":"::1")";
  const std::string id(64, 'b');
  const auto seed = [](const std::string& text) { return base::to_bytes(text); };
  return {
      seed(R"({"request":"login","name":"alice","password":"x","client":"192.0.2.7"})"),
      seed(R"({"request":"messages)" + session + R"(,"folder":"A/B","after":"7","limit":9})"),
      seed(R"({"request":"raw)" + session + R"(,"message":")" + id + R"(","account":"bob"})"),
      seed(R"({"request":"plan)" + session + R"(,"selection":{"at":")" + id +
           R"(","folders":["a"],"since":"2026-11-24","messages":[")" + id + R"("],"all":true}})"),
      seed(R"({"request":"extend)" + session + R"(,"tree":"RESTORED/x","days":7})"),
      seed(R"({"request":"use-code)" + session + R"(,"account":"a","code":"ABCDEFGH"})")};
}

Seeds render_seeds() {
  const auto seed = [](const std::string& text) { return base::to_bytes(text); };
  return {seed("Subject: =?utf-8?q?x=C3=BC?=\r\nDate: Tue, 24 Nov 2026 02:30:00 +0100\r\n"
               "Content-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\n\r\n"
               "See http://x.y/z\r\n--a\r\nContent-Type: multipart/related; boundary=r\r\n\r\n"
               "--r\r\nContent-Type: text/html; charset=koi8-r\r\n\r\n<img src=cid:p>\r\n"
               "--r\r\nContent-Type: image/png\r\nContent-ID: <p>\r\n"
               "Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--r--\r\n--a--\r\n"),
          seed("Content-Type: message/rfc822; name*0*=utf-8''a%C3; name*1*=%BC\r\n\r\n"
               "Content-Transfer-Encoding: quoted-printable\r\n\r\na=FCb=\r\n"),
          seed("Content-Disposition: attachment; filename=\"../x\"\r\n"
               "Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 x\n#0V%T\n`\nend\n")};
}

Seeds request_seeds() {
  const auto seed = [](const std::string& text) { return base::to_bytes(text); };
  return {seed("GET /api/v1/accounts/a%40b/snapshots/newest/messages?folder=A%2FB+C&limit=9\n"
               "Cookie: __Host-mailstow=" +
               std::string(64, 'a') + "\n\n"),
          seed("POST /api/v1/accounts/alice/restores\nIdempotency-Key: key-0000000000000001\n\n"
               R"({"plan":"00000000000000000000000000000000"})"),
          seed("POST /api/v1/session\nOrigin: https://restore.example.org\n\n"
               R"({"user":"alice","password":"x"})"),
          seed("GET /api/v1/accounts/alice/messages/b/parts/7\nLast-Event-ID: 5\n\n"),
          seed("DELETE /lost?x=%41\nAccept: text/html\nIf-None-Match: \"x\"\n\n")};
}

}  // namespace

std::vector<base::Bytes> seeds_of(std::string_view fuzzer) {
  if (fuzzer == "store_trailer_fuzz") return trailer_seeds();
  if (fuzzer == "store_block_fuzz") return block_seeds();
  if (fuzzer == "store_leaf_fuzz") return leaf_seeds();
  if (fuzzer == "store_commit_fuzz") return commit_seeds();
  if (fuzzer == "store_key_fuzz") return key_seeds();
  if (fuzzer == "store_tree_record_fuzz") return tree_record_seeds();
  if (fuzzer == "store_recipe_fuzz") return recipe_seeds();
  if (fuzzer == "store_split_fuzz") return split_seeds();
  if (fuzzer == "backupd_once_fuzz") return once_seeds();
  if (fuzzer == "desk_protocol_fuzz") return desk_seeds();
  if (fuzzer == "web_render_fuzz") return render_seeds();
  if (fuzzer == "web_request_fuzz") return request_seeds();
  return imap_seeds();
}

}  // namespace fuzz
