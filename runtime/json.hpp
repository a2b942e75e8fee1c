/* Writes JSON strings from any bytes. */
#pragma once

#include <string>
#include <string_view>

namespace analytics::runtime {

/** Appends the bytes as a JSON string, quotes included. Each byte that is not UTF-8 becomes U+FFFD. */
void append_json_string(std::string &out, std::string_view bytes);

} // namespace analytics::runtime
