// A passphrase from the person at the keyboard, or from a pipe.
#pragma once

#include "base/secret.h"

namespace backupd {

enum class PassphraseUse { kOpen, kNew };  // kNew is asked for twice

// On a terminal asked for, without showing it; else the first line of stdin. Fails with kUsage if
// there is none, or the two differ.
base::Secret read_passphrase(PassphraseUse use);

}  // namespace backupd
