#include "session_normalizer.hpp"

#include "../border/owned.hpp"
#include "../border/settings.hpp"
#include "../border/times.hpp"
#include "shapes.hpp"

#include <array>

namespace analytics::pg {
namespace {

struct Session {
    MemoryContext context = nullptr;
    Decider *decider = nullptr;
    std::uint64_t generation = 0;
    core::Limits limits;
};

Session session;

/* Random bits by the page: one call of the generator costs as much for 8 bytes as for 512. */
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

void renew(const Home &home, const core::Limits &limits)
{
    session.decider = nullptr;
    if (session.context != nullptr)
        MemoryContextReset(session.context);
    else
        session.context = AllocSetContextCreate(CacheMemoryContext, "analytics decider", ALLOCSET_SMALL_SIZES);
    const core::Shapes *const shapes = read_shapes(home, session.context);
    session.decider = make_owned<Decider>(session.context, *shapes, limits);
}

} // namespace

Decider &decider_at(const Home &home)
{
    const Oid table = relation_at(home, "analytics_shapes");
    const std::uint64_t generation = shapes_generation(table);
    const core::Limits now = limits();
    if (session.decider == nullptr || session.generation != generation || !same(session.limits, now)) {
        renew(home, now);
        session.generation = generation;
        session.limits = now;
    }
    return *session.decider;
}

core::Uuid next_sequential_id()
{
    constexpr std::int64_t micros_per_milli = 1000;
    return sequence(instant_of(GetCurrentTimestamp()) / micros_per_milli, entropy.next());
}

} // namespace analytics::pg
