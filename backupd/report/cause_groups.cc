#include "backupd/report/cause_groups.h"

#include <algorithm>
#include <array>
#include <functional>
#include <set>
#include <vector>

#include "base/ascii.h"
#include "base/terminal.h"

namespace backupd {

namespace {

constexpr std::size_t kMaxRead = 2'048;     // bytes of an error
constexpr std::size_t kMaxForm = 256;       // of its normal form
constexpr std::size_t kMaxBracketed = 256;  // between angle brackets
// Escaped texts have no control characters.
constexpr char kName = '\x01';
constexpr char kNumber = '\x02';

// Characters of a word, also of other scripts.
bool is_word_byte(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '_' ||
         static_cast<unsigned char>(byte) >= 0x80;
}

bool is_digit(char byte) {
  return byte >= '0' && byte <= '9';
}

// A name does not begin or end within these.
bool belongs_to_name(char byte) {
  return is_word_byte(byte) || byte == '-' || byte == '+' || byte == '@';
}

bool belongs_to_address(char byte) {
  return belongs_to_name(byte) || byte == '.' || byte == '%' || byte == '=';
}

bool is_number(std::string_view word) {
  constexpr std::size_t kShortestHex = 6;
  if (std::ranges::any_of(word, is_digit)) return true;
  return word.size() >= kShortestHex && word.find_first_not_of("abcdef") == std::string_view::npos;
}

// The login's user in our own words: "login of USER: the server ...", "login of ADMIN as USER:
// ...".
struct NamedLogin {
  std::size_t at = 0;
  std::string_view user;
};

NamedLogin login_in(std::string_view text) {
  constexpr std::string_view kLogin = "login of ";
  constexpr std::string_view kAs = " as ";
  const std::size_t begin = text.find(kLogin);
  if (begin == std::string_view::npos) return {};
  const std::size_t first = begin + kLogin.size();
  const std::size_t end = text.find(": the server ", first);
  if (end == std::string_view::npos) return {};
  const std::string_view who = text.substr(first, end - first);
  const std::size_t as = who.find(kAs);
  const std::size_t at = as == std::string_view::npos ? first : first + as + kAs.size();
  return {at, text.substr(at, end - at)};
}

// All that the account and its folder may be called, in small letters, the longest first.
std::vector<std::string> forms_of(const std::vector<std::string_view>& names,
                                  const std::array<std::string, 2>& folder) {
  std::set<std::string> forms;
  for (const std::string& form : folder) {
    if (!form.empty()) forms.insert(form);
  }
  for (const std::string_view name : names) {
    const std::size_t at = name.rfind('@');
    std::vector<std::string_view> parts = {name};
    if (at != std::string_view::npos) parts = {name, name.substr(0, at), name.substr(at + 1)};
    for (const std::string_view part : parts) {
      if (!part.empty()) forms.insert(base::lowered(part));
    }
  }
  std::vector<std::string> sorted(forms.begin(), forms.end());
  std::ranges::stable_sort(sorted, std::ranges::greater{},
                           [](const std::string& form) { return form.size(); });
  return sorted;
}

// Writes the normal form of one text.
class NormalForm {
 public:
  NormalForm(std::string_view text, const std::vector<std::string>& names)
      : text_(text), names_(names) {}

  std::string write() {
    copy_url();
    while (at_ < text_.size() && form_.size() < 2 * kMaxForm) step();
    return form_.substr(0, kMaxForm);
  }

 private:
  // The URL names the server: two servers have two problems.
  void copy_url() {
    const std::string_view first = text_.substr(0, text_.find(' '));
    if (first.find("://") == std::string_view::npos) return;
    form_ = first;
    at_ = first.size();
  }

  void step() {
    if (skip_name() || skip_brackets() || skip_address()) return;
    if (!is_word_byte(text_[at_])) {
      form_ += text_[at_++];
      return;
    }
    std::size_t end = at_;
    while (end < text_.size() && is_word_byte(text_[end])) ++end;
    const std::string_view word = text_.substr(at_, end - at_);
    at_ = end;
    if (is_number(word)) {
      add_number();
    } else {
      form_ += word;
    }
  }

  bool is_name_at_end(std::size_t end) const {
    return end >= text_.size() || !belongs_to_name(text_[end]);
  }

  bool skip_name() {
    if (at_ > 0 && belongs_to_name(text_[at_ - 1])) return false;
    for (const std::string& name : names_) {
      if (!text_.substr(at_).starts_with(name) || !is_name_at_end(at_ + name.size())) continue;
      at_ += name.size();
      form_ += kName;
      return true;
    }
    return false;
  }

