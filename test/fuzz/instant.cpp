/* Any bytes as a text, as a number and as a JSON value. An instant that was read is in range, is the same when it is
 * written and read again, and is the same in other spellings. */
#include "../unit/core/normalize_oracle.hpp"
#include "require.hpp"

#include <cstdint>
#include <string>

namespace {

using namespace analytics::core;

void sound(Instant instant)
{
    require(instant >= min_instant && instant <= max_instant, "in range");
    const IsoText text = iso8601(instant);
    require(instant_of_text(text.view()) == instant, "written text reads as the same instant");
    require(text.size == (instant % 1'000'000 == 0 ? 20 : 27), "a fraction only when there is one");
}

void check_text(const std::string &text)
{
    const auto instant = instant_of_text(text);
    if (!instant) return;
    sound(*instant);
    require(!instant_of_text(text + " ") && !instant_of_text(" " + text), "no blanks around");
    std::string other = text;
    other[10] = other[10] == ' ' ? 'T' : ' ';
    require(instant_of_text(other) == instant, "any separator");
    if (const std::size_t point = text.find_first_of(".,"); point != std::string::npos) {
        other[point] = text[point] == '.' ? ',' : '.';
        require(instant_of_text(other) == instant, "point or comma");
        const std::size_t end = std::min(text.find_first_not_of("0123456789", point + 1), text.size());
        if (end - point > 6) require(instant_of_text(other.insert(end, "9")) == instant, "truncated");
    }
    if (text.find_first_of("Zz+", 10) == std::string::npos && text.find('-', 10) == std::string::npos)
        require(instant_of_text(text + "Z") == instant && instant_of_text(text + "-00") == instant, "naive is UTC");
}

void check_number(const std::string &number)
{
    const auto instant = instant_of_number(number);
    if (!instant) return;
    sound(*instant);
    if (number.front() != '-') {
        const auto mirrored = instant_of_number("-" + number);
        require(!mirrored || *mirrored == -*instant, "the magnitude decides, toward zero");
    }
    if (number.find_first_of("eE") == std::string::npos) {
        require(instant_of_number(number + "e0") == instant, "an exponent of zero");
        const char *fraction = number.find('.') == std::string::npos ? ".0" : "0";
        require(instant_of_number(number + fraction) == instant, "a zero behind the fraction");
        require(instant_of_number(number + fraction + "000e-0000") == instant, "more of them");
    }
}

void check_json(const std::string &json)
{
    static Document document;
    if (document.read(json, Limits{})) return;
    const auto instant = instant_of(document, 0);
    require(instant == NormalizeOracle::instant(value_of(document, 0)), "the oracle's instant");
    if (instant) sound(*instant);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const std::string bytes(data, data + size);
    check_text(bytes);
    check_number(bytes);
    check_json(bytes);
    return 0;
}
