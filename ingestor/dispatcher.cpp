#include "dispatcher.hpp"

#include "batch_report.hpp"

#include <algorithm>

namespace analytics::ingestor {

// ---- batches -----------------------------------------------------------------------------------------------------

bool Dispatcher::dispatch_next()
{
    const Time now = loop_.now();
    auto *entry = health_.is_sick() ? buffers_.any_dispatchable(now) : buffers_.due(now);
    if (entry == nullptr || loop_.workers.idle_writer() == nullptr || !may_try()) return false;
    dispatch(*entry);
    return true;
}

void Dispatcher::dispatch(PartitionBuffers::Map::value_type &entry)
{
    const auto &[partition, buffer] = entry;
    loop_.workers.submit({.partition = partition,
                          .claim = buffer.claim,
                          .batch = buffers_.dispatch(entry),
                          .high_watermark = loop_.consumer.last_high_watermark(partition),
                          .submitted_at = loop_.now()});
}

void Dispatcher::write_all()
{
    for (;;) {
        receive();
        if (!keep_waiting()) return;
        auto *entry = is_well() ? buffers_.any_dispatchable(loop_.now()) : nullptr;
        if (entry == nullptr && !buffers_.has_in_flight()) return;
        if (entry != nullptr && loop_.workers.idle_writer() != nullptr)
            dispatch(*entry);
        else
            loop_.workers.wait(loop_.now() + idle_poll);
    }
}

void Dispatcher::receive()
{
    while (auto completion = loop_.workers.next_completion()) completed(std::move(*completion));
}

/* A batch may complete after its claim was given up. Then only two outcomes matter: what was stored, for the counts,
 * and that another ingestor has the partition. When the partition is ours again, it was our own new claim that
 * fenced the batch. */
void Dispatcher::completed(Completion completion)
{
    InFlightBatch &batch = completion.submitted;
    const runtime::Span span = batch.batch.span(); // a copy: the batch may be gone before the scope ends
    const runtime::SpanScope scope(span);
    auto *entry = buffers_.find_in_flight(batch.partition, batch.claim.epoch);
    if (const auto *failure = std::get_if<Failure>(&completion.receipt)) {
        if (entry == nullptr) return;
        buffers_.requeue(*entry, std::move(batch.batch));
        return requeued(*entry, *failure, batch.submitted_at);
    }
    answered();
    if (const auto *committed = std::get_if<Committed>(&completion.receipt)) {
        report_committed(loop_.observe, batch, *committed, completion.duration, loop_.now());
        if (entry != nullptr) stored(*entry, *committed);
    } else if (entry != nullptr) {
        fenced(batch, entry->second.records());
    } else if (buffers_.find(batch.partition) == nullptr) {
        report_fenced(loop_.observe, batch, batch.batch.size());
    }
}

void Dispatcher::stored(PartitionBuffers::Map::value_type &entry, const Committed &committed)
{
    const auto &[partition, buffer] = entry;
    const bool were_short = buffer.most_records.has_value();
    const bool must_read_again = buffers_.committed(entry, committed.next_offset);
    const std::int64_t next_offset = buffer.claim.next_offset;
    if (must_read_again) loop_.consumer.assign(buffers_.starts());
    if (were_short && !buffer.most_records)
        loop_.observe(
            event::BatchesRestored{.topic = partition.topic, .partition = partition.id, .offset = next_offset});
    loop_.consumer.mark_done(partition, next_offset);
}

void Dispatcher::requeued(PartitionBuffers::Map::value_type &entry, const Failure &failure, Time begun)
{
    if (failing_.handles(entry, failure)) {
        if (is_connection_loss(failure.sqlstate)) failed(failure, begun);
    } else {
        failed(failure, begun);
    }
}

void Dispatcher::fenced(const InFlightBatch &batch, std::size_t records)
{
    report_fenced(loop_.observe, batch, records);
    buffers_.erase(batch.partition);
    progress_.reset();
    membership_.rejoin(loop_.now());
}

// ---- calls between batches ---------------------------------------------------------------------------------------

Writer *Dispatcher::idle_writer()
{
    const Time until = loop_.now() + claim_pause;
    for (; loop_.workers.idle_writer() == nullptr && loop_.now() < until && keep_waiting(); receive())
        loop_.workers.wait(std::min(until, loop_.now() + idle_poll));
    return loop_.workers.idle_writer();
}

void Dispatcher::failed(const Failure &failure, Time begun)
{
    if (failure.transient) return health_.failed(failure, begun, loop_.now());
    loop_.observe(
        event::DatabaseRefused{.sqlstate = failure.sqlstate, .message = failure.message, .hint = failure.hint});
    loop_.end = runtime::ExitCode::fault;
}

void Dispatcher::answered()
{
    if (health_.answered(loop_.now())) has_recovered_ = true;
}

// ---- how long the database may make us wait ----------------------------------------------------------------------

void Dispatcher::report_alive()
{
    if (loop_.workers.is_alive()) loop_.observe.alive();
}

bool Dispatcher::keep_waiting()
{
    report_alive();
    if (loop_.stop.stop_requested() && !std::exchange(is_stopping_, true))
        limit_wait(loop_.now() + loop_.options.stop_budget);
    return !wait_until_ || loop_.now() < *wait_until_;
}

void Dispatcher::limit_wait(Time until)
{
    wait_until_ = std::min(until, wait_until_.value_or(until));
}

void Dispatcher::lift_limit()
{
    if (!is_stopping_) wait_until_.reset();
}

} // namespace analytics::ingestor
