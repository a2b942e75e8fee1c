#include "headers.hpp"

#include "../extension/core/text/base64.hpp"
#include "../extension/core/text/utf8.hpp"
#include "../runtime/json.hpp"

namespace analytics::ingestor {
namespace {

void append_value(std::string &out, std::string_view value)
{
    if (core::is_storable_text(value)) {
        out += R"("value":)";
        runtime::append_json_string(out, value);
    } else {
        out += R"("base64":")";
        core::append_base64(out, value);
        out += '"';
    }
}

/* jsonb can't hold U+0000, and Kafka allows any bytes in a name: U+FFFD takes its place. */
void append_name(std::string &out, std::string_view name)
{
    std::string storable(name);
    for (char &c : storable)
        if (c == '\0') c = '\xFF'; // not UTF-8, hence written as U+FFFD
    out += R"({"name":)";
    runtime::append_json_string(out, storable);
    out += ',';
}

} // namespace

void append_headers(std::string &out, std::span<const Header> headers)
{
    out += '[';
    for (const Header &header : headers) {
        if (&header != headers.data()) out += ',';
        append_name(out, header.name);
        if (header.value)
            append_value(out, *header.value);
        else
            out += R"("value":null)";
        out += '}';
    }
    out += ']';
}

} // namespace analytics::ingestor
