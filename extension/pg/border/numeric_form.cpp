#include "numeric_form.hpp"
#include "../../core/error.hpp"

#include <cstring>

namespace analytics::pg {
namespace {

constexpr std::uint16_t kind_mask = 0xC000;
constexpr std::uint16_t kind_special = 0xC000;
constexpr std::uint16_t kind_short = 0x8000;
constexpr std::uint16_t short_negative = 0x2000;
constexpr int short_scale_shift = 7;
constexpr int short_scale_max = 63;
constexpr int short_weight_min = -64;
constexpr int short_weight_max = 63;
constexpr std::uint16_t short_weight_mask = 0x7F; // sign and six bits
constexpr std::uint16_t short_weight_sign = 0x40;
constexpr std::uint16_t long_negative = 0x4000;
constexpr std::uint16_t long_scale_mask = 0x3FFF;

template <class T> T read_at(const char *bytes) noexcept
{
    T value{};
    std::memcpy(&value, bytes, sizeof value);
    return value;
}

} // namespace

std::size_t write_numeric_head(const core::Decimal &decimal, char *out) noexcept
{
    const int weight = decimal.weight;
    const int scale = decimal.scale;
    const bool is_short = scale <= short_scale_max && weight >= short_weight_min && weight <= short_weight_max;
    std::uint16_t head[2] = {};
    if (is_short) {
        head[0] = static_cast<std::uint16_t>(kind_short | (decimal.negative ? short_negative : 0) |
                                             (scale << short_scale_shift) | (weight & short_weight_mask));
    } else {
        head[0] = static_cast<std::uint16_t>((decimal.negative ? long_negative : 0) | scale);
        head[1] = static_cast<std::uint16_t>(weight);
    }
    const std::size_t size = VARHDRSZ + (is_short ? sizeof head[0] : sizeof head);
    std::uint32_t length = 0;
    SET_VARSIZE(&length, size + decimal.digits.size() * sizeof(std::int16_t));
    std::memcpy(out, &length, sizeof length);
    std::memcpy(out + VARHDRSZ, head, size - VARHDRSZ);
    return size;
}

Datum numeric_of(const core::Decimal &decimal)
{
    alignas(std::uint32_t) char head[numeric_head_bytes]; // VARSIZE reads a word
    const std::size_t size = write_numeric_head(decimal, head);
    auto *const numeric = static_cast<char *>(palloc(VARSIZE(head)));
    std::memcpy(numeric, head, size);
    if (!decimal.digits.empty()) std::memcpy(numeric + size, decimal.digits.data(), VARSIZE(head) - size);
    return PointerGetDatum(numeric);
}

void read_numeric(const char *numeric, core::Decimal &out)
{
    const char *at = numeric + VARHDRSZ;
    const char *const end = numeric + VARSIZE(numeric);
    const auto head = read_at<std::uint16_t>(at);
    at += sizeof head;
    if ((head & kind_mask) == kind_special) throw core::Error("jsonb holds a number that is not finite");
    if ((head & kind_mask) == kind_short) {
        out.negative = (head & short_negative) != 0;
        out.scale = (head >> short_scale_shift) & short_scale_max;
        out.weight = head & short_weight_mask;
        if ((head & short_weight_sign) != 0) out.weight -= 2 * short_weight_sign;
    } else {
        out.negative = (head & kind_mask) == long_negative;
        out.scale = head & long_scale_mask;
        out.weight = read_at<std::int16_t>(at);
        at += sizeof(std::int16_t);
    }
    out.digits.resize(static_cast<std::size_t>(end - at) / sizeof(std::int16_t));
    if (!out.digits.empty()) std::memcpy(out.digits.data(), at, out.digits.size() * sizeof(std::int16_t));
}

} // namespace analytics::pg
