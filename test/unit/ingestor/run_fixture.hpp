/* The loop between fakes of its two sides, for the tests of what it asks of them. */
#pragma once

#include "../../../ingestor/run.hpp"
#include "fakes.hpp"

#include <functional>
#include <gtest/gtest.h>
#include <utility>
#include <vector>

namespace analytics::ingestor {

using namespace fakes;
using runtime::ExitCode;

class RunTest : public testing::Test {
protected:
    ExitCode go() { return run(consumer, writer, clock, stop.get_token(), seen, options); }

    /* A group member that holds t/0, after which the journal starts anew. */
    void given_assigned(std::vector<Partition> partitions = {{"t", 0}})
    {
        consumer.bring(Assigned{std::move(partitions)});
        consumer.then([this] { journal.clear(); });
    }
    void bring_records(std::int64_t from, std::int64_t to)
    {
        for (std::int64_t offset = from; offset < to; ++offset) consumer.bring(record("t", 0, offset));
    }

    /* A database that does not answer: asks whether to wait until it is told no, or the writer's own deadline. */
    std::function<Receipt(const Patience &)> hanging(
        Milliseconds deadline, std::function<void()> meanwhile = [] {})
    {
        return [this, deadline, meanwhile](const Patience &may_wait) -> Receipt {
            meanwhile();
            for (const Time until = clock.now() + deadline; clock.now() < until && may_wait();) clock.pass(slice);
            return sick;
        };
    }

    static constexpr Milliseconds slice{250};

    Journal journal;
    FakeClock clock;
    std::stop_source stop;
    FakeConsumer consumer{journal, clock, stop};
    FakeWriter writer{journal};
    Recorder seen;
    RunOptions options{.limits = {.records = 3, .bytes = 1'000, .age = Milliseconds(200)}, .group = {}};
};

} // namespace analytics::ingestor
