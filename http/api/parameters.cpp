#include "parameters.hpp"

#include "../../extension/core/text/hex.hpp"
#include "../../extension/core/text/rfc3339.hpp"
#include "../server/percent.hpp"
#include "cursor.hpp"
#include "query.hpp"

#include <algorithm>
#include <charconv>

namespace analytics::http {

namespace {

/* An error repeats the parameter's name, so both are bounded, or the response would not be. */
constexpr std::size_t max_shown_name = 64;
constexpr std::size_t max_errors = 20;

template <int min, int max> bool is_integer_within(std::string_view text)
{
    int value = 0;
    const char *const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    return !text.empty() && text.front() != '-' && error == std::errc{} && stop == end && value >= min && value <= max;
}

/** Of UTF-8: bytes that don't continue a code point. */
std::size_t characters(std::string_view text)
{
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string_view read_limit(std::string_view text, Arguments &into)
{
    if (!is_integer_within<1, 500>(text)) return "must be an integer from 1 to 500";
    into.emplace_back(text);
    return {};
}

std::string_view read_replay_limit(std::string_view text, Arguments &into)
{
    if (!is_integer_within<1, 10'000>(text)) return "must be an integer from 1 to 10000";
    into.emplace_back(text);
    return {};
}

/** Of a bigint identity. */
bool is_number(std::string_view text)
{
    std::int64_t value = 0;
    const char *const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    return !text.empty() && text.front() != '-' && error == std::errc{} && stop == end;
}

std::string_view read_number(std::string_view text, Arguments &into)
{
    if (!is_number(text)) return "must be a whole number";
    into.emplace_back(text);
    return {};
}

std::string_view read_dead_letter_cursor(std::string_view text, Arguments &into)
{
    if (!is_number(text)) return "must come from the Link of an earlier page";
    into.emplace_back(text);
    return {};
}

/** P, perhaps T, a number of at most four digits, a unit. */
std::string_view read_bucket(std::string_view text, Arguments &into)
{
    constexpr std::string_view fault = "must be an ISO 8601 duration of one part, such as PT15M, PT1H, P1D or P1M";
    std::string_view rest = text;
    if (!rest.starts_with('P')) return fault;
    rest.remove_prefix(1);
    const bool is_time = rest.starts_with('T');
    if (is_time) rest.remove_prefix(1);
    const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
    const bool is_unit = rest.size() == digits + 1 &&
                         std::string_view(is_time ? "HM" : "DWMY").find(rest.back()) != std::string_view::npos;
    if (digits < 1 || digits > 4 || !is_unit || rest.find_first_not_of('0') >= digits) return fault;
    into.emplace_back(text);
    return {};
}

std::string_view read_flag(std::string_view text, Arguments &into)
{
    if (text != "true" && text != "false") return "must be true or false";
    into.emplace_back(text);
    return {};
}

std::string_view read_any(std::string_view text, Arguments &into)
{
    into.emplace_back(text);
    return {};
}

std::string_view read_window(std::string_view text, Arguments &into)
{
    if (!is_integer_within<5, 10080>(text)) return "must be an integer from 5 to 10080";
    into.emplace_back(text);
    return {};
}

std::string_view read_instant(std::string_view text, Arguments &into)
{
    const std::optional<std::int64_t> micros = core::instant_of_rfc3339(text);
    if (!micros) return "must be an RFC 3339 date-time with an offset, a plus sign in a query sent as %2B";
    into.emplace_back(std::to_string(*micros));
    return {};
}

std::string_view read_short_text(std::string_view text, Arguments &into)
{
    if (text.empty() || characters(text) > 64) return "must have 1 to 64 characters";
    into.emplace_back(text);
    return {};
}

std::string_view read_topic(std::string_view text, Arguments &into)
{
    if (text.empty() || characters(text) > 249) return "must have 1 to 249 characters";
    into.emplace_back(text);
    return {};
}

std::string_view read_type(std::string_view text, Arguments &into)
{
    if (text.empty() || characters(text) > 120) return "must have 1 to 120 characters";
    into.emplace_back(text);
    return {};
}

/** 8-4-4-4-12 hexadecimal digits, the only form that we write. */
bool is_uuid(std::string_view text)
{
    constexpr std::string_view form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    return std::equal(text.begin(), text.end(), form.begin(), form.end(),
                      [](char c, char wanted) { return wanted == 'x' ? core::is_hexadecimal(c) : c == wanted; });
}

std::string_view read_uuid(std::string_view text, Arguments &into)
{
    if (!is_uuid(text)) return "must be a UUID";
    into.emplace_back(text);
    return {};
}

std::string_view read_cursor(std::string_view text, Arguments &into)
{
    const std::optional<Cursor> decoded = decode_cursor(text);
    if (!decoded) return "must come from the Link of an earlier page";
    into.emplace_back(std::to_string(decoded->position));
    into.emplace_back(decoded->id);
    return {};
}

/** The name as an error repeats it: bounded, and not cut within a character. */
std::string shown(std::string_view name)
{
    if (name.empty()) return "\"\"";
    if (name.size() <= max_shown_name) return std::string(name);
    std::size_t cut = max_shown_name;
    while (cut > 0 && (static_cast<unsigned char>(name[cut]) & 0xC0U) == 0x80U) --cut;
    return std::string(name.substr(0, cut)) + "…";
}

void add_error(std::vector<ProblemError> &errors, std::string_view name, std::string_view detail)
{
    const bool is_known = std::any_of(errors.begin(), errors.end(), [&](const ProblemError &error) {
        return error.field == shown(name) && error.detail == detail;
    });
    if (!is_known) errors.push_back({.field = shown(name), .reason = {}, .detail = std::string(detail)});
}

void read_one(const Parameter &parameter, const std::optional<std::string> &value, Query &result)
{
    if (!value)
        add_error(result.errors, parameter.name, "is not percent-encoded UTF-8");
    else if (const std::string_view fault = parameter.read(*value, result.arguments); !fault.empty())
        add_error(result.errors, parameter.name, fault);
}

/** Whether the text begins with these words. */
bool begins_with(std::string_view text, std::string_view words) noexcept
{
    return text.starts_with(words) && (text.size() == words.size() || text[words.size()] == ' ');
}

} // namespace

bool Parameter::is_subject_of(std::string_view message) const noexcept
{
    return begins_with(message, name) || (!in_messages.empty() && begins_with(message, in_messages));
}

const Parameter limit{"limit", read_limit, 1, "50", "max_rows"};
const Parameter window_minutes{"windowMinutes", read_window, 1, std::nullopt, "window_minutes"};
const Parameter reference{"reference", read_instant};
const Parameter occurred_at{"occurredAt", read_instant};
const Parameter event_id{"id", read_uuid};
const Parameter tenant_id{"tenantId", read_short_text};
const Parameter event_type{"eventType", read_type};
const Parameter from{"from", read_instant, 1, std::nullopt, "window_start"};
const Parameter to{"to", read_instant, 1, std::nullopt, "window_end"};
const Parameter bucket{"bucket", read_bucket, 1, "PT1H", "window holds more than"};
const Parameter timezone{"timezone", read_short_text, 1, "UTC"};
const Parameter dead_letter_id{"id", read_number};
const Parameter dead_letter_cursor{"cursor", read_dead_letter_cursor};
const Parameter after_id{"afterId", read_number, 1, "0"};
const Parameter replay_limit{"limit", read_replay_limit, 1, "1000", "max_rows"};
const Parameter reason{"reason", read_short_text};
const Parameter topic{"topic", read_topic};
const Parameter replayed{"replayed", read_flag};
const Parameter projection_name{"name", read_short_text};
const Parameter asset_file{"file", read_any};
const Parameter cursor{"cursor", read_cursor, 2};

void read_path(std::span<const std::string_view> segments, std::span<const Parameter *const> known, Query &result)
{
    for (std::size_t i = 0; i < known.size(); ++i) read_one(*known[i], percent_decoded(segments[i]), result);
}

void read_query(std::string_view query, std::span<const Parameter *const> known, Query &result)
{
    const std::vector<Pair> pairs = pairs_of(query);

    for (const Pair &pair : pairs) {
        if (result.errors.size() == max_errors) break;
        const auto names = [&](const Parameter *parameter) { return parameter->name == pair.name; };
        const auto repeats = [&](const Pair &other) { return other.name == pair.name; };
        if (std::none_of(known.begin(), known.end(), names))
            add_error(result.errors, pair.name, "is not a parameter of this resource");
        else if (std::count_if(pairs.begin(), pairs.end(), repeats) > 1)
            add_error(result.errors, pair.name, "must be given once");
    }

    for (const Parameter *parameter : known) {
        const auto given =
            std::find_if(pairs.begin(), pairs.end(), [&](const Pair &pair) { return pair.name == parameter->name; });
        if (given == pairs.end()) {
            for (std::size_t i = 0; i < parameter->arguments; ++i)
                result.arguments.push_back(parameter->absent ? Argument(*parameter->absent) : std::nullopt);
        } else {
            read_one(*parameter, given->value, result);
        }
    }
}

} // namespace analytics::http
