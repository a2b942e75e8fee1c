/* librdkafka's configuration, made of the settings; for those only who use librdkafka themselves, since it shows its types. */
#pragma once

#include "../runtime/setting.hpp"

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

/** Throws runtime::SettingFaults with librdkafka's own words. */
[[nodiscard]] Conf conf_of(const runtime::Settings &settings);

/** The same for the publisher of dead letters. */
[[nodiscard]] Conf producer_conf_of(const runtime::Settings &settings);

/** What an authentication's failure may also mean, to be added to its message; or nothing. */
[[nodiscard]] std::string authentication_advice(const runtime::Settings &settings);

/** Whether the user sets this property. */
[[nodiscard]] bool is_given(const runtime::Settings &settings, std::string_view property);

} // namespace analytics::ingestor
