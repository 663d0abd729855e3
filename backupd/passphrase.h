// Reads a passphrase from the terminal or from a pipe.
#pragma once

#include "base/secret.h"

namespace backupd {

enum class PassphraseUse { kOpen, kNew };  // kNew is prompted for twice

// Prompts on a terminal, without echo; otherwise reads the first line of stdin. Fails with kUsage
// if the passphrase is empty, or if the two entries differ.
base::Secret read_passphrase(PassphraseUse use);

}  // namespace backupd
