// `mailstow-restore desk`.
#pragma once

#include "base/program/command.h"

namespace desk {

base::Command desk_command();

}  // namespace desk
