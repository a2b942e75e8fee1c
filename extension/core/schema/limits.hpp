/* What a schema may cost, so that any schema ends with any payload in some milliseconds.
 *
 * A step is about five nanoseconds of ordinary work. Of work that somebody has made as slow as possible it is up to
 * thirty. An event of 400 bytes and a schema of 15 keywords take two hundred steps. The allowance for each node lets a
 * large payload have many members: a schema looks at most of them two or three times. */
#pragma once

#include <cstddef>
#include <cstdint>

namespace analytics::core::schema {

// Of a schema, when it is compiled.
constexpr std::size_t most_schema_bytes = std::size_t{256} << 10;
constexpr std::uint32_t most_schema_depth = 128;
constexpr std::size_t most_subschemas = 10'000;
constexpr std::size_t most_patterns = 64;
constexpr std::size_t most_pattern_bytes = 4096;  // each; compiling one takes up to two milliseconds
constexpr std::int64_t pattern_memory = 1 << 20;  // bytes, each; beyond, RE2 empties its cache of states
constexpr std::size_t most_instructions = 20'000; // of all patterns
constexpr std::uint32_t longest_chain = 100;      // schemas within each other that apply to one value
constexpr std::uint64_t most_applications = 4096; // of subschemas to one value
constexpr std::size_t most_divisor_digits = 18;   // so that a remainder times 10^18 fits 128 bits

// Of the work for one payload.
constexpr std::int64_t steps_for_a_payload = 1'000'000;
constexpr std::int64_t steps_for_a_node = 10;
constexpr std::uint32_t most_levels = 1000; // of recursion: of values, and of schemas that apply to one

// Of a finding.
constexpr std::size_t longest_pointer = 300;  // bytes
constexpr std::size_t longest_expected = 200; // bytes

} // namespace analytics::core::schema
