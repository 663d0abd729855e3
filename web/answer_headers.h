// The header fields that protect the page, on every answer.
#pragma once

#include "web/http.h"

namespace web {

enum class AnswerKind {
  kPage,              // a file of the page: scripts and styles of ours, and nothing else
  kData,              // JSON, events
  kMail,              // a message as a document: no scripts, nothing from elsewhere
  kMailWithPictures,  // the same with pictures over https
  kFile,              // saved, never opened in our origin
};

void protect(HttpAnswer& answer, AnswerKind kind);

}  // namespace web
