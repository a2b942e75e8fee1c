/* analytics_normalize: a record's verdict as a row, also for bad input. _analytics_considered says which shapes led to
 * it, _analytics_found what the contracts say, and _analytics_judged what identifies the event. _analytics_accepted
 * raises an error for a refusal, and _analytics_sqlstate is its SQLSTATE. */

#include "../../core/schema/condition_text.hpp"
#include "../../core/would_be.hpp"
#include "../border/arguments.hpp"
#include "../border/boundary.hpp"
#include "../border/owned.hpp"
#include "../border/result_set.hpp"
#include "../border/sqlstate.hpp"
#include "../border/text.hpp"
#include "../border/times.hpp"
#include "../ingest/session_normalizer.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/uuid.h"
}

#include <algorithm>

namespace analytics::pg {
namespace {

template <class Text> Datum text_array_of(const std::vector<Text> &texts)
{
    const int count = static_cast<int>(texts.size());
    auto *const items = static_cast<Datum *>(palloc(std::max(count, 1) * sizeof(Datum)));
    for (int i = 0; i < count; ++i) items[i] = text_of(texts[static_cast<std::size_t>(i)]);
    return PointerGetDatum(construct_array(items, count, TEXTOID, -1, false, TYPALIGN_INT));
}

Datum refusal_row(TupleDesc type, const core::Refusal &refusal)
{
    Datum values[9] = {};
    bool nulls[9] = {true, true, true, true, true, true, true, false, refusal.detail.empty()};
    values[7] = text_of(core::name(refusal.reason));
    values[8] = text_of(refusal.detail);
    return row_of(type, values, nulls);
}

Datum verdict_row(TupleDesc type, const core::Verdict &verdict, const char *payload)
{
    Datum values[9] = {text_of(verdict.event_type),
                       text_of(verdict.source),
                       verdict.occurred_at ? TimestampTzGetDatum(timestamptz_of(*verdict.occurred_at)) : Datum{0},
                       verdict.tenant_id ? text_of(*verdict.tenant_id) : Datum{0},
                       verdict.has_key ? text_array_of(verdict.key) : Datum{0},
                       PointerGetDatum(payload),
                       text_of(verdict.shape),
                       {},
                       {}};
    bool nulls[9] = {false, false, !verdict.occurred_at, !verdict.tenant_id, !verdict.has_key, false, false,
                     true,  true};
    return row_of(type, values, nulls);
}

Datum refused_identity(TupleDesc type, const core::Refusal &refusal)
{
    Datum values[7] = {};
    bool nulls[7] = {true, true, true, true, true, true, false};
    values[6] = text_of(core::name(refusal.reason));
    return row_of(type, values, nulls);
}

Datum uuid_of(const core::Uuid &id)
{
    auto *const copy = static_cast<pg_uuid_t *>(palloc(sizeof(pg_uuid_t)));
    std::copy(id.begin(), id.end(), copy->data);
    return UUIDPGetDatum(copy);
}

Datum identity_row(TupleDesc type, const core::Verdict &verdict, SessionNormalizer &normalizer)
{
    Datum values[7] = {text_of(verdict.shape),
                       text_of(verdict.event_type),
                       text_of(verdict.source),
                       verdict.tenant_id ? text_of(*verdict.tenant_id) : Datum{0},
                       verdict.has_key ? uuid_of(guarded([&] { return normalizer.keyed_id(); })) : Datum{0},
                       verdict.occurred_at ? TimestampTzGetDatum(timestamptz_of(*verdict.occurred_at)) : Datum{0},
                       {}};
    bool nulls[7] = {false, false, false, !verdict.tenant_id, !verdict.has_key, !verdict.occurred_at, true};
    return row_of(type, values, nulls);
}

/** What analytics_explain says beside the verdict itself. Texts are empty where there is nothing to say. */
struct Found {
    std::optional<std::size_t> closest;
    std::optional<core::Version> version;
    std::optional<core::Violation> violation;
    std::string condition, because, would_be;

