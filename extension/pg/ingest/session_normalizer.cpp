#include "session_normalizer.hpp"

#include "../border/boundary.hpp"
#include "../border/owned.hpp"
#include "../border/settings.hpp"
#include "../border/times.hpp"
#include "contracts.hpp"
#include "shapes.hpp"

#include <array>

namespace analytics::pg {
namespace {

/* What a normalizer is made of. */
struct Sources {
    std::uint64_t shapes_generation = 0;
    std::uint64_t contracts_generation = 0;
    core::Limits limits{};
    core::TimeLimits time_limits{};
    core::ContractMode unregistered = core::ContractMode::accept;

    friend bool operator==(const Sources &, const Sources &) = default;
};

struct Cache {
    MemoryContext context = nullptr;
    SessionNormalizer *normalizer = nullptr;
    Sources sources;
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

void renew(const ExtensionSchema &schema, const Sources &sources, const core::Contracts *contracts)
{
    cache.normalizer = nullptr;
    if (cache.context != nullptr)
        MemoryContextReset(cache.context);
    else
        cache.context = AllocSetContextCreate(CacheMemoryContext, "analytics normalizer", ALLOCSET_SMALL_SIZES);
    const core::Shapes *const shapes = read_shapes(schema, cache.context);
    cache.normalizer =
        make_owned<SessionNormalizer>(cache.context, *shapes, sources.limits, sources.time_limits,
                                      core::ContractRules{contracts, sources.unregistered, &is_canceled});
    cache.sources = sources;
}

} // namespace

SessionNormalizer &session_normalizer(const ExtensionSchema &schema)
{
    const Oid shapes = relation_in(schema, "analytics_shapes");
    const SessionContracts contracts = session_contracts(schema);
    const Sources sources{shapes_generation(shapes), contracts.generation, limits(), time_limits(),
                          unregistered_types()};
    if (cache.normalizer == nullptr || cache.sources != sources) renew(schema, sources, contracts.contracts);
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
