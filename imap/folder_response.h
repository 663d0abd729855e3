// Readers of responses about folders. Each starts after the word that names the kind of response
// and stops before the end of the line. Only for read_response().
#pragma once

#include "imap/lexer.h"
#include "imap/response.h"

namespace imap {

ListResponse read_list_response(Lexer& lexer);
FolderStatusResponse read_status_response(Lexer& lexer);
NamespaceResponse read_namespace_response(Lexer& lexer);
QuotaRootResponse read_quota_root_response(Lexer& lexer);
QuotaResponse read_quota_response(Lexer& lexer);
AclResponse read_acl_response(Lexer& lexer);  // RFC 4314
MyRightsResponse read_my_rights_response(Lexer& lexer);
MetadataResponse read_metadata_response(Lexer& lexer);  // RFC 5464

}  // namespace imap
