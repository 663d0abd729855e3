// Takes from this process what it does not need in order to read a message: a defect in a parser
// then gives a stranger one message, which he wrote himself.
#pragma once

namespace render {

// From now on the process can read and seek in what is open, write to pipes, use memory within a
// bound, and end; it can open no file, write to no file, create no socket and start no program. CPU
// time is bounded. Descriptors other than the three standard ones are closed. If memory is short,
// it is the first to be ended. Fails with kIo if the system can't do it.
void confine();

}  // namespace render
