/* Newline-delimited JSON: every line that is not blank is one record, in the order of the lines.
 *
 * Lines end with LF; a CR before it goes with it; the last one needs no LF. Blank is a line of spaces, tabs and CRs.
 * Nothing is read here: a line of bad bytes is a record that the database refuses by itself, not its neighbours. */
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace analytics::http {

/** The records, at most one more than max_records: whoever gets that many has too many. Views into the body. */
[[nodiscard]] std::vector<std::string_view> records_of_lines(std::string_view body, std::size_t max_records);

} // namespace analytics::http
