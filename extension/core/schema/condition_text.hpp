/* A finding as a condition that would have held, in plain English: "`total` were a number", "it had `currency`", "its
 * contract let any payload through". It goes behind an "if".
 *
 * It is made of the finding, so it has names of members and the schema's own words, and never the payload's value. */
#pragma once

#include "finding.hpp"

#include <string>
#include <string_view>

namespace analytics::core::schema {

/** Printable UTF-8 of at most some 1000 bytes. */
[[nodiscard]] std::string condition_text(const Finding &finding);

/** A member's name or pointer, between backticks. One that has some is shown with apostrophes. */
[[nodiscard]] std::string quoted_name(std::string_view name);

} // namespace analytics::core::schema
