#include "consumer.hpp"

#include "../runtime/kafka_topics.hpp"
#include "consumer_conf.hpp"
#include "consumer_fetch.hpp"
#include "consumer_probe.hpp"
#include "gap.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <deque>
#include <mutex>
#include <set>
#include <stdexcept>
#include <syslog.h>
#include <utility>

namespace analytics::ingestor {
namespace {

using runtime::Event;
using runtime::Key;

constexpr int query_timeout_ms = 3'000;
constexpr int answer_margin_ms = 500;         // librdkafka is to say itself that time is up
constexpr int ask_again_ms = 500;             // --check: whoever is refused need not wait to the end
constexpr Milliseconds close_deadline{5'000}; // a hung close must not hold up a stop; offsets are safe in the database
constexpr std::size_t message_size = 512;     // of librdkafka's error texts

using Message = std::unique_ptr<rd_kafka_message_t, Freed<rd_kafka_message_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, Freed<rd_kafka_queue_destroy>>;
using Answer = std::unique_ptr<rd_kafka_event_t, Freed<rd_kafka_event_destroy>>;
using Groups = std::unique_ptr<const struct rd_kafka_group_list, Freed<rd_kafka_group_list_destroy>>;
using OffsetsRequest =
    std::unique_ptr<rd_kafka_ListConsumerGroupOffsets_t, Freed<rd_kafka_ListConsumerGroupOffsets_destroy>>;
using OffsetsOptions = std::unique_ptr<rd_kafka_AdminOptions_t, Freed<rd_kafka_AdminOptions_destroy>>;
using Failed = std::unique_ptr<rd_kafka_error_t, Freed<rd_kafka_error_destroy>>;

List list_of(std::span<const Start> starts)
{
    List list(rd_kafka_topic_partition_list_new(static_cast<int>(starts.size())));
    for (const Start &start : starts)
        rd_kafka_topic_partition_list_add(list.get(), start.partition.topic.c_str(), start.partition.id)->offset =
            start.next_offset;
    return list;
}

void free_member_id(char *id) noexcept
{
    rd_kafka_mem_free(nullptr, id);
}

Milliseconds session_timeout(rd_kafka_t *kafka)
{
    std::array<char, 32> text{};
    std::size_t size = text.size();
    rd_kafka_conf_get(rd_kafka_conf(kafka), "session.timeout.ms", text.data(), &size);
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + std::string_view(text.data()).size(), value);
    return Milliseconds(value);
}

std::optional<std::string_view> bytes(const void *data, std::size_t size)
{
    if (data == nullptr) return {};
    return std::string_view(static_cast<const char *>(data), size);
}

} // namespace

struct KafkaConsumer::Handle {
    Handle(const runtime::Settings &given, runtime::Observer &observer);
    ~Handle();
    Handle(const Handle &) = delete;
    Handle &operator=(const Handle &) = delete;

    static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *partitions,
                             void *self);
    static void on_error(rd_kafka_t *rk, int err, const char *reason, void *self);
    static void on_log(const rd_kafka_t *rk, int severity, const char *facility, const char *message);

    Delivery delivery();
    Delivery error();
    void heard();
    void hold(std::span<const Start> partitions);
    void release();
    void notice(std::string_view text);
    List signed_list(std::span<const Start> starts) const;

    const runtime::Settings &settings;
    runtime::Observer &observe;
    std::string topics;
    std::string group;
    std::string metadata; // of offsets that are committed
    std::string advice;   // for who is not let in
    bool is_debugging = false;
    rd_kafka_t *kafka = nullptr;
    std::mutex waking;
    std::optional<FetchWaker> fetching;
    Queue polled; // what poll waits on, while somebody may wake it; librdkafka wants it back before the end

    std::deque<Delivery> events;              // noted by callbacks, handed out by the next poll
    Message message;                          // whose views the last Record holds
    std::vector<Header> headers;              // the same
    std::vector<Start> assigned;              // offsets don't matter
    std::set<Partition, PartitionOrder> held; // paused by us: resuming any other rewinds it
    std::set<Partition, PartitionOrder> stopped;
    bool is_unavailable = false;
    bool is_barred = false;   // a broker does not believe us, or we not it
    std::string last_trouble; // with a broker, in librdkafka's words
    std::string last_notice;
};

