#include "topic_settings.hpp"

#include "../../extension/core/text/integer.hpp"

#include <span>
#include <string_view>

namespace analytics::ingestor {
namespace {

using Resource = std::unique_ptr<rd_kafka_ConfigResource_t, Freed<rd_kafka_ConfigResource_destroy>>;
using Options = std::unique_ptr<rd_kafka_AdminOptions_t, Freed<rd_kafka_AdminOptions_destroy>>;
using Event = std::unique_ptr<rd_kafka_event_t, Freed<rd_kafka_event_destroy>>;

TopicSettings settings_of(const rd_kafka_ConfigResource_t *resource)
{
    TopicSettings settings;
    std::size_t count = 0;
    const rd_kafka_ConfigEntry_t **const entries = rd_kafka_ConfigResource_configs(resource, &count);
    for (const rd_kafka_ConfigEntry_t *entry : std::span(entries, count)) {
        const char *const value = rd_kafka_ConfigEntry_value(entry);
        if (value == nullptr) continue;
        const std::string_view name = rd_kafka_ConfigEntry_name(entry);
        if (name == "max.message.bytes") settings.most_bytes = core::integer_of<std::int64_t>(value);
        if (name == "cleanup.policy")
            settings.is_compacted = std::string_view(value).find("compact") != std::string_view::npos;
    }
    return settings;
}

} // namespace

std::optional<TopicSettings> topic_settings(rd_kafka_t *client, const std::string &topic,
                                            std::chrono::milliseconds timeout)
{
    const Resource resource(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
    const Options options(rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS));
    const auto patience = static_cast<int>(timeout.count());
    rd_kafka_AdminOptions_set_request_timeout(options.get(), patience, nullptr, 0);
    const Queue queue(rd_kafka_queue_new(client));
    rd_kafka_ConfigResource_t *asked = resource.get();
    rd_kafka_DescribeConfigs(client, &asked, 1, options.get(), queue.get());
    const Event answer(rd_kafka_queue_poll(queue.get(), patience));
    if (!answer || rd_kafka_event_error(answer.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) return {};
    std::size_t count = 0;
    const rd_kafka_ConfigResource_t **const found =
        rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(answer.get()), &count);
    if (count != 1 || rd_kafka_ConfigResource_error(found[0]) != RD_KAFKA_RESP_ERR_NO_ERROR) return {};
    return settings_of(found[0]);
}

} // namespace analytics::ingestor
