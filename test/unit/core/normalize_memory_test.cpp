/* The normalizer's memory: no allocation per record after the first ones, whatever shape the records have. */
#include "allocations.hpp"
#include "shipped_shapes.hpp"

#include "../../../extension/core/identity.hpp"
#include "../../../extension/core/normalize.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string_view>

namespace analytics::core {
namespace {

constexpr std::array<std::string_view, 4> events{
    R"({"eventType":"t","source":"s","tenantId":"n","eventId":"e","occurredAt":0,"payload":{"a":[1,2,{"b":"c"}]}})",
    R"({"eventType":"t","source":"s","payload":{"eventId":"e"}})",
    R"({"guideId":"a guide with a long name","challengeId":12345678901234567890,"occurredAt":[2025,11,16,18,14]})",
    R"({"userId":1,"profileId":2,"username":"n","profileUrl":null,"occurredOn":"2025-11-16T18:14:00.5Z"})"};

TEST(NormalizeMemory, AWarmNormalizerAllocatesNothing)
{
    const Shapes shapes = shipped_shapes();
    Normalizer normalizer(shapes, {});
    KeyedIdentity identity;
    const auto take_all = [&] {
        for (const std::string_view event : events) {
            const Verdict &verdict = normalizer.normalize(event);
            ASSERT_FALSE(verdict.refusal);
            if (verdict.has_key) identity(verdict.event_type, verdict.source, verdict.tenant_id, verdict.key);
        }
    };
    take_all();
    const std::size_t before = allocations();
    for (int i = 0; i < 100; ++i) take_all();
    EXPECT_EQ(allocations(), before);
}

} // namespace
} // namespace analytics::core
