/* What a refused record would be, and what keeps it from that, in a sentence for people:
 *
 *   would be `order.placed` v2 if `total` were a number
 *   would be `iam.user-registered` if it had `email` and `userId`
 *   would be an event of the shape `hook` if `/data/version` were one of 1, 2
 *
 * This is the only place where such sentences are made. They have names of members, of shapes and of registered types,
 * and what shapes and schemas ask for. They never have a value of the record. */
#pragma once

#include "normalize.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace analytics::core {

/** The one that lacks least, of several the first; nothing when there are none. */
[[nodiscard]] std::optional<std::size_t> closest(std::span<const Considered> considered) noexcept;

/** The sentence about the record of a verdict, and of what it was compared with. Printable UTF-8, cut
 * after longest_sentence bytes. Empty for an event, and when no one member keeps the record from being one. */
[[nodiscard]] std::string would_be(const Verdict &verdict, std::span<const Considered> considered);

constexpr std::size_t longest_sentence = 600;

} // namespace analytics::core