  // A response code is the cause itself; what else a server has in brackets was made by a program.
  bool skip_brackets() {
    const char open = text_[at_];
    if (open != '<' && open != '[') return false;
    const std::size_t end = text_.find(open == '<' ? '>' : ']', at_);
    if (end == std::string_view::npos || end - at_ > kMaxBracketed) return false;
    const std::string_view inside = text_.substr(at_ + 1, end - at_ - 1);
    if (open == '[' && is_after_status()) {
      form_ += text_.substr(at_, inside.find(' ') == std::string_view::npos ? inside.size() + 1
                                                                            : inside.find(' ') + 1);
      form_ += ']';
    } else if (open == '<' || std::ranges::any_of(inside, is_digit)) {
      add_number();
    } else {
      return false;
    }
    at_ = end + 1;
    return true;
  }

  bool is_after_status() const {
    static constexpr std::array<std::string_view, 4> kStatus = {"no ", "bad ", "bye ", "ok "};
    const std::string_view before = text_.substr(0, at_);
    return std::ranges::any_of(kStatus, [&](auto word) { return before.ends_with(word); });
  }

  bool skip_address() {
    if (at_ > 0 && belongs_to_address(text_[at_ - 1])) return false;
    std::size_t end = at_;
    while (end < text_.size() && belongs_to_address(text_[end])) ++end;
    while (end > at_ && text_[end - 1] == '.') --end;
    const std::size_t sign = text_.substr(at_, end - at_).find('@');
    if (sign == std::string_view::npos || sign == 0 || at_ + sign + 1 == end) return false;
    at_ = end;
    form_ += kName;
    return true;
  }

  // Numbers that are parts of one, as in a time or a version, are one.
  void add_number() {
    const std::size_t last = form_.find_last_not_of(".,:/+=-");
    if (last != std::string::npos && form_[last] == kNumber && last + 2 >= form_.size()) {
      form_.resize(last);
    }
    form_ += kNumber;
  }

  std::string_view text_;
  const std::vector<std::string>& names_;
  std::size_t at_ = 0;
  std::string form_;
};

// The folder in our own words: "FOLDER: the server refused".
void replace_first_folder(std::string& text, const std::array<std::string, 2>& folder) {
  for (const std::string& form : folder) {
    if (form.empty() || !text.starts_with(form + ": ")) continue;
    text.replace(0, form.size(), 1, kName);
    return;
  }
}

// Two forms, since an account may be called like a word: "the server refused" must not differ for
// an account with the name "server". The first one leaves out a name only where we wrote it.
std::array<std::string, 2> normal_forms(std::string_view error, const AccountNames& account) {
  // As it is in warnings, which are escaped when they are printed, and in errors.
  const std::array folder = {base::lowered(account.folder),
                             base::lowered(base::escape_for_terminal(account.folder))};
  std::string text = base::lowered(error.substr(0, kMaxRead));
  replace_first_folder(text, folder);
  const NamedLogin login = login_in(text);
  std::string rest = text;
  if (!login.user.empty()) rest.replace(login.at, login.user.size(), 1, kName);
  const std::string name = base::escape_for_terminal(account.name);
  const std::string user = base::escape_for_terminal(account.user);
  const std::vector<std::string> no_names;
  const std::vector<std::string> names = forms_of({name, user, login.user}, folder);
  return {NormalForm(rest, no_names).write(), NormalForm(rest, names).write()};
}

}  // namespace

std::size_t CauseGroups::number_of(std::string_view error, const AccountNames& account) {
  const auto forms = normal_forms(error, account);
  const std::size_t number = number_in(forms).value_or(next_);
  if (number == next_) ++next_;
  for (const std::string& form : forms) numbers_.try_emplace(form, number);
  return number;
}

std::optional<std::size_t> CauseGroups::find(std::string_view error,
                                             const AccountNames& account) const {
  return number_in(normal_forms(error, account));
}

std::optional<std::size_t> CauseGroups::number_in(const std::array<std::string, 2>& forms) const {
  for (const std::string& form : forms) {
    const auto known = numbers_.find(form);
    if (known != numbers_.end()) return known->second;
  }
  return std::nullopt;
}

std::optional<std::size_t> FewOfEach::cause_of(std::string_view error,
                                               const AccountNames& account) {
  if (groups_.forms() < kMaxForms) return groups_.number_of(error, account);
  const auto known = groups_.find(error, account);
  // As long as there is room, a text with a new cause is shown, so there are only a few of them.
  if (known || shown_in_all_ == most_) return known;
  return groups_.number_of(error, account);
}

bool FewOfEach::admits(std::string_view error, const AccountNames& account) {
  const auto cause = cause_of(error, account);
  const auto shown = cause ? shown_.find(*cause) : shown_.end();
  const bool is_new = shown == shown_.end();
  if (cause && shown_in_all_ < most_ && (is_new || shown->second < most_alike_)) {
    ++shown_in_all_;
    ++shown_[*cause];
    return true;
  }
  ++(is_new ? left_out_others_ : left_out_alike_);
  return false;
}

}  // namespace backupd
