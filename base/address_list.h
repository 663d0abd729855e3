// Addresses of a host, as the system's resolver returns them.
#pragma once

#include <netdb.h>

#include "base/handle.h"

namespace base {

using AddressList = Handle<addrinfo, freeaddrinfo>;

struct AddressLookup {
  AddressList list;  // null if it failed
  int error = 0;     // EAI_...: gai_strerror()
};

// `service`: a port or its name; null: no port.
inline AddressLookup look_up_addresses(const char* host, const char* service,
                                       const addrinfo& hints) {
  addrinfo* list = nullptr;
  const int error = ::getaddrinfo(host, service, &hints, &list);
  return {AddressList(error == 0 ? list : nullptr), error};
}

}  // namespace base
