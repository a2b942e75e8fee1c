/* Hosts and lists of brokers as settings name them: what is wrong with their form. Whether a host exists is asked of
 * nobody here. */
#pragma once

#include <string>
#include <string_view>

namespace analytics::runtime {

/** What is wrong with a host's name or address, or nothing. */
[[nodiscard]] std::string host_fault(std::string_view host);

/** What is wrong with a comma list of brokers, [protocol://]host[:port], or nothing. A protocol is not judged. */
[[nodiscard]] std::string brokers_fault(std::string_view list);

/** The first protocol of the list that is another one than this, in any case; nothing: there is none. */
[[nodiscard]] std::string other_protocol(std::string_view list, std::string_view protocol);

} // namespace analytics::runtime
