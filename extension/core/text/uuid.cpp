#include "uuid.hpp"

#include "hex.hpp"

namespace analytics::core {

namespace {

constexpr std::string_view form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

} // namespace

std::optional<std::string> bytes_of_uuid(std::string_view text)
{
    if (text.size() != form.size()) return std::nullopt;
    std::string digits;
    for (std::size_t i = 0; i < form.size(); ++i) {
        if (form[i] == 'x')
            digits += text[i];
        else if (text[i] != '-')
            return std::nullopt;
    }
    return bytes_of_hex(digits);
}

std::string uuid_of_bytes(std::string_view bytes)
{
    std::string text;
    for (const char byte : bytes) {
        if (form[text.size()] == '-') text += '-';
        append_hex(text, static_cast<std::uint8_t>(byte));
    }
    return text;
}

} // namespace analytics::core
