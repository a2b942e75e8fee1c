/* Kafka headers as JSON: [{"name": "traceparent", "value": "00-…"}, {"name": "x", "base64": "…"}], in their order,
 * repeated names included. A value is text where jsonb can hold it as text (UTF-8 without NUL), else base64; one
 * without a value is {"name": "x", "value": null}. The result is valid whatever the bytes. */
#pragma once

#include "ports.hpp"

#include <string>

namespace analytics::ingestor {

/** Appends the array to out. */
void append_headers(std::string &out, std::span<const Header> headers);

} // namespace analytics::ingestor
