/* A verdict in one line, for comparisons and for messages:
 *
 *   canonical t s 2025-11-16T18:14:00Z "tenant" ["key"] {"payload":1}      accepted; - stands for what is not there
 *   invalid_field: eventType: must be …                                   refused */
#pragma once

#include "value.hpp"

#include <string>

namespace analytics::core {

inline std::string key_text(const Verdict &verdict)
{
    std::string out;
    for (const std::string_view value : verdict.key) out.append(out.empty() ? "\"" : ",\"").append(value).append("\"");
    return "[" + out + "]";
}

inline std::string verdict_text(const Verdict &verdict, const Document &document)
{
    std::string out;
    if (verdict.refusal) return out.append(name(verdict.refusal.reason)).append(": ").append(verdict.refusal.detail);
    out.append(verdict.shape).append(" ").append(verdict.event_type).append(" ").append(verdict.source).append(" ");
    out.append(verdict.occurred_at ? iso8601(*verdict.occurred_at).view() : "-").append(" ");
    out.append(verdict.tenant_id ? "\"" + std::string(*verdict.tenant_id) + "\"" : "-").append(" ");
    out.append(verdict.has_key ? key_text(verdict) : "-").append(" ");
    return out.append(printed(value_of(document, verdict.payload)));
}

} // namespace analytics::core
