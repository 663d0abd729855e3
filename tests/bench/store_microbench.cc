// The steps of storing a message, each measured separately.
#include <benchmark/benchmark.h>

#include "store/format/compression.h"
#include "store/format/crypto.h"
#include "store/format/leaf.h"
#include "store/message/split.h"
#include "store/search_index/envelope.h"
#include "tests/servers/mail_generator.h"

namespace {

class NoParts : public store::PartSink {
 public:
  store::ObjectId put(store::PartKind /*kind*/, base::ByteView /*bytes*/) override { return {}; }
};

std::vector<std::string> mail() {
  servers::MailGenerator generator(1);
  std::vector<std::string> messages(500);
  for (std::string& message : messages) message = generator.any();
  return messages;
}

template <typename Work>
void for_all(benchmark::State& state, Work work) {
  const std::vector<std::string> messages = mail();
  std::int64_t bytes = 0;
  std::int64_t count = 0;
  for ([[maybe_unused]] auto _ : state) {
    for (const std::string& message : messages) {
      work(base::as_bytes(message));
      bytes += static_cast<std::int64_t>(message.size());
      ++count;
    }
  }
  state.SetBytesProcessed(bytes);
  state.SetItemsProcessed(count);
}

void hash(benchmark::State& state) {
  for_all(state, [](base::ByteView message) { benchmark::DoNotOptimize(store::sha256(message)); });
}
BENCHMARK(hash);

void split(benchmark::State& state) {
  NoParts parts;
  for_all(state, [&](base::ByteView message) {
    benchmark::DoNotOptimize(store::split(message, parts, {}));
  });
}
BENCHMARK(split);

void envelope(benchmark::State& state) {
  for_all(state, [](base::ByteView message) {
    benchmark::DoNotOptimize(
        store::read_envelope(message.first(std::min(message.size(), 65'536UL))));
  });
}
BENCHMARK(envelope);

void compress_block(benchmark::State& state) {
  std::string block;
  for (const std::string& message : mail()) block += message;
  store::Compressor compressor(static_cast<int>(state.range(0)));
  for ([[maybe_unused]] auto _ : state)
    benchmark::DoNotOptimize(compressor.compress(base::as_bytes(block)));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(block.size()));
}
BENCHMARK(compress_block)->Arg(1)->Arg(3)->Arg(9)->Unit(benchmark::kMillisecond);

void decode_leaf(benchmark::State& state) {
  const store::Keys keys;
  const auto make_id = [&](const store::Sha256& digest) { return store::message_id(keys, digest); };
  std::vector<store::Identity> identities(64);
  std::uint32_t uid = 0;
  for (store::Identity& identity : identities) {
    identity.uid = {++uid};
    identity.digest = store::sha256(base::as_bytes(std::to_string(uid)));
    identity.message = make_id(identity.digest);
  }
  const base::Bytes leaf = store::encode_identities(identities, make_id);
  for ([[maybe_unused]] auto _ : state)
    benchmark::DoNotOptimize(store::decode_identities(leaf, make_id));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(identities.size()));
}
BENCHMARK(decode_leaf);

}  // namespace