    Found(const core::Verdict &verdict, const SessionNormalizer &normalizer)
    {
        const std::vector<core::Considered> considered = normalizer.considered();
        const bool is_refused_by_contract = verdict.refusal.reason == core::Reason::contract_violation;
        if (verdict.refusal.reason == core::Reason::unknown_shape) closest = core::closest(considered);
        if (!verdict.refusal) version = normalizer.version();
        if (is_refused_by_contract) version = verdict.version;
        if (is_refused_by_contract || !verdict.refusal) violation = verdict.violation;
        if (violation) condition = core::schema::condition_text(violation->finding);
        if (violation) because = core::because(*violation);
        would_be = core::would_be(verdict, considered);
    }
};

Datum found_row(TupleDesc type, const core::Verdict &verdict, const Found &found)
{
    Datum values[10] = {};
    bool nulls[10] = {};
    int next = 0;
    const auto put = [&](bool is_there, auto make) {
        nulls[next] = !is_there;
        values[next++] = is_there ? make() : Datum{0};
    };
    const bool is_found = found.violation.has_value();
    put(found.version.has_value(), [&] { return text_of(verdict.event_type); });
    put(found.version.has_value(), [&] { return Int32GetDatum(*found.version); });
    put(found.closest.has_value(), [&] { return Int32GetDatum(static_cast<std::int32_t>(*found.closest) + 1); });
    put(is_found, [&] { return text_of(core::name(found.violation->mode)); });
    put(is_found, [&] { return text_of(found.violation->finding.pointer); });
    put(is_found, [&] { return text_of(found.violation->finding.keyword); });
    put(is_found, [&] { return text_of(found.violation->finding.expected); });
    put(is_found, [&] { return text_of(found.condition); });
    put(!found.because.empty(), [&] { return text_of(found.because); });
    put(!found.would_be.empty(), [&] { return text_of(found.would_be); });
    return row_of(type, values, nulls);
}

/** Judges the first argument. */
const core::Verdict &judged(SessionNormalizer &normalizer, FunctionCallInfo fcinfo)
{
    if (PG_ARGISNULL(0)) return *guarded([&] { return &normalizer.normalize_tombstone(); });
    const std::string_view record = bytes_of(PG_GETARG_DATUM(0));
    const core::IngestionTime now = ingestion_time(GetCurrentTransactionStartTimestamp());
    return *guarded([&] { return &normalizer.normalize(record, now); });
}

} // namespace
} // namespace analytics::pg

ANALYTICS_FUNCTION(analytics_normalize)
{
    using namespace analytics::pg;
    const TupleDesc type = result_type(fcinfo);
    SessionNormalizer &normalizer = session_normalizer(schema_of(fcinfo));
    const analytics::core::Verdict &verdict = judged(normalizer, fcinfo);
    if (verdict.refusal) return refusal_row(type, verdict.refusal);
    return verdict_row(type, verdict, guarded([&] { return normalizer.payload(); }));
}

ANALYTICS_FUNCTION(analytics_considered)
{
    using namespace analytics::pg;
    ResultSet result{fcinfo};
    SessionNormalizer &normalizer = session_normalizer(schema_of(fcinfo));
    auto *const considered = make_owned<std::vector<analytics::core::Considered>>(CurrentMemoryContext);
    judged(normalizer, fcinfo);
    guarded([&] { *considered = normalizer.considered(); });
    for (const analytics::core::Considered &one : *considered) {
        auto *const lacks = make_owned<std::vector<std::string>>(CurrentMemoryContext);
        guarded([&] {
            for (const analytics::core::Lack &lack : one.lacks) lacks->push_back(lack.text());
        });
        Datum values[] = {text_of(one.shape), text_array_of(*lacks)};
        bool nulls[] = {false, false};
        result.put(values, nulls);
    }
    return {};
}

ANALYTICS_FUNCTION(analytics_found)
{
    using namespace analytics::pg;
    const TupleDesc type = result_type(fcinfo);
    SessionNormalizer &normalizer = session_normalizer(schema_of(fcinfo));
    const analytics::core::Verdict &verdict = judged(normalizer, fcinfo);
    auto *const found = make_owned<std::optional<Found>>(CurrentMemoryContext);
    guarded([&] { found->emplace(verdict, normalizer); });
    return found_row(type, verdict, **found);
}

ANALYTICS_FUNCTION(analytics_judged)
{
    using namespace analytics::pg;
    const TupleDesc type = result_type(fcinfo);
    SessionNormalizer &normalizer = session_normalizer(schema_of(fcinfo));
    const analytics::core::Verdict &verdict = judged(normalizer, fcinfo);
    return verdict.refusal ? refused_identity(type, verdict.refusal) : identity_row(type, verdict, normalizer);
}

ANALYTICS_FUNCTION(analytics_sqlstate)
{
    using namespace analytics;
    const core::Reason reason = core::reason_named(pg::bytes_of(PG_GETARG_DATUM(0)));
    if (reason == core::Reason::none) PG_RETURN_NULL();
    return PointerGetDatum(cstring_to_text(unpack_sql_state(pg::sqlstate_of(reason))));
}

ANALYTICS_FUNCTION(analytics_accepted)
{
    using namespace analytics;
    const bool is_dropped = !PG_ARGISNULL(0) && pg::bytes_of(PG_GETARG_DATUM(0)) == core::name(core::Reason::dropped);
    if (is_dropped || PG_ARGISNULL(1)) PG_RETURN_BOOL(!is_dropped);
    const char *const reason = text_to_cstring(PG_GETARG_TEXT_PP(1));
    const char *const detail = PG_ARGISNULL(2) ? reason : text_to_cstring(PG_GETARG_TEXT_PP(2));
    ereport(ERROR, (errcode(pg::sqlstate_of(core::reason_named(reason))), errmsg("event refused: %s", detail),
                    errdetail("%s", reason)));
}
