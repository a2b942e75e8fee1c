#include "feeds.hpp"

#include "../../extension/core/text/ascii.hpp"
#include "../../extension/core/text/integer.hpp"
#include "../server/problem.hpp"
#include "feed_page.hpp"
#include "feed_sources.hpp"
#include "render.hpp"

namespace analytics::http {

namespace {

constexpr int retry_after = 5; // seconds: a long poll ends within a minute, a stream when its client goes

/** Whether the list of Accept names it. A browser's EventSource names nothing else. */
bool takes_events(std::string_view accept) noexcept
{
    while (!accept.empty()) {
        std::string_view item = core::take_item(accept);
        if (core::equals_ignoring_case(core::trimmed(core::take_until(';', item)), "text/event-stream")) return true;
    }
    return false;
}

/** Of a parameter that was checked. */
int number(const Argument &argument)
{
    return core::integer_of<int>(argument.value_or("")).value_or(0);
}

const Route &feed_route()
{
    for (const Route &route : service_routes())
        if (route.waits) return route;
    throw std::logic_error("no route waits");
}

} // namespace

Feeds::Feeds(FeedsOptions options, Database &everybody, Database &tenants, runtime::Observer &observe)
    : options_(options), everybody_(everybody), tenants_(tenants),
      hub_(
          options.hub, [this](std::size_t thread, const FeedQuestion &question) { return read(thread, question); },
          [this] { return state(); }, observe)
{
}

bool Feeds::is_wanted(const Request &request, const Arguments &arguments)
{
    return request.method == "GET" && (takes_events(request.accept) || arguments.back() != "0");
}

Begun Feeds::begin(const Request &request, const Route &route, Arguments arguments, const Caller &caller,
                   const Access &access)
{
    const bool is_stream = takes_events(request.accept);
    FeedWait wait{.reader = hub_.admit(),
                  .question = {.feed = arguments.at(0).value_or(""),
                               .after = arguments.at(1),
                               .tenant = caller.tenant,
                               .is_admin = caller.is_admin,
                               .max_rows = is_stream ? FeedStream::first_rows : number(arguments.at(2)),
                               .is_stream = is_stream},
                  .route = route.path,
                  .patience = options_.patience,
                  .too_late = failed(no_session(), route, caller)};
    if (!wait.reader)
        return response_of({.status = 503, .detail = "too many readers of feeds wait", .retry_after = retry_after});
    if (!is_stream) return std::make_unique<LongPoll>(std::move(wait), std::chrono::seconds(number(arguments.at(3))));
    // The browser has the URL of its first connection, and the position of its last event.
    if (!request.last_event_id.empty()) wait.question.after = request.last_event_id;
    return std::make_unique<FeedStream>(std::move(wait), [&access, begun = access.generation()] {
        return access.generation() == begun; // else the client connects again, with its key if it is still known
    });
}

FeedNews Feeds::read(std::size_t thread, const FeedQuestion &question)
{
    const Caller caller{.tenant = question.tenant, .is_admin = question.is_admin};
    const auto refused = [](Response refusal) {
        return FeedNews{.refusal = completed(std::move(refusal), feed_route())};
    };
    try {
        runtime::Parameters parameters;
        parameters.text(question.feed)
            .text(question.after)
            .integer(question.max_rows)
            .text(question.is_admin ? "true" : "false");
        Database &database = question.tenant.empty() ? everybody_ : tenants_;
        const runtime::Result rows =
            database.run(thread, question.is_stream ? feed_stream : feed, parameters, question.tenant);
        const std::optional<FeedPage> page = read_feed_page(rows);
        if (!page) return refused(none_of_this_name());
        FeedNews news{.bytes = question.is_stream ? frames_of(*page) : body_of(*page), .items = page->items.size()};
        if (page->next) news.next = *page->next;
        return news;
    } catch (const runtime::DbError &error) {
        return refused(failed(error, feed_route(), caller));
    } catch (const std::exception &error) {
        return refused(broken(error.what()));
    }
}

std::optional<std::string> Feeds::state()
{
    try {
        const runtime::Result rows = everybody_.run(options_.hub.threads, feed_state, {}, {});
        return std::string(rows.text(0, 0));
    } catch (const std::exception &) { // the pool has reported it
        return std::nullopt;
    }
}

} // namespace analytics::http
