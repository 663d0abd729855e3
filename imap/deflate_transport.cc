#include "imap/deflate_transport.h"

#include <algorithm>
#include <utility>

// Lets zlib take input from const memory.
#define ZLIB_CONST
#include <zlib.h>

#include "base/error.h"

namespace imap {

namespace {

using base::ErrorCode;

constexpr std::size_t kPiece = 64U << 10U;
constexpr int kRawWindow = -15;  // no header, no checksum: RFC 4978, section 3
constexpr int kMemory = 8;

const Bytef* to_zlib(base::ByteView bytes) {
  return reinterpret_cast<const Bytef*>(bytes.data());
}

// zlib's state points back at the stream, so the stream must not move.
struct Deflater {
  Deflater() {
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kRawWindow, kMemory,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
      base::fail(ErrorCode::kInternal, "set up compression: out of memory");
    }
  }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  ~Deflater() { deflateEnd(&stream); }
  z_stream stream{};
};

struct Inflater {
  Inflater() {
    if (inflateInit2(&stream, kRawWindow) != Z_OK) {
      base::fail(ErrorCode::kInternal, "set up compression: out of memory");
    }
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&stream); }
  z_stream stream{};
};

class DeflateTransport : public Transport {
 public:
  DeflateTransport(std::unique_ptr<Transport> inner, base::ByteView received)
      : inner_(std::move(inner)), input_(received.begin(), received.end()) {
    input_.resize(std::max(kPiece, received.size()));
    feed(received.size());
  }

  std::size_t send(base::ByteView bytes) override {
    if (!flush()) return 0;
    const base::ByteView taken = bytes.first(std::min(bytes.size(), kPiece));
    compress(taken);
    flush();
    return taken.size();
  }

  std::size_t receive(std::span<std::byte> buffer) override {
    flush();
    for (;;) {
      if (const std::size_t length = inflate_into(buffer); length > 0) return length;
      const std::size_t received = inner_->receive(input_);
      if (received == 0) return 0;
      feed(received);
    }
  }

  bool wait(bool to_send, std::chrono::milliseconds timeout) override {
    return inner_->wait(to_send || sent_ < output_.size(), timeout);
  }

 private:
  void feed(std::size_t length) {
    inflater_.stream.next_in = to_zlib(input_);
    inflater_.stream.avail_in = static_cast<uInt>(length);
  }

  std::size_t inflate_into(std::span<std::byte> buffer) {
    z_stream& stream = inflater_.stream;
    if (stream.avail_in == 0 && !has_more_) return 0;
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    const int code = inflate(&stream, Z_SYNC_FLUSH);
    const std::size_t length = buffer.size() - stream.avail_out;
    // Z_BUF_ERROR: more input is needed.
    if (code != Z_OK && code != Z_BUF_ERROR && (code != Z_STREAM_END || length == 0)) {
      base::fail(ErrorCode::kProtocol, "the server sent an invalid compressed stream");
    }
    has_more_ = stream.avail_out == 0;
    return length;
  }

  // Compresses and flushes `bytes`, so that the peer can read all of them at once.
  void compress(base::ByteView bytes) {
    z_stream& stream = deflater_.stream;
    stream.next_in = to_zlib(bytes);
    stream.avail_in = static_cast<uInt>(bytes.size());
    output_.clear();
    sent_ = 0;
    do {
      const std::size_t end = output_.size();
      output_.resize(end + kPiece);
      stream.next_out = reinterpret_cast<Bytef*>(output_.data() + end);
      stream.avail_out = static_cast<uInt>(kPiece);
      deflate(&stream, Z_SYNC_FLUSH);
      output_.resize(output_.size() - stream.avail_out);
    } while (stream.avail_out == 0);
  }

  // Returns false if some output can't be sent now.
  bool flush() {
    while (sent_ < output_.size()) {
      const std::size_t taken = inner_->send(base::ByteView(output_).subspan(sent_));
      if (taken == 0) return false;
      sent_ += taken;
    }
    return true;
  }

  std::unique_ptr<Transport> inner_;
  Deflater deflater_;
  Inflater inflater_;
  base::Bytes input_;      // as received
  bool has_more_ = false;  // the last buffer was too small for all inflated data
  base::Bytes output_;     // compressed, to be sent
  std::size_t sent_ = 0;   // of `output_`
};

}  // namespace

std::unique_ptr<Transport> deflated(std::unique_ptr<Transport> inner, base::ByteView received) {
  return std::make_unique<DeflateTransport>(std::move(inner), received);
}

}  // namespace imap
