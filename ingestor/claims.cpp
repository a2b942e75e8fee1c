#include "claims.hpp"

#include <algorithm>
#include <utility>

namespace analytics::ingestor {
namespace {

/* Whether the operator has accepted the gap of a stopped partition: often enough for the operator who waits for it,
 * and no load for the database. */
constexpr Milliseconds gap_check_pause{2'000};

/* Whether the database still has what we have claimed. It may be another one since, behind the same name or pooler, and
 * without this question nobody would ask it for a topic that receives no records. */
constexpr Milliseconds rewound_check_pause{5'000};
/* Nobody polls meanwhile; a database that answers later is asked again. */
constexpr Milliseconds rewound_check_timeout{2'000};

} // namespace

void Claims::assigned(const std::vector<Partition> &partitions)
{
    unclaimed_.clear();
    for (const Partition &partition : partitions) unclaimed_.push_back({partition});
    must_answer_group_ = true;
    must_check_group_ = true;
    claim_at_ = loop_.now();
}

void Claims::revoked()
{
    unclaimed_.clear();
    must_answer_group_ = false;
}

std::optional<Time> Claims::due_at() const
{
    return unclaimed_.empty() ? std::nullopt : std::optional(claim_at_);
}

void Claims::claim_due()
{
    if (must_answer_group_ || (!unclaimed_.empty() && loop_.now() >= claim_at_)) claim_all();
}

void Claims::check_due()
{
    if (check_gaps_at_ && loop_.now() >= *check_gaps_at_) check_gaps();
    if (dispatcher_.has_recovered()) find_rewound_at_ = loop_.now();
    if (loop_.now() >= find_rewound_at_) find_rewound();
}

// ---- claiming ----------------------------------------------------------------------------------------------------

/* Claims what can be claimed now, and reads all that is claimed. The group gets its answer even when nothing can be
 * claimed yet, for until then it makes every member wait. */
void Claims::claim_all()
{
    if (!dispatcher_.may_try()) return;
    if (must_check_group_ && !check_group()) {
        if (loop_.is_ending()) return;
        claim_at_ = loop_.now() + Dispatcher::claim_pause;
        if (std::exchange(must_answer_group_, false)) loop_.consumer.assign({});
        return;
    }
    const std::size_t before = unclaimed_.size();
    while (!unclaimed_.empty() && claim(unclaimed_.front())) unclaimed_.pop_front();
    if (!unclaimed_.empty()) { // the one that can't be claimed goes behind the others
        std::rotate(unclaimed_.begin(), unclaimed_.begin() + 1, unclaimed_.end());
        claim_at_ = loop_.now() + Dispatcher::claim_pause;
    }
    const bool has_claimed = unclaimed_.size() < before;
    const auto owner = has_claimed ? group_store_.mark(buffers_.starts()) : GroupStore::Owner::ours;
    if (!is_ours(owner)) return;
    if (must_answer_group_ || has_claimed) read_all();
    must_answer_group_ = false;
    if (owner == GroupStore::Owner::contested) membership_.rejoin(loop_.now());
}

/* False: not now. */
bool Claims::claim(const UnclaimedPartition &unclaimed)
{
    const Partition &partition = unclaimed.partition;
    const auto start = unclaimed.start;
    dispatcher_.report_alive();
    auto watermarks = loop_.consumer.watermarks(partition);
    Writer *writer = watermarks ? dispatcher_.idle_writer() : nullptr;
    if (writer == nullptr) return false;
    const auto claim = dispatcher_.ask(*writer, [&](Writer &idle, const KeepWaiting &keep_waiting) {
        return idle.claim(partition, first_offset(*watermarks, start), watermarks->high, keep_waiting);
    });
    if (!claim) return false;
    if (gap_at(claim->next_offset, *watermarks)) { // the last owner may have stored more while we waited for the claim
        watermarks = loop_.consumer.watermarks(partition);
        if (!watermarks) return false;
    }
    buffers_.insert(partition, *claim);
    first_offsets_.try_emplace(partition, claim->next_offset);
    if (const auto gap = gap_at(claim->next_offset, *watermarks)) {
        stop(partition, *buffers_.find(partition), *gap, *watermarks);
        return true;
    }
    loop_.observe(event::PartitionClaimed{.topic = partition.topic,
                                          .partition = partition.id,
                                          .offset = claim->next_offset,
                                          .high_watermark = watermarks->high,
                                          .epoch = claim->epoch});
    return true;
}

void Claims::claim_again(const Partition &partition, std::optional<std::int64_t> start)
{
    buffers_.erase(partition);
    unclaimed_.push_back({partition, start});
    claim_at_ = loop_.now();
}

/* Where a partition starts that the database does not know. If the database has lost it, we start where we began: the
 * records between must not be lost as well. */
std::int64_t Claims::first_offset(const Watermarks &watermarks, std::optional<std::int64_t> start) const
{
    if (loop_.options.first_start == FirstStart::earliest) return watermarks.low;
    return start ? std::max(*start, watermarks.low) : watermarks.high;
}

void Claims::read_all()
{
    const auto starts = buffers_.starts();
    loop_.consumer.assign(starts);
    if (!unclaimed_.empty()) return;
    loop_.observe(event::PartitionsReady{.partitions = starts.size(), .stopped = buffers_.size() - starts.size()});
}

// ---- the group's store -------------------------------------------------------------------------------------------

/* False: the group belongs to another store, or we don't know yet. */
bool Claims::check_group()
{
    if (unclaimed_.empty()) return true; // nothing to read, nothing to mark
    dispatcher_.report_alive();
    Writer *writer = dispatcher_.idle_writer();
    if (writer == nullptr) return false;
    const auto store = dispatcher_.ask(
        *writer, [](Writer &idle, const KeepWaiting &keep_waiting) { return idle.store(keep_waiting); });
    if (!store) return false;
    const auto owner = group_store_.check(*store);
    must_check_group_ = owner != GroupStore::Owner::ours;
    return is_ours(owner) && owner == GroupStore::Owner::ours;
}

bool Claims::is_ours(GroupStore::Owner owner)
{
    if (owner == GroupStore::Owner::another) loop_.end = runtime::ExitCode::settings;
    return owner != GroupStore::Owner::another;
}

// ---- partitions that can't be read on ----------------------------------------------------------------------------

void Claims::unreadable(const UnreadablePartition &unreadable)
{
    PartitionBuffer *buffer = buffers_.find(unreadable.partition);
    if (buffer == nullptr || buffer->is_stopped) return;
    const Partition partition{std::string(unreadable.partition.topic), unreadable.partition.id};
    const std::int64_t offset = buffer->position();
    const auto watermarks = loop_.consumer.watermarks(partition);
    auto gap = watermarks ? gap_at(offset, *watermarks) : std::nullopt;
    loop_.consumer.stop(partition);
    if (!gap) {
        dispatcher_.report_alive();
        const auto readable =
            watermarks ? loop_.consumer.readable_after(partition, offset, unreadable.offset, watermarks->high)
                       : std::nullopt;
        gap = unreadable_at(offset, unreadable.offset, unreadable.message, readable);
    }
    stop(partition, *buffer, *gap, watermarks.value_or(Watermarks{}));
}

void Claims::stop(const Partition &partition, PartitionBuffer &buffer, const Gap &gap, const Watermarks &watermarks)
{
    buffer.is_stopped = true;
    check_gaps_at_ = loop_.now() + gap_check_pause;
    loop_.observe(event::PartitionStopped{.topic = partition.topic,
                                          .partition = partition.id,
                                          .offset = gap.from_offset,
                                          .low_watermark = watermarks.low,
                                          .high_watermark = watermarks.high,
                                          .message = gap.message,
                                          .command = accept_command(gap, loop_.options.group, partition)});
}

/* A partition whose gap was accepted is claimed again, and so read from where the operator says. */
void Claims::check_gaps()
{
    if (!dispatcher_.may_try()) return;
    const auto stopped = buffers_.stopped();
    check_gaps_at_ = stopped.empty() ? std::nullopt : std::optional(loop_.now() + gap_check_pause);
    for (const Partition &partition : stopped) {
        Writer *writer = dispatcher_.idle_writer();
        const PartitionBuffer *buffer = buffers_.find(partition); // unless it was fenced meanwhile
        if (writer == nullptr || buffer == nullptr) return;
        const auto is_accepted = dispatcher_.ask(*writer, [&](Writer &idle, const KeepWaiting &keep_waiting) {
            return idle.gap_accepted(partition, buffer->claim, keep_waiting);
        });
        if (!is_accepted) return;
        if (!*is_accepted) continue;
        loop_.observe(event::GapAccepted{.topic = partition.topic, .partition = partition.id});
        claim_again(partition, {});
    }
}

// ---- a database that went back in time ---------------------------------------------------------------------------

/* What a standby had not received when it was promoted is read again from where the standby stands. */
void Claims::find_rewound()
{
    const auto claims = buffers_.claims();
    Writer *writer = loop_.workers.idle_writer();
    if (claims.empty() || writer == nullptr || !dispatcher_.may_try()) return;
    find_rewound_at_ = loop_.now() + rewound_check_pause;
    dispatcher_.report_alive();
    const Time begun = loop_.now();
    const auto outcome = writer->rewound(claims, [this, until = begun + rewound_check_timeout] {
        return dispatcher_.keep_waiting() && loop_.now() < until;
    });
    if (const auto *failure = std::get_if<Failure>(&outcome)) return dispatcher_.failed(*failure, begun);
    if (buffers_.is_empty()) health_.answered(loop_.now()); // otherwise a batch must show that the database is well
    for (const Partition &partition : std::get<std::vector<Partition>>(outcome)) {
        const PartitionBuffer *buffer = buffers_.find(partition);
        loop_.observe(event::PartitionRewound{.topic = partition.topic,
                                              .partition = partition.id,
                                              .offset = buffer->claim.next_offset,
                                              .records_dropped = buffer->records()});
        claim_again(partition, first_offsets_.at(partition));
    }
}

} // namespace analytics::ingestor
