/* The form of hosts, ports and lists of brokers in settings. Whether a host exists is not checked. */
#pragma once

#include <string>
#include <string_view>

namespace analytics::runtime {

/** Whether the text is a number from 1 to 65535. */
[[nodiscard]] bool is_port(std::string_view text);

/** What is wrong with a host's name or address, or nothing. */
[[nodiscard]] std::string host_fault(std::string_view host);

/** What is wrong with a comma list of brokers, [protocol://]host[:port], or nothing. A protocol is not checked. */
[[nodiscard]] std::string brokers_fault(std::string_view list);

/** The first protocol in the list that differs from this one, ignoring case; or nothing. */
[[nodiscard]] std::string other_protocol(std::string_view list, std::string_view protocol);

} // namespace analytics::runtime