KafkaConsumer::Handle::Handle(const runtime::Settings &given, runtime::Observer &observer)
    : settings(given), observe(observer), topics(settings.text(Key::kafka_topic)),
      group(settings.text(Key::kafka_consumer_group)), advice(authentication_advice(settings)),
      is_debugging(is_given(settings, "debug"))
{
    Conf conf = conf_of(settings);
    rd_kafka_conf_set_opaque(conf.get(), this);
    rd_kafka_conf_set_rebalance_cb(conf.get(), on_rebalance);
    rd_kafka_conf_set_error_cb(conf.get(), on_error);
    rd_kafka_conf_set_log_cb(conf.get(), on_log);

    std::array<char, message_size> message_text{};
    kafka = rd_kafka_new(RD_KAFKA_CONSUMER, conf.get(), message_text.data(), message_text.size());
    if (kafka == nullptr) throw runtime::SettingFaults({{"ANALYTICS_KAFKA_*", message_text.data()}});
    conf.release(); // NOLINT(bugprone-unused-return-value): rd_kafka_new took it
    rd_kafka_poll_set_consumer(kafka);
    polled.reset(rd_kafka_queue_get_consumer(kafka));
    fetching.emplace(kafka);
}

KafkaConsumer::Handle::~Handle()
{
    message.reset();
    polled.reset();
    if (kafka != nullptr) rd_kafka_destroy_flags(kafka, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

void KafkaConsumer::Handle::on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t err,
                                         rd_kafka_topic_partition_list_t *partitions, void *self)
{
    auto &handle = *static_cast<Handle *>(self);
    if (err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        handle.heard();
        Assigned assigned;
        for (int i = 0; i < partitions->cnt; ++i)
            assigned.partitions.push_back({partitions->elems[i].topic, partitions->elems[i].partition});
        handle.events.emplace_back(std::move(assigned));
    } else {
        if (err != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) handle.notice(rd_kafka_err2str(err));
        handle.events.emplace_back(Revoked{rd_kafka_assignment_lost(rk) != 0});
    }
    rd_kafka_yield(rk); // the poll returns at once
}

void KafkaConsumer::Handle::on_error(rd_kafka_t *rk, int err, const char *reason, void *self)
{
    auto &handle = *static_cast<Handle *>(self);
    const auto code = static_cast<rd_kafka_resp_err_t>(err);
    if (code == RD_KAFKA_RESP_ERR__FATAL) {
        std::array<char, message_size> text{};
        rd_kafka_fatal_error(rk, text.data(), text.size());
        handle.events.emplace_back(Fault{text.data()});
        rd_kafka_yield(rk);
    } else if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) { // says how many; why, the last trouble says
        const std::string &why = handle.last_trouble;
        if (!std::exchange(handle.is_unavailable, true))
            handle.observe(Event::kafka_unavailable, {{"message", why.empty() ? std::string_view(reason) : why}});
    } else {
        handle.last_trouble = reason;
        handle.is_barred = code == RD_KAFKA_RESP_ERR__AUTHENTICATION || code == RD_KAFKA_RESP_ERR__SSL;
        if (code == RD_KAFKA_RESP_ERR__AUTHENTICATION) handle.last_trouble += handle.advice;
        if (code != RD_KAFKA_RESP_ERR__TRANSPORT && code != RD_KAFKA_RESP_ERR__RESOLVE) // those are in the log
            handle.notice(handle.last_trouble);
    }
}

/* From any of librdkafka's threads. */
void KafkaConsumer::Handle::on_log(const rd_kafka_t *rk, int severity, const char *facility, const char *message)
{
    const auto &handle = *static_cast<const Handle *>(rd_kafka_opaque(rk));
    if (severity <= LOG_WARNING || handle.is_debugging)
        handle.observe(Event::kafka_notice, {{"facility", facility}, {"message", message}});
}

