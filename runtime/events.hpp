/* Everything that a daemon reports of itself: a closed set of events, one struct each. Code observes an event;
 * main decides who reads it: the log, metrics, traces, the service manager, a test. An event's name and level belong to
 * the event, not to the place that observes it.
 *
 * A reader visits the event and uses members, so a field that does not exist does not compile. Only the log turns an
 * event into named fields; a field without a value is left out there.
 *
 * Events never hold a payload, a key or a secret. The struct and its views need to live only as long as the call. */
#pragma once

#include "events_common.hpp"
#include "events_http.hpp"
#include "events_ingestor.hpp"
#include "one_of.hpp"

namespace analytics::runtime {

using Event =
    OneOf<event::Started, event::Stopping, event::Stopped, event::SettingRefused, event::CheckPassed,
          event::DependencyUnreachable, event::Fault, event::DatabaseConnected, event::DatabaseUnavailable,
          event::DatabaseRecovered, event::DatabaseRefused, event::DatabaseNotice, event::DatabaseCalled,
          event::SpansSent, event::SpansDropped, event::CollectorUnavailable, event::CollectorRecovered,
          event::Listening, event::KafkaNotice, event::KafkaUnavailable, event::KafkaRecovered,
          event::PartitionsAssigned, event::PartitionsRevoked, event::PartitionClaimed, event::PartitionsReady,
          event::PartitionStopped, event::GapAccepted, event::PartitionRewound, event::BatchesShortened,
          event::BatchesRestored, event::RecordFailing, event::GroupWaiting, event::GroupOfAnotherStore,
          event::GroupAdopted, event::PartitionFenced, event::PartitionProgress, event::ConsumptionPaused,
          event::ConsumptionResumed, event::BatchCommitted, event::RecordsRefused, event::DeadLettersPublished,
          event::DeadLetterUnpublishable, event::PublishingOnly, event::FeedClaimed, event::FeedReleased,
          event::FeedFenced, event::FeedPublished, event::FeedPaused, event::FeedResumed, event::FeedStopped,
          event::FeedProgress, event::FeedChecked, event::FeedDoubtful, event::FeedsUnavailable, event::FeedsRecovered,
          event::KeysLoaded, event::KeysRefused, event::RequestServed, event::RequestFailed, event::AnswerShared,
          event::FeedPageRead, event::Overloaded>;

/** The event's name and level. */
[[nodiscard]] const EventKind &kind_of(const Event &event) noexcept;

/** The event's fields by name. */
[[nodiscard]] Fields fields_of(const Event &event);

} // namespace analytics::runtime
