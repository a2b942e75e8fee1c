/* The body of a POST: which form it has, and the records of one that has a record a line.
 *
 * Its media type decides, and is compared without regard to case. Parameters have no effect, not even charset: JSON is
 * UTF-8 (RFC 8259, 8.1 and 11), and other bytes are refused as such. The records are not parsed here: the database
 * refuses a bad one by itself, and not its neighbours. */
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace analytics::http {

/** lines: newline-delimited JSON. value: of a route that takes an array as any other JSON. */
enum class Form : std::uint8_t { none, object, array, lines, value };

/** None if the type is not supported, and never value. */
[[nodiscard]] Form form_of(std::string_view content_type, std::string_view body) noexcept;

/** Whether a route for bodies of the one form takes a body of the other. */
[[nodiscard]] constexpr bool takes(Form route, Form body) noexcept
{
    return route == body || (route == Form::value && (body == Form::object || body == Form::array));
}

/** Each line that is not blank, at most one more than max_records, so that the caller learns of too many. A line ends
 * with LF, with or without a CR before it; the last line needs none. A blank line has only spaces, tabs and CRs. Views
 * into the body. */
[[nodiscard]] std::vector<std::string_view> records_of_lines(std::string_view body, std::size_t max_records);

} // namespace analytics::http
