#include "sql_feed_claims.hpp"

#include "../../extension/core/text/ascii.hpp"
#include "../../runtime/array.hpp"
#include "../sql_failure.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <random>
#include <unistd.h>
#include <utility>

namespace analytics::ingestor {
namespace {

using runtime::DbError;
using runtime::Key;
using runtime::Statement;

const Statement has_feeds_statement{
    .name = "has_feeds", .sql = "SELECT @extschema@.analytics_has_feeds()", .is_read = true};
const Statement tick_feeds{.name = "tick_feeds", .sql = "SELECT @extschema@.analytics_tick_feeds()"};
const Statement identify_store{.name = "feed_store",
                               .sql = "SELECT s.id, s.system_identifier, s.database_oid "
                                      "FROM @extschema@.analytics_store_identity() AS s"};
const Statement feed_dead_letters{.name = "feed_dead_letters",
                                  .sql = "SELECT @extschema@.analytics_feed_dead_letters($1::pg_catalog.text)"};
const Statement claim_feeds{
    .name = "claim_feeds",
    .sql = "SELECT c.name, c.epoch, c.generation, c.begin_at, c.takes_over, c.\"position\", c.topic, c.every_ms, "
           "c.fault, c.ticks_behind, c.seconds_behind, c.oldest_seconds, "
           "c.source OPERATOR(pg_catalog.=) 'dead_letters' "
           "FROM @extschema@.analytics_claim_feeds($1::pg_catalog.text, $2::pg_catalog.text[], $3::pg_catalog.text[], "
           "$4::pg_catalog.int8[], $5::pg_catalog.text[], $6::pg_catalog.text[]) AS c"};

// What reads and marks messages is not run, but its right is checked.
const Statement check_dead_letters{
    .name = "check_dead_letters",
    .sql =
        "SELECT (SELECT @extschema@.analytics_skip_dead_letter(NULL::pg_catalog.text, NULL::pg_catalog.text) LIMIT 0), "
        "(SELECT 1 FROM @extschema@.analytics_dead_letter_messages("
        "NULL::pg_catalog.text, NULL::pg_catalog.text, 1) LIMIT 0)"};
const Statement check_feeds{.name = "check_feeds",
                            .sql = "SELECT c.name, c.topic, c.key, c.fault, c.claimed_by, c.claimed_seconds, "
                                   "(SELECT 1 FROM @extschema@.analytics_feed_messages("
                                   "c.name, NULL::pg_catalog.text, 1, 1) LIMIT 0) "
                                   "FROM @extschema@.analytics_claim_feeds("
                                   "NULL::pg_catalog.text, $1::pg_catalog.text[], NULL::pg_catalog.text[], "
                                   "NULL::pg_catalog.int8[], NULL::pg_catalog.text[], NULL::pg_catalog.text[]) AS c"};

const runtime::Parameters none;

std::string identity()
{
    std::array<char, 256> host{};
    gethostname(host.data(), host.size() - 1);
    return fmt::format("{}:{}:{:08x}", host.data(), getpid(), std::random_device()());
}

std::optional<std::string> optional_text(std::optional<std::string_view> value)
{
    return value ? std::optional<std::string>(*value) : std::nullopt;
}

std::optional<double> number_of(std::optional<std::string_view> value)
{
    double number = 0;
    if (!value || std::from_chars(value->data(), value->data() + value->size(), number).ec != std::errc()) return {};
    return number;
}

ClaimedFeed claimed_feed(const runtime::Result &answer, int row)
{
    enum Column : int {
        name,
        epoch,
        generation,
        begin_at,
        takes_over,
        position,
        topic,
        every,
        fault,
        ticks,
        seconds,
        oldest,
        is_of_dead_letters
    };
    ClaimedFeed feed{.claim = {.name = std::string(answer.text(row, name)),
                               .topic = std::string(answer.text(row, topic)),
                               .epoch = answer.integer(row, epoch),
                               .generation = answer.integer(row, generation),
                               .begin_at = optional_text(answer.get(row, begin_at)),
                               .takes_over = answer.is_true(row, takes_over),
                               .position = optional_text(answer.get(row, position)),
                               .every = std::chrono::milliseconds(answer.integer(row, every)),
                               .fault = std::string(answer.get(row, fault).value_or("")),
                               .is_of_dead_letters = answer.is_true(row, is_of_dead_letters)},
                     .ticks_behind = {},
                     .seconds_behind = number_of(answer.get(row, seconds)),
                     .oldest_seconds = number_of(answer.get(row, oldest))};
    if (answer.get(row, ticks)) feed.ticks_behind = answer.integer(row, ticks);
    return feed;
}

} // namespace

std::optional<std::vector<std::string>> wanted_feeds(const runtime::Settings &settings)
{
    std::string_view list = settings.text(Key::feeds);
    if (list == "all") return {};
    std::vector<std::string> names;
    while (!list.empty() && list != "none") names.emplace_back(core::take_item(list));
    return names;
}

bool wants_feeds(const runtime::Settings &settings)
{
    return settings.text(Key::feeds) != "none" || !settings.text(Key::kafka_dlq_topic).empty();
}

SqlFeedClaims::SqlFeedClaims(const runtime::Settings &settings, std::stop_token stop, runtime::Observer &observe)
    : publisher_(identity()), names_(wanted_feeds(settings)), dead_letter_topic_(settings.text(Key::kafka_dlq_topic)),
      session_({.name = "feeds",
                .target = {.conninfo = settings.conninfo(),
                           .application_name = std::string(runtime::program(runtime::Daemon::ingestor)) + " feeds",
                           .keep_waiting =
                               [this, stop = std::move(stop)] { return is_releasing_ || !stop.stop_requested(); }},
                .settings = {{"statement_timeout", "20s"}}},
               observe)
{
}

/* Made in one transaction and started in the next one. */
std::optional<Failure> SqlFeedClaims::prepare()
try {
    constexpr int most_transactions = 3; // another session may do the same
    if (dead_letter_topic_.empty()) return {};
    runtime::Parameters parameters;
    parameters.text(dead_letter_topic_);
    for (int i = 0; i < most_transactions; ++i) {
        const auto answer = session_.run(feed_dead_letters, parameters);
        const auto name = answer.get(0, 0);
        if (!name) continue;
        if (names_ && std::ranges::find(*names_, *name) == names_->end()) names_->emplace_back(*name);
        return {};
    }
    return Failure{.transient = true,
                   .sqlstate = "55000",
                   .message = "the feed of the dead-letter topic has not started",
                   .hint = {}};
} catch (const DbError &error) {
    if (error.is_transient()) session_.disconnect();
    return failure_of(error);
}

std::variant<bool, Failure> SqlFeedClaims::has_feeds()
{
    return answer_of<bool>(session_, [&] { return session_.run(has_feeds_statement, none).is_true(0, 0); });
}

std::variant<bool, Failure> SqlFeedClaims::tick()
{
    return answer_of<bool>(session_, [&] { return session_.run(tick_feeds, none).is_true(0, 0); });
}

std::variant<FeedStore, Failure> SqlFeedClaims::store()
{
    return answer_of<FeedStore>(session_, [&] {
        const auto answer = session_.run(identify_store, none);
        return FeedStore{.id = std::string(answer.text(0, 0)),
                         .system = std::string(answer.text(0, 1)),
                         .database_oid = std::string(answer.text(0, 2))};
    });
}

runtime::Result SqlFeedClaims::call(std::span<const FeedReport> reports, const std::vector<std::string> *names,
                                    std::optional<runtime::Milliseconds> deadline)
{
    using runtime::ArrayWriter, runtime::Element;
    ArrayWriter wanted(Element::text);
    ArrayWriter feeds(Element::text);
    ArrayWriter generations(Element::int8);
    ArrayWriter positions(Element::text);
    ArrayWriter faults(Element::text);
    if (names != nullptr)
        for (const std::string &name : *names) wanted.bytes(name);
    for (const auto &[feed, generation, position, fault] : reports) {
        feeds.bytes(feed);
        generations.integer(generation);
        position ? positions.bytes(*position) : positions.null();
        fault.empty() ? faults.null() : faults.bytes(fault);
    }
    runtime::Parameters parameters;
    parameters.text(publisher_);
    names != nullptr ? parameters.binary(wanted.view()) : parameters.null();
    parameters.binary(feeds.view()).binary(generations.view()).binary(positions.view()).binary(faults.view());
    return session_.run(claim_feeds, parameters, {}, deadline);
}

std::variant<std::vector<ClaimedFeed>, Failure> SqlFeedClaims::claim(std::span<const FeedReport> reports)
{
    return answer_of<std::vector<ClaimedFeed>>(session_, [&] {
        const auto answer = call(reports, names_ ? &*names_ : nullptr, {});
        std::vector<ClaimedFeed> feeds;
        feeds.reserve(static_cast<std::size_t>(answer.rows()));
        for (int row = 0; row < answer.rows(); ++row) feeds.push_back(claimed_feed(answer, row));
        return feeds;
    });
}

std::variant<std::vector<FeedToCheck>, Failure> SqlFeedClaims::rehearse()
{
    return answer_of<std::vector<FeedToCheck>>(session_, [&] {
        enum Column : int { name, topic, key, fault, claimed_by, claimed_seconds };
        runtime::ArrayWriter wanted(runtime::Element::text);
        runtime::Parameters parameters;
        if (names_)
            for (const std::string &feed : *names_) wanted.bytes(feed);
        names_ ? parameters.binary(wanted.view()) : parameters.null();
        runtime::Parameters topic_parameter;
        topic_parameter.text(dead_letter_topic_);
        std::vector<runtime::Call> calls{{tick_feeds, none}};
        if (!dead_letter_topic_.empty()) {
            calls.push_back({feed_dead_letters, topic_parameter});
            calls.push_back({check_dead_letters, none});
        }
        calls.push_back({check_feeds, parameters});
        const auto answer = session_.rehearse(calls);
        std::vector<FeedToCheck> feeds;
        feeds.reserve(static_cast<std::size_t>(answer.rows()));
        for (int row = 0; row < answer.rows(); ++row)
            feeds.push_back({.name = std::string(answer.text(row, name)),
                             .topic = std::string(answer.text(row, topic)),
                             .key = std::string(answer.text(row, key)),
                             .fault = std::string(answer.get(row, fault).value_or("")),
                             .claimed_by = optional_text(answer.get(row, claimed_by)),
                             .claimed_seconds = number_of(answer.get(row, claimed_seconds))});
        // It is not there yet, or not among the names.
        const auto found = std::ranges::find(feeds, dead_letter_topic_, &FeedToCheck::topic);
        if (!dead_letter_topic_.empty() && found == feeds.end())
            feeds.push_back({.name = "dead_letters", .topic = dead_letter_topic_});
        return feeds;
    });
}

void SqlFeedClaims::release()
try {
    constexpr runtime::Milliseconds budget{1'000};
    const std::vector<std::string> nothing;
    is_releasing_ = true;
    if (session_.is_usable()) call({}, &nothing, budget);
} catch (const DbError &) { // the claims end by themselves
    session_.disconnect();
}

} // namespace analytics::ingestor
