#include "front.hpp"

#include "ascii.hpp"
#include "digest.hpp"
#include "gzip.hpp"

namespace analytics::http {

namespace {

bool reads(const Call &call) noexcept
{
    return call.method == "GET" || call.method == "HEAD";
}

void validate(const Call &call, Answer &answer)
{
    if (answer.caching == Caching::none || !reads(call)) return;
    if (answer.tag.empty()) answer.tag = digest(answer.body);
    answer.headers.emplace_back("ETag", "W/\"" + answer.tag + "\"");
    if (!names_tag(call.if_none_match, answer.tag)) return;
    answer.status = 304;
    answer.body.clear();
    answer.gzip = {};
}

void compress(const Call &call, Answer &answer)
{
    const bool is_worth_it =
        !answer.gzip.empty() || (answer.body.size() >= min_compressed && answer.body.size() <= max_compressed);
    if (answer.caching != Caching::none || is_worth_it) answer.headers.emplace_back("Vary", "Accept-Encoding");
    if (!is_worth_it || !takes_gzip(call.accept_encoding)) return;
    if (!answer.gzip.empty())
        answer.body = answer.gzip;
    else if (std::optional<std::string> smaller = gzip(answer.body))
        answer.body = std::move(*smaller);
    else
        return;
    answer.headers.emplace_back("Content-Encoding", "gzip");
}

} // namespace

bool names_tag(std::string_view if_none_match, std::string_view tag) noexcept
{
    if (trimmed(if_none_match) == "*") return true;
    // Tags hold no quote, so every second piece between quotes is one.
    for (bool is_tag = false; !if_none_match.empty(); is_tag = !is_tag)
        if (take_until('"', if_none_match) == tag && is_tag) return true;
    return false;
}

Answer Front::operator()(const Call &call) const
{
    Answer answer = handler_(call);
    validate(call, answer);
    compress(call, answer);
    cors_.mark(call, answer);
    return answer;
}

} // namespace analytics::http
