/* The loop between fakes of its two sides, for the tests of what it asks of them. */
#pragma once

#include "../../../ingestor/run.hpp"
#include "fake_writer.hpp"
#include "recorder.hpp"

#include <gtest/gtest.h>
#include <utility>
#include <vector>

namespace analytics::ingestor {

using namespace fakes;
using runtime::ExitCode;

class RunTest : public testing::Test {
protected:
    ExitCode go() { return run(consumer, workers, clock, stop.get_token(), seen, options); }

    /* A group member that holds t/0, after which the journal is empty. */
    void given_assigned(std::vector<Partition> partitions = {{"t", 0}})
    {
        consumer.bring(Assigned{std::move(partitions)});
        consumer.then([this] { journal.clear(); });
    }
    void bring_records(std::int64_t from, std::int64_t to)
    {
        for (std::int64_t offset = from; offset < to; ++offset) consumer.bring(record("t", 0, offset));
    }

    /* A database that does not answer for so long, and then says that it is sick. */
    void hang(Milliseconds time, int times = 1)
    {
        workers.takes = time;
        writer.receipts.assign(static_cast<std::size_t>(times), sick);
    }

    static constexpr Milliseconds slice{250}; // what the loop may be late by

    int looks_before = 0;
    Journal journal;
    FakeClock clock;
    std::stop_source stop;
    FakeConsumer consumer{journal, clock, stop};
    FakeWriter writer{journal};
    FakeWorkers workers{writer, clock};
    Recorder seen;
    RunOptions options{.limits = {.records = 3, .bytes = 1'000, .age = Milliseconds(200)}, .group = {}};
};

} // namespace analytics::ingestor
