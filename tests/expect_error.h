// EXPECT_ERROR(kBusy, "another process", store::Writer::open(...)): the statement must fail with
// this code and with this text in its one-line message.
#pragma once

#include <gmock/gmock.h>

#include "base/error.h"

#define EXPECT_ERROR(error_code, text, ...)                                               \
  do {                                                                                    \
    try {                                                                                 \
      static_cast<void>(__VA_ARGS__);                                                     \
      ADD_FAILURE() << "expected an error with \"" << (text) << '"';                      \
    } catch (const base::Error& caught_error) {                                           \
      EXPECT_EQ(caught_error.code(), base::ErrorCode::error_code) << caught_error.what(); \
      EXPECT_THAT(caught_error.what(), testing::HasSubstr(text));                         \
      EXPECT_THAT(caught_error.what(), testing::Not(testing::HasSubstr("\n")));           \
    }                                                                                     \
  } while (false)