/* The same trouble is told once, not at each of librdkafka's attempts. */
void KafkaConsumer::Handle::notice(std::string_view text)
{
    if (last_notice == text) return;
    last_notice = text;
    observe(Event::kafka_notice, {{"message", text}});
}

List KafkaConsumer::Handle::signed_list(std::span<const Start> starts) const
{
    List list = list_of(starts);
    for (int i = 0; !metadata.empty() && i < list->cnt; ++i) {
        list->elems[i].metadata = strdup(metadata.c_str()); // the list frees it
        list->elems[i].metadata_size = metadata.size();
    }
    return list;
}

void KafkaConsumer::Handle::heard()
{
    last_notice.clear();
    if (std::exchange(is_unavailable, false)) observe(Event::kafka_recovered);
}

Delivery KafkaConsumer::Handle::delivery()
{
    const PartitionView partition(rd_kafka_topic_name(message->rkt), message->partition);
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) return End{partition, message->offset};

    heard();
    fetching->took(*message);
    Record record{partition, message->offset, bytes(message->payload, message->len),
                  bytes(message->key, message->key_len)};
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    const std::int64_t timestamp = rd_kafka_message_timestamp(message.get(), &type);
    if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE) record.timestamp_ms = timestamp;

    headers.clear();
    rd_kafka_headers_t *list = nullptr;
    if (rd_kafka_message_headers(message.get(), &list) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        const char *name = nullptr;
        const void *value = nullptr;
        std::size_t size = 0;
        for (std::size_t i = 0; rd_kafka_header_get_all(list, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
             ++i)
            headers.push_back({name, bytes(value, size)});
    }
    record.headers = headers;
    return record;
}

Delivery KafkaConsumer::Handle::error()
{
    const std::string text = rd_kafka_message_errstr(message.get());
    if (message->err == RD_KAFKA_RESP_ERR__FATAL) return Fault{text};
    if (message->rkt != nullptr && loses_records(message->err))
        return Broken{{rd_kafka_topic_name(message->rkt), message->partition}, message->offset, text};
    notice(text);
    return Nothing{};
}

void KafkaConsumer::Handle::hold(std::span<const Start> partitions)
{
    std::vector<Start> fresh;
    for (const Start &start : partitions)
        if (held.insert(start.partition).second) fresh.push_back(start);
    if (!fresh.empty()) rd_kafka_pause_partitions(kafka, list_of(fresh).get());
}

/* Of what we hold, all but the stopped ones. */
void KafkaConsumer::Handle::release()
{
    std::vector<Start> partitions;
    for (const Partition &partition : held)
        if (!stopped.contains(partition)) partitions.push_back({partition, RD_KAFKA_OFFSET_INVALID});
    for (const Start &start : partitions) held.erase(start.partition);
    if (!partitions.empty()) rd_kafka_resume_partitions(kafka, list_of(partitions).get());
}

KafkaConsumer::KafkaConsumer(const runtime::Settings &settings, runtime::Observer &observe)
    : handle_(std::make_unique<Handle>(settings, observe))
{
}

KafkaConsumer::~KafkaConsumer() = default;

void KafkaConsumer::subscribe()
{
    const List list(rd_kafka_topic_partition_list_new(1));
    for (const std::string &topic : runtime::topic_items(handle_->topics))
        rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
    if (const auto error = rd_kafka_subscribe(handle_->kafka, list.get()); error != RD_KAFKA_RESP_ERR_NO_ERROR)
        throw std::runtime_error(std::string("cannot subscribe: ") + rd_kafka_err2str(error));
}

