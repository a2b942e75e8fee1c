#include "version.hpp"

#include "exact.hpp"
#include "text/integer.hpp"

#include <limits>

namespace analytics::core {
namespace {

std::optional<Version> in_range(std::optional<std::int64_t> number) noexcept
{
    if (!number || *number < 1 || *number > std::numeric_limits<Version>::max()) return std::nullopt;
    return static_cast<Version>(*number);
}

std::optional<Version> version_of_digits(std::string_view digits) noexcept
{
    if (digits.starts_with('0')) return std::nullopt;
    return in_range(integer_of<std::int64_t>(digits));
}

} // namespace

std::optional<VersionSuffix> version_suffix(std::string_view event_type) noexcept
{
    constexpr std::string_view mark = ".v";
    const std::size_t dot = event_type.rfind('.');
    if (dot == std::string_view::npos || dot == 0 || event_type.substr(dot, mark.size()) != mark) return std::nullopt;
    const std::optional<Version> version = version_of_digits(event_type.substr(dot + mark.size()));
    if (!version) return std::nullopt;
    return VersionSuffix{event_type.substr(0, dot), *version};
}

std::optional<Version> version_of(const Decimal &number)
{
    return in_range(ExactNumber(number).to_int64());
}

std::optional<Version> version_of_number(const Node &node)
{
    if (node.kind != Kind::number) return std::nullopt;
    if (node.view().find_first_of(".eE") == std::string_view::npos) return version_of_digits(node.view());
    if (!fits_numeric(node.view())) return std::nullopt;
    Decimal decimal;
    to_decimal(node.view(), decimal);
    return version_of(decimal);
}

std::optional<Version> version_of_member(const Node &node)
{
    return node.kind == Kind::string ? version_of_digits(node.view()) : version_of_number(node);
}

} // namespace analytics::core
