/* Kafka headers as JSON, in their order, repeated names included:
 *
 *     [{"name": "traceparent", "value": "00-…"}, {"name": "x", "base64": "…"}, {"name": "y", "value": null}]
 *
 * A value is text where jsonb can hold it as text (UTF-8 without NUL), else base64; null: the header has no value.
 * The result is valid whatever the bytes. */
#pragma once

#include "record.hpp"

#include <string>

namespace analytics::ingestor {

/** Appends the array to out. */
void append_headers(std::string &out, std::span<const Header> headers);

} // namespace analytics::ingestor
