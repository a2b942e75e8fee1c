/* What events consist of: a name, a level, and fields that the log can show. */
#pragma once

#include "../extension/core/text/ascii.hpp"

#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

namespace analytics::runtime {

enum class Level : std::uint8_t { debug, info, warning, error };

/** Text that is JSON already and is embedded as it is. It must be valid: it comes from a jsonb. */
struct Json {
    std::string_view text = {};
};

/** Of a named field; monostate: it has none. */
using Value = std::variant<std::monostate, std::int64_t, double, bool, std::string_view, Json>;

struct Field {
    template <class T> Field(std::string_view field_name, const T &field_value)
        : name(field_name), value(of(field_value))
    {
    }

    std::string_view name;
    Value value;

private:
    template <class T> static Value of(const std::optional<T> &value) { return value ? of(*value) : Value(); }
    template <class T> static Value of(const T &value)
    {
        if constexpr (std::same_as<T, bool> || std::same_as<T, Json> || std::same_as<T, Value>)
            return value;
        else if constexpr (std::integral<T>)
            return static_cast<std::int64_t>(value);
        else if constexpr (std::floating_point<T>)
            return static_cast<double>(value);
        else
            return std::string_view(value);
    }
};
using Fields = std::vector<Field>;

/** The fields of these names, a comma list, with these values. */
template <class... Values>
[[nodiscard]] Fields named([[maybe_unused]] std::string_view names, const std::tuple<const Values &...> &values)
{
    Fields fields;
    std::apply([&](const auto &...each) { (fields.emplace_back(core::take_item(names), each), ...); }, values);
    return fields;
}

/** What an event shows in the log: these members, by their own names. */
#define ANALYTICS_FIELDS(...)                                                                                          \
    [[nodiscard]] runtime::Fields fields() const                                                                       \
    {                                                                                                                  \
        return runtime::named(#__VA_ARGS__, std::tie(__VA_ARGS__));                                                    \
    }

struct EventKind {
    std::string_view name;
    Level level;
};

} // namespace analytics::runtime

namespace analytics::event { // from every room: event::Fault

using runtime::EventKind;
using runtime::Json;
using runtime::Level;

} // namespace analytics::event
