#pragma once

#include "base/program/command.h"

namespace render {

// Reads a message from stdin, a file, and prints one frame: a line of JSON, and as many bytes as
// its "size" says.
base::Command render_command();

}  // namespace render
