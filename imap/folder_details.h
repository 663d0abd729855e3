// What a server tells of a folder beside its messages and status.
#pragma once

#include <string>
#include <vector>

#include "imap/acl.h"
#include "imap/metadata.h"
#include "imap/quota.h"

namespace imap {

// Empty is what the server does not have, or may not tell.
struct FolderDetails {
  std::vector<AclEntry> acl;
  std::vector<MetadataEntry> metadata;
  std::vector<QuotaRoot> quota_roots;
};

}  // namespace imap
