/* Newline-delimited JSON: each line that is not blank is one record.
 *
 * A line ends with LF, with or without a CR before it; the last line needs none. A blank line has only spaces, tabs and
 * CRs. The records are not parsed here: the database refuses a bad one by itself, and not its neighbours. */
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace analytics::http {

/** The records, at most one more than max_records: whoever gets that many has too many. Views into the body. */
[[nodiscard]] std::vector<std::string_view> records_of_lines(std::string_view body, std::size_t max_records);

} // namespace analytics::http
