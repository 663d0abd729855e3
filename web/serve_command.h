#pragma once

#include "base/program/command.h"

namespace web {

base::Command serve_command();

}  // namespace web