std::string KafkaConsumer::reachability_fault(Milliseconds timeout)
{
    Handle &handle = *handle_;
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    for (;;) {
        const struct rd_kafka_metadata *metadata = nullptr;
        const auto error = rd_kafka_metadata(handle.kafka, 0, nullptr, &metadata, ask_again_ms);
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
            rd_kafka_metadata_destroy(metadata);
            return {};
        }
        const Message unread(rd_kafka_consumer_poll(handle.kafka, 0)); // serves the error callback, which knows more
        if (handle.is_barred || std::chrono::steady_clock::now() >= deadline)
            return handle.last_trouble.empty() ? rd_kafka_err2str(error) : handle.last_trouble;
    }
}

void KafkaConsumer::wake()
{
    const std::lock_guard lock(handle_->waking);
    if (handle_->polled) rd_kafka_queue_yield(handle_->polled.get());
}

Delivery KafkaConsumer::poll(Milliseconds timeout)
{
    Handle &handle = *handle_;
    handle.message.reset();
    if (handle.events.empty()) {
        handle.message.reset(rd_kafka_consumer_poll(handle.kafka, static_cast<int>(timeout.count())));
        if (handle.message) {
            const auto error = handle.message->err;
            const bool is_news = error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR__PARTITION_EOF;
            return is_news ? handle.delivery() : handle.error();
        }
    }
    if (handle.events.empty()) return Nothing{};
    Delivery event = std::move(handle.events.front());
    handle.events.pop_front();
    return event;
}

std::optional<Watermarks> KafkaConsumer::watermarks(const Partition &partition)
{
    Watermarks marks;
    const auto error = rd_kafka_query_watermark_offsets(handle_->kafka, partition.topic.c_str(), partition.id,
                                                        &marks.low, &marks.high, query_timeout_ms);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return marks;
    handle_->notice(rd_kafka_err2str(error));
    return {};
}

std::optional<std::int64_t> KafkaConsumer::last_high_watermark(const Partition &partition)
{
    std::int64_t low = RD_KAFKA_OFFSET_INVALID;
    std::int64_t high = RD_KAFKA_OFFSET_INVALID;
    const auto error =
        rd_kafka_get_watermark_offsets(handle_->kafka, partition.topic.c_str(), partition.id, &low, &high);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR || high < 0) return {};
    return high;
}

std::optional<std::int64_t> KafkaConsumer::readable_after(const Partition &partition, std::int64_t offset,
                                                          std::int64_t broken_offset, std::int64_t end)
{
    Probe probe(handle_->settings);
    return end_of_broken(offset, end, [&](std::int64_t at) { return probe.is_broken(partition, at, broken_offset); });
}

void KafkaConsumer::assign(std::span<const Start> starts)
{
    handle_->stopped.clear();
    handle_->release(); // a pause would outlive the assignment
    handle_->assigned.assign(starts.begin(), starts.end());
    if (const auto error = rd_kafka_assign(handle_->kafka, list_of(starts).get()); error != RD_KAFKA_RESP_ERR_NO_ERROR)
        handle_->notice(rd_kafka_err2str(error));
}

void KafkaConsumer::unassign()
{
    handle_->stopped.clear();
    handle_->release();
    handle_->assigned.clear();
    rd_kafka_assign(handle_->kafka, nullptr);
}

void KafkaConsumer::stop(const Partition &partition)
{
    handle_->stopped.insert(partition);
    const Start start{partition, RD_KAFKA_OFFSET_INVALID};
    handle_->hold({&start, 1});
}

void KafkaConsumer::pause()
{
    handle_->hold(handle_->assigned);
}

void KafkaConsumer::resume()
{
    handle_->release();
}

void KafkaConsumer::mark_done(const Partition &partition, std::int64_t next_offset)
{
    const Start done{partition, next_offset};
    rd_kafka_commit(handle_->kafka, handle_->signed_list({&done, 1}).get(), 1);
}

