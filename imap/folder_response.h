// Reads what servers answer about folders. Each begins behind the word that names its kind and ends
// before the end of the line. For read_response() alone.
#pragma once

#include "imap/lexer.h"
#include "imap/response.h"

namespace imap {

ListResponse read_list_response(Lexer& lexer);
FolderStatusResponse read_status_response(Lexer& lexer);
NamespaceResponse read_namespace_response(Lexer& lexer);
QuotaRootResponse read_quota_root_response(Lexer& lexer);
QuotaResponse read_quota_response(Lexer& lexer);
AclResponse read_acl_response(Lexer& lexer);            // RFC 4314
MetadataResponse read_metadata_response(Lexer& lexer);  // RFC 5464

}  // namespace imap
