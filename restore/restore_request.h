// What a run was asked for, kept in its tree's record so that another can go on with it.
#pragma once

#include <string>

#include "restore/selection.h"

namespace restore {

struct RestoreRequest {
  std::string account;  // whose mail it is
  // `at` is the id of the snapshot that was chosen; `asked` is set, so that times which are counted
  // from it stay what they were.
  SelectionOptions selection;
};

std::string write_request(const RestoreRequest& request);

// Fails with kDamaged.
RestoreRequest read_request(const std::string& text);

}  // namespace restore