bool KafkaConsumer::commit(std::span<const Start> offsets)
{
    const Queue queue(rd_kafka_queue_new(handle_->kafka));
    const auto list = handle_->signed_list(offsets);
    if (rd_kafka_commit_queue(handle_->kafka, list.get(), queue.get(), nullptr, nullptr) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return false;
    const Answer answer(rd_kafka_queue_poll(queue.get(), query_timeout_ms));
    return answer && rd_kafka_event_error(answer.get()) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

void KafkaConsumer::sign(const std::string &metadata)
{
    handle_->metadata = metadata;
}

std::optional<std::vector<GroupOffset>> KafkaConsumer::group_offsets()
{
    const OffsetsOptions options(rd_kafka_AdminOptions_new(handle_->kafka, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS));
    rd_kafka_AdminOptions_set_request_timeout(options.get(), query_timeout_ms, nullptr, 0);
    const OffsetsRequest request(rd_kafka_ListConsumerGroupOffsets_new(handle_->group.c_str(), nullptr));
    rd_kafka_ListConsumerGroupOffsets_t *all = request.get();
    const Queue queue(rd_kafka_queue_new(handle_->kafka));
    rd_kafka_ListConsumerGroupOffsets(handle_->kafka, &all, 1, options.get(), queue.get());
    const Answer answer(rd_kafka_queue_poll(queue.get(), query_timeout_ms + answer_margin_ms));
    if (!answer) return {};
    if (rd_kafka_event_error(answer.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        handle_->notice(rd_kafka_event_error_string(answer.get()));
        return {};
    }
    std::size_t count = 0;
    const auto **groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
        rd_kafka_event_ListConsumerGroupOffsets_result(answer.get()), &count);
    if (count != 1) return {};
    if (const auto *error = rd_kafka_group_result_error(groups[0])) {
        handle_->notice(rd_kafka_error_string(error));
        return {};
    }
    std::vector<GroupOffset> found;
    const auto *list = rd_kafka_group_result_partitions(groups[0]);
    for (int i = 0; list != nullptr && i < list->cnt; ++i) {
        const auto &one = list->elems[i];
        if (one.offset < 0) continue;
        found.push_back(
            {{one.topic, one.partition}, one.offset, std::string(bytes(one.metadata, one.metadata_size).value_or(""))});
    }
    return found;
}

std::optional<OtherMembers> KafkaConsumer::other_members()
{
    const struct rd_kafka_group_list *list = nullptr;
    const auto error = rd_kafka_list_groups(handle_->kafka, handle_->group.c_str(), &list, query_timeout_ms);
    const Groups groups(list);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR || list->group_cnt != 1) return {};

    const std::unique_ptr<char, Freed<free_member_id>> own(rd_kafka_memberid(handle_->kafka));
    OtherMembers others{list->groups[0].state, {}, session_timeout(handle_->kafka)};
    for (int i = 0; i < list->groups[0].member_cnt; ++i) {
        const auto &member = list->groups[0].members[i];
        if (own && std::string_view(member.member_id) == own.get()) continue;
        others.members.push_back(std::string(member.member_id) + " at " + member.client_host);
    }
    return others;
}

void KafkaConsumer::rejoin()
{
    rd_kafka_unsubscribe(handle_->kafka);
    subscribe();
}

void KafkaConsumer::close()
{
    Handle &handle = *handle_;
    handle.message.reset();
    {
        const std::lock_guard lock(handle.waking);
        handle.polled.reset();
    }
    rd_kafka_unsubscribe(
        handle.kafka); // or a rejoin that is under way subscribes after the end, and destroying asserts
    const Queue queue(rd_kafka_queue_new(handle.kafka));
    const Failed refused(rd_kafka_consumer_close_queue(handle.kafka, queue.get()));
    if (refused) return;

    const auto deadline = std::chrono::steady_clock::now() + close_deadline;
    while (rd_kafka_consumer_closed(handle.kafka) == 0 && std::chrono::steady_clock::now() < deadline) {
        const Message rest(rd_kafka_consume_queue(queue.get(), 100)); // serves the rebalance callback, too
        if (!handle.events.empty()) unassign();
        handle.events.clear();
    }
    if (rd_kafka_consumer_closed(handle.kafka) == 0) {
        handle.notice("leaving the group took too long");
        handle.kafka = nullptr; // destroying it might hang as well, and the process ends here
    }
}

} // namespace analytics::ingestor
