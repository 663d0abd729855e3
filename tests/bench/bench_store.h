// A store to measure, and the tools for measuring it.
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

// The locations in `directory`: store, index and key file.
store::Location location_in(const base::Path& directory);

class Stopwatch {
 public:
  double seconds() const;

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

double peak_megabytes();  // of this process, since its start or since it was forgotten
void forget_peak();

// "name: value unit", one line of the result.
void print(std::string_view name, double value, std::string_view unit);
void print_sizes(const base::Path& directory);

// The files below `directory`, grouped by the directory that contains them, both sorted.
struct MailFolder {
  std::string name;
  std::vector<base::Path> messages;
};
std::vector<MailFolder> mail_below(const base::Path& directory);

store::StoredMessage add(store::Writer& writer, std::string_view message,
                         std::string_view account = {});
store::FolderInfo folder_named(std::string name);
store::MessageEntry entry(std::uint32_t uid, const store::StoredMessage& message);

void commit(store::Writer& writer, const std::string& account,
            std::vector<store::FolderRecord> folders);

// Prunes twice without a grace period: the second run deletes what the first condemned.
void prune_now(const base::Path& directory);

// The commands: each works in `directory`.
void make_mail(const base::Path& directory, std::size_t messages);
void add_mail(const base::Path& directory, const base::Path& mail);
void prune_all(const base::Path& directory);
void check_data(const base::Path& directory);
void read_all(const base::Path& directory);
void read_one(const base::Path& directory);
void make_million(const base::Path& directory, std::uint32_t messages);
void change_million(const base::Path& directory);
void search_million(const base::Path& directory);
void thirty_nights(const base::Path& directory);
void four_accounts(const base::Path& directory, const base::Path& mail);
void a_year(const base::Path& directory, std::size_t nights);

}  // namespace bench
