/* A tally: every event is counted in its hour, second, tenant and type, compared with counting one by one. */
#include "bag_oracle.hpp"
#include "seed.hpp"

#include "../../../extension/core/tally.hpp"

namespace analytics::core {
namespace {

TEST(Tally, KnowsTheHourOfAnInstant)
{
    EXPECT_EQ(hour_of(0), 0);
    EXPECT_EQ(hour_of(micros_per_hour - 1), 0);
    EXPECT_EQ(hour_of(micros_per_hour), micros_per_hour);
    EXPECT_EQ(hour_of(-1), -micros_per_hour);
    EXPECT_EQ(hour_of(-micros_per_hour), -micros_per_hour);
    EXPECT_EQ(hour_of(-micros_per_hour - 1), -2 * micros_per_hour);
}

TEST(Tally, TellsNoTenantFromAnEmptyOne)
{
    Tally tally;
    tally.add(0, std::nullopt, "t", 1);
    tally.add(0, "", "t", 1);
    EXPECT_EQ(tally.counts().size(), 2U);
    EXPECT_EQ(tally.counts().begin()->first.second, std::nullopt) << "none comes first";
}

TEST(Tally, KeepsTheNewestIngestion)
{
    Tally tally;
    tally.add(0, "a", "t", 5);
    tally.add(0, "a", "t", 3);
    EXPECT_EQ(tally.counts().begin()->second.last_ingested_at, 5);
}

TEST(Tally, HasNoIngestionWhereEventsOnlyWent)
{
    Tally tally;
    tally.remove(0, "a", "t");
    EXPECT_EQ(tally.counts().begin()->second.last_ingested_at, std::nullopt);
}

TEST(Tally, CountsWhatTheOracleCounts)
{
    std::mt19937_64 random = seeded();
    const std::vector<TenantView> tenants{std::nullopt, "", "a", "b"};
    const std::vector<std::string> types{"x", "y", "z"};
    for (int round = 0; round < 50; ++round) {
        Tally tally;
        std::map<std::pair<Micros, Tenant>, Cells> oracle;
        std::size_t cells = 0;
        std::size_t events = 0;
        for (auto left = random() % 500; left > 0; --left) {
            const Micros at = static_cast<Micros>(random() % (3 * micros_per_hour)) - micros_per_hour;
            const TenantView tenant = tenants[random() % tenants.size()];
            const std::string &type = types[random() % types.size()];
            const bool comes = random() % 4 != 0;
            if (comes)
                tally.add(at, tenant, type, 0);
            else
                tally.remove(at, tenant, type);
            const Micros hour = at < 0 ? -micros_per_hour : at / micros_per_hour * micros_per_hour;
            Cells &expected = oracle[{hour, Tenant(tenant)}];
            expected[{type, static_cast<int>((at - hour) / micros_per_second)}] += comes ? 1 : -1;
            ++events;
        }
        for (auto &[key, expected] : oracle) {
            cells += expected.size();
            std::erase_if(expected, [](const auto &cell) { return cell.second == 0; });
        }
        ASSERT_GE(tally.bytes(), cells * sizeof(SecondCount));
        ASSERT_LE(tally.bytes(), events * 300);
        ASSERT_EQ(tally.counts().size(), oracle.size());
        for (const auto &[key, counts] : tally.counts()) {
            PackedBag packed;
            counts.bag.pack(packed);
            ASSERT_EQ(cells_of(packed.cells), minutes_of(oracle.at(key)));
            ASSERT_EQ(seconds_of(packed.cells, packed.seconds), oracle.at(key));
        }
        tally.clear();
        ASSERT_TRUE(tally.counts().empty());
    }
}

} // namespace
} // namespace analytics::core
