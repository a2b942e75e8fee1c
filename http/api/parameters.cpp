#include "parameters.hpp"

#include "../../extension/core/text/integer.hpp"
#include "../../extension/core/text/percent.hpp"
#include "../../extension/core/text/rfc3339.hpp"
#include "../../extension/core/text/utf8.hpp"
#include "../../extension/core/text/uuid.hpp"
#include "cursor.hpp"
#include "query.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace analytics::http {

namespace {

/* An error repeats the parameter's name, so both are bounded, or the response would not be. */
constexpr std::size_t max_shown_name = 64;
constexpr std::size_t max_errors = 20;

template <int min, int max> std::string read_integer(std::string_view text, Arguments &into)
{
    const auto value = core::integer_of<int>(text);
    if (!value || *value < min || *value > max || text.starts_with('-'))
        return fmt::format("must be an integer from {} to {}", min, max);
    into.emplace_back(text);
    return {};
}

template <std::size_t max> std::string read_text(std::string_view text, Arguments &into)
{
    if (text.empty() || core::count_characters(text) > max) return fmt::format("must have 1 to {} characters", max);
    into.emplace_back(text);
    return {};
}

/** A bigint identity. */
std::string read_number(std::string_view text, Arguments &into)
{
    if (!core::integer_of<std::int64_t>(text) || text.starts_with('-')) return "must be a whole number";
    into.emplace_back(text);
    return {};
}

std::string read_dead_letter_cursor(std::string_view text, Arguments &into)
{
    return read_number(text, into).empty() ? "" : "must come from the Link of an earlier page";
}

/** P, perhaps T, a number of at most four digits, a unit. */
std::string read_bucket(std::string_view text, Arguments &into)
{
    constexpr const char *fault = "must be an ISO 8601 duration of one part, such as PT15M, PT1H, P1D or P1M";
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

std::string read_flag(std::string_view text, Arguments &into)
{
    if (text != "true" && text != "false") return "must be true or false";
    into.emplace_back(text);
    return {};
}

std::string read_any(std::string_view text, Arguments &into)
{
    into.emplace_back(text);
    return {};
}

std::string read_instant(std::string_view text, Arguments &into)
{
    const std::optional<std::int64_t> micros = core::instant_of_rfc3339(text);
    if (!micros) return "must be an RFC 3339 date-time with an offset, a plus sign in a query sent as %2B";
    into.emplace_back(std::to_string(*micros));
    return {};
}

std::string read_uuid(std::string_view text, Arguments &into)
{
    if (!core::bytes_of_uuid(text)) return "must be a UUID";
    into.emplace_back(text);
    return {};
}

std::string read_cursor(std::string_view text, Arguments &into)
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
    while (cut > 0 && core::continues_character(name[cut])) --cut;
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
    else if (const std::string fault = parameter.read(*value, result.arguments); !fault.empty())
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

const Parameter limit{"limit", read_integer<1, 500>, 1, "50", "max_rows"};
const Parameter window_minutes{"windowMinutes", read_integer<5, 10'080>, 1, std::nullopt, "window_minutes"};
const Parameter reference{"reference", read_instant};
const Parameter occurred_at{"occurredAt", read_instant};
const Parameter event_id{"id", read_uuid};
const Parameter tenant_id{"tenantId", read_text<64>};
const Parameter event_type{"eventType", read_text<120>};
const Parameter from{"from", read_instant, 1, std::nullopt, "window_start"};
const Parameter to{"to", read_instant, 1, std::nullopt, "window_end"};
const Parameter bucket{"bucket", read_bucket, 1, "PT1H", "window holds more than"};
const Parameter timezone{"timezone", read_text<64>, 1, "UTC"};
const Parameter dead_letter_id{"id", read_number};
const Parameter dead_letter_cursor{"cursor", read_dead_letter_cursor};
const Parameter after_id{"afterId", read_number, 1, "0"};
const Parameter replay_limit{"limit", read_integer<1, 10'000>, 1, "1000", "max_rows"};
const Parameter reason{"reason", read_text<64>};
const Parameter topic{"topic", read_text<249>};
const Parameter replayed{"replayed", read_flag};
const Parameter projection_name{"name", read_text<64>};
const Parameter feed_name{"name", read_text<63>};
const Parameter feed_position{"after", read_text<100>, 1, std::nullopt, "feed"};
const Parameter wait_seconds{"wait", read_integer<0, 60>, 1, "0"};
const Parameter asset_file{"file", read_any};
const Parameter cursor{"cursor", read_cursor, 2};

void read_path(std::span<const std::string_view> segments, std::span<const Parameter *const> known, Query &result)
{
    for (std::size_t i = 0; i < known.size(); ++i) read_one(*known[i], core::percent_decoded_text(segments[i]), result);
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
