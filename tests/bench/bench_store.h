// A store to measure, and how it is measured.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "store/format/location.h"
#include "store/reader.h"
#include "store/writer.h"

namespace bench {

// In `folder`: store, index and key file.
store::Location location_in(const base::Path& folder);

class Stopwatch {
 public:
  double seconds() const;

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

double peak_megabytes();  // of this process

// "name: value unit", one line of the result.
void print(std::string_view name, double value, std::string_view unit);
void print_sizes(const base::Path& folder);

// The files below `folder` by the folder that they are in, both sorted.
struct MailFolder {
  std::string name;
  std::vector<base::Path> messages;
};
std::vector<MailFolder> mail_below(const base::Path& folder);

store::StoredMessage add(store::Writer& writer, std::string_view message);
store::FolderInfo folder_named(std::string name);
store::MessageEntry entry(std::uint32_t uid, const store::StoredMessage& message);

void commit(store::Writer& writer, const std::string& account,
            std::vector<store::FolderRecord> folders);

// Twice without a grace: the second run deletes what the first condemned.
void prune_now(const base::Path& folder);

// The commands: each works in `folder`.
void make_mail(const base::Path& folder, std::size_t messages);
void add_mail(const base::Path& folder, const base::Path& mail);
void prune_all(const base::Path& folder);
void check_data(const base::Path& folder);
void read_all(const base::Path& folder);
void read_one(const base::Path& folder);
void make_million(const base::Path& folder, std::uint32_t messages);
void change_million(const base::Path& folder);
void search_million(const base::Path& folder);
void thirty_nights(const base::Path& folder);

}  // namespace bench
