/* librdkafka's configuration made from our settings, and clients made from a configuration; with the owners of what
 * librdkafka allocates. Only for files that use librdkafka themselves, since it shows librdkafka's types. */
#pragma once

#include "../runtime/setting.hpp"

#include <cstdint>
#include <librdkafka/rdkafka.h>
#include <memory>
#include <string>
#include <string_view>

namespace analytics::ingestor {

/** Owns what librdkafka frees with Free. */
template <auto Free> struct Freed {
    template <class T> void operator()(T *object) const noexcept { Free(object); }
};
using Conf = std::unique_ptr<rd_kafka_conf_t, Freed<rd_kafka_conf_destroy>>;
using List = std::unique_ptr<rd_kafka_topic_partition_list_t, Freed<rd_kafka_topic_partition_list_destroy>>;
using Message = std::unique_ptr<rd_kafka_message_t, Freed<rd_kafka_message_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, Freed<rd_kafka_queue_destroy>>;

inline constexpr std::size_t kafka_message_size = 512; // of librdkafka's error texts

/** What waits in a producer: events, 16 MiB of them, or records of any size, as dead letters are. */
enum class QueuedMessages : std::uint8_t { events, any };

/** They throw runtime::SettingFaults with librdkafka's own message. */
[[nodiscard]] Conf consumer_conf(const runtime::Settings &settings);
[[nodiscard]] Conf feed_producer_conf(const runtime::Settings &settings, const std::string &transactional_id,
                                      QueuedMessages queued);
/** Of a client that only reads a group's offsets. is_stable: not while a transaction is pending. */
[[nodiscard]] Conf feed_reader_conf(const runtime::Settings &settings, const std::string &group, bool is_stable);

/** Nothing of this client is logged. */
void disable_log(rd_kafka_conf_t *conf);

/** A new client, the caller's to destroy. Throws runtime::SettingFaults: librdkafka checks much only now. */
[[nodiscard]] rd_kafka_t *new_client(rd_kafka_type_t type, Conf conf);

/** What a failed authentication may also mean, to be appended to its message; or nothing. */
[[nodiscard]] std::string authentication_advice(const runtime::Settings &settings);

/** A whole number that the client was configured with; 0: it has no such property. */
[[nodiscard]] std::int64_t kafka_number(rd_kafka_t *kafka, const char *property);

/** Whether the user sets this property. */
[[nodiscard]] bool is_given(const runtime::Settings &settings, std::string_view property);

} // namespace analytics::ingestor
