#include "session_normalizer.hpp"

#include "../border/owned.hpp"
#include "../border/settings.hpp"
#include "../border/times.hpp"
#include "contracts.hpp"
#include "shapes.hpp"

#include <array>

namespace analytics::pg {
namespace {

struct Cache {
    MemoryContext context = nullptr;
    SessionNormalizer *normalizer = nullptr;
    std::uint64_t generation = 0;
    core::Limits limits;
    core::TimeLimits time_limits;
    std::uint64_t contracts_generation = 0;
    core::ContractMode unregistered = core::ContractMode::accept;
};

Cache cache;

/* Random numbers, made 64 at a time: the generator takes as long for one. */
struct Entropy {
    std::array<std::uint64_t, 64> words{};
    std::size_t used = std::tuple_size_v<decltype(words)>;

    std::uint64_t next()
    {
        if (used == words.size()) {
            if (!pg_strong_random(words.data(), sizeof words))
                ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not generate random values")));
            used = 0;
        }
        return words[used++];
    }
};

Entropy entropy;
core::SequentialIdentity sequence;

bool same(const core::Limits &a, const core::Limits &b) noexcept
{
    return a.max_bytes == b.max_bytes && a.max_depth == b.max_depth;
}

bool same(const core::TimeLimits &a, const core::TimeLimits &b) noexcept
{
    return a.max_future == b.max_future && a.max_past == b.max_past;
}

void renew(const ExtensionSchema &schema, const core::Limits &limits, const core::TimeLimits &time_limits,
           const core::ContractRules &rules)
{
    cache.normalizer = nullptr;
    if (cache.context != nullptr)
        MemoryContextReset(cache.context);
    else
        cache.context = AllocSetContextCreate(CacheMemoryContext, "analytics normalizer", ALLOCSET_SMALL_SIZES);
    const core::Shapes *const shapes = read_shapes(schema, cache.context);
    cache.normalizer = make_owned<SessionNormalizer>(cache.context, *shapes, limits, time_limits, rules);
}

} // namespace

SessionNormalizer &session_normalizer(const ExtensionSchema &schema)
{
    const Oid table = relation_in(schema, "analytics_shapes");
    const std::uint64_t generation = shapes_generation(table);
    const core::Limits now = limits();
    const core::TimeLimits time_now = time_limits();
    const SessionContracts contracts = session_contracts(schema);
    const core::ContractRules rules{contracts.contracts, unregistered_types()};
    if (cache.normalizer == nullptr || cache.generation != generation || !same(cache.limits, now) ||
        !same(cache.time_limits, time_now) || cache.contracts_generation != contracts.generation ||
        cache.unregistered != rules.unregistered) {
        renew(schema, now, time_now, rules);
        cache.generation = generation;
        cache.limits = now;
        cache.time_limits = time_now;
        cache.contracts_generation = contracts.generation;
        cache.unregistered = rules.unregistered;
    }
    return *cache.normalizer;
}

core::IngestionTime ingestion_time(TimestampTz ingested_at) noexcept
{
    return {nearest_instant(ingested_at), !settings().accept_time && in_range(ingested_at)};
}

core::Uuid next_sequential_id()
{
    constexpr std::int64_t micros_per_milli = 1000;
    return sequence(instant_of(GetCurrentTimestamp()) / micros_per_milli, entropy.next());
}

} // namespace analytics::pg
