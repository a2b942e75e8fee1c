/* What a session keeps to decide about records: the shapes as they are now, and every buffer that is worth keeping from
 * one record to the next. Made on first use, made anew when shapes or limits have changed.
 *
 * Surprising: a change can arrive at any call into PostgreSQL, and user code that runs inside one (a trigger on
 * analytics_events, say) may ask for the decider too. So whoever uses it decides about all its records first, and does
 * not touch it after the first statement that it runs. */
#pragma once

#include "../../core/identity.hpp"
#include "../../core/normalize.hpp"
#include "../border/extension_schema.hpp"
#include "jsonb_writer.hpp"

namespace analytics::pg {

class Decider {
public:
    Decider(const core::Shapes &shapes, core::Limits limits) : normalizer_(shapes, limits) {}

    const core::Verdict &judge(std::string_view record) { return verdict_ = &normalizer_.normalize(record), *verdict_; }
    const core::Verdict &judge_tombstone() { return verdict_ = &normalizer_.normalize_tombstone(), *verdict_; }

    /** The accepted record's payload as a jsonb datum; valid until the next call. */
    const char *payload() { return writer_.write(normalizer_.document(), verdict_->payload); }

    /** The accepted record's id; requires that it has a key. */
    core::Uuid keyed_id() { return keyed_(verdict_->event_type, verdict_->source, verdict_->tenant_id, verdict_->key); }

private:
    core::Normalizer normalizer_;
    JsonbWriter writer_;
    core::KeyedIdentity keyed_;
    const core::Verdict *verdict_ = nullptr;
};

/** This session's decider. PostgreSQL phase. */
Decider &decider_at(const Home &home);

/** A new id for an event without a key, larger than all that this session made before. PostgreSQL phase. */
core::Uuid next_sequential_id();

} // namespace analytics::pg
