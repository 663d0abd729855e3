// A heap that leaves no secrets behind, for a program through whose memory other people's passwords
// pass. JSON parsers, growing strings and containers free copies that no caller sees; so it is
// the heap that overwrites them. A program that links this has its own operator new and delete.
#pragma once

namespace base {

// From now on, memory that operator delete frees is overwritten first, in all threads. C libraries
// allocate by malloc() and are not covered.
void wipe_freed_memory();

// Overwrites what functions that have returned left on this thread's stack, up to 32 KiB.
void wipe_returned_frames();

}  // namespace base
