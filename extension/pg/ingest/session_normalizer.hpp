/* The normalizer of a session, with the current shapes and contracts, and with buffers that are reused for the next
 * record. It is made on first use, and again when these or the settings have changed.
 *
 * Surprising: such a change can arrive at any call into PostgreSQL. And code of the operator that such a call runs, a
 * trigger for example, may use the normalizer too. So a caller normalizes all of its records before it runs any
 * statement. */
#pragma once

#include "../../core/identity.hpp"
#include "../../core/normalize.hpp"
#include "../border/extension_schema.hpp"
#include "jsonb_writer.hpp"

namespace analytics::pg {

class SessionNormalizer {
public:
    SessionNormalizer(const core::Shapes &shapes, core::Limits limits, core::TimeLimits time_limits,
                      core::ContractRules rules)
        : normalizer_(shapes, limits, time_limits, rules)
    {
    }

    const core::Verdict &normalize(std::string_view record, core::IngestionTime ingested)
    {
        return verdict_ = &normalizer_.normalize(record, ingested), *verdict_;
    }
    const core::Verdict &normalize_tombstone() { return verdict_ = &normalizer_.normalize_tombstone(), *verdict_; }

    /** What the record was compared with. */
    std::vector<core::Considered> considered() const { return normalizer_.considered(); }

    /** The accepted event's version. */
    core::Version version() const { return normalizer_.version(); }

    /** The accepted record's payload as a jsonb datum; valid until the next call. */
    const char *payload() { return writer_.write(normalizer_.document(), verdict_->payload); }

    /** The accepted record's id, made of its key; requires that it has one. */
    core::Uuid keyed_id() { return keyed_(verdict_->event_type, verdict_->source, verdict_->tenant_id, verdict_->key); }

private:
    core::Normalizer normalizer_;
    JsonbWriter writer_;
    core::KeyedIdentity keyed_;
    const core::Verdict *verdict_ = nullptr;
};

/** This session's normalizer, with the shapes, contracts and settings as they are now. PostgreSQL phase. */
SessionNormalizer &session_normalizer(const ExtensionSchema &schema);

/** The ingestion time as the normalizer wants it. It judges no times while analytics.accept_time is on, or when no
 * event can be of that time. */
core::IngestionTime ingestion_time(TimestampTz ingested_at) noexcept;

/** A new id for an event without a key, larger than all ids that this session has made so. PostgreSQL phase. */
core::Uuid next_sequential_id();

} // namespace analytics::pg
