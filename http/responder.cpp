#include "responder.hpp"

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
    if (answer.tag.empty()) answer.tag = digest(answer.content());
    answer.headers.emplace_back("ETag", "W/\"" + answer.tag + "\"");
    if (!names_tag(call.if_none_match, answer.tag)) return;
    answer.status = 304;
    answer.body.clear();
    answer.asset = {};
    answer.gzip = {};
}

void compress(const Call &call, Answer &answer)
{
    const std::size_t size = answer.content().size();
    const bool is_worth_it = !answer.gzip.empty() || (size >= min_compressed && size <= max_compressed);
    if (answer.caching != Caching::none || is_worth_it) answer.headers.emplace_back("Vary", "Accept-Encoding");
    if (!is_worth_it || !takes_gzip(call.accept_encoding)) return;
    if (!answer.gzip.empty()) {
        answer.asset = answer.gzip;
    } else if (std::optional<std::string> smaller = gzip(answer.content())) {
        answer.body = std::move(*smaller);
        answer.asset = {};
    } else {
        return;
    }
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

std::optional<Problem> Responder::judge(const Call &call) const
{
    if (!call.authority.empty()) {
        const auto called = runtime::read_authority(call.authority);
        if (!called || !names_.contain(*called))
            return Problem{.status = 421, .detail = "the service does not answer to this host"};
    }
    if (cors_.is_foreign_change(call))
        return Problem{.status = 403, .detail = "pages of other sites may change nothing here"};
    return std::nullopt;
}

Answer Responder::respond(const Call &call) const
{
    if (const std::optional<Problem> problem = judge(call)) return refuse(*problem, call);
    Answer made = handler_(call);
    finish(call, made);
    return made;
}

Answer Responder::refuse(const Problem &problem, const Call &call) const
{
    Answer made = answer(problem);
    finish(call, made);
    return made;
}

void Responder::finish(const Call &call, Answer &answer) const
{
    validate(call, answer);
    compress(call, answer);
    cors_.mark(call, answer);
}

} // namespace analytics::http
