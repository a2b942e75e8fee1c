#include "publisher.hpp"

#include "consumer_conf.hpp"

#include <algorithm>
#include <array>

namespace analytics::ingestor {
namespace {

using runtime::Key;

constexpr std::size_t message_size = 512; // of librdkafka's error texts
constexpr int poll_ms = 100;

using Producer = std::unique_ptr<rd_kafka_t, Freed<rd_kafka_destroy>>;

/* Of one letter that is under way; librdkafka reports each exactly once, by poll. */
struct Report {
    bool has_come = false;
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;

    void come(rd_kafka_resp_err_t outcome) noexcept
    {
        has_come = true;
        error = outcome;
    }
};

void on_report(rd_kafka_t *, const rd_kafka_message_t *message, void *)
{
    static_cast<Report *>(message->_private)->come(message->err);
}

/* Whatever is wrong with the broker comes back with the letters, and is told once. */
void on_log(const rd_kafka_t *, int, const char *, const char *)
{
}

/* Neither the broker nor librdkafka will ever take this one, whenever it is sent. */
bool is_of_the_letter(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || error == RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE ||
           error == RD_KAFKA_RESP_ERR_INVALID_RECORD || error == RD_KAFKA_RESP_ERR__INVALID_ARG;
}

} // namespace

struct KafkaLetterTopic::Handle {
    explicit Handle(const runtime::Settings &given) : settings(given), topic(given.text(Key::kafka_dlq_topic)) {}

    void connect();
    void hand_over(const Letter &letter, Report &report);

    const runtime::Settings &settings;
    std::string topic;
    Producer kafka;
};

void KafkaLetterTopic::Handle::connect()
{
    Conf conf = producer_conf_of(settings);
    rd_kafka_conf_set_dr_msg_cb(conf.get(), on_report);
    rd_kafka_conf_set_log_cb(conf.get(), on_log);
    std::array<char, message_size> text{};
    kafka.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), text.data(), text.size()));
    if (!kafka) throw runtime::SettingFaults({{"ANALYTICS_KAFKA_*", text.data()}});
    conf.release(); // NOLINT(bugprone-unused-return-value): rd_kafka_new took it
}

void KafkaLetterTopic::Handle::hand_over(const Letter &letter, Report &report)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(letter.headers.size());
    for (const auto &[name, value] : letter.headers)
        rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value ? value->data() : nullptr,
                            value ? static_cast<ssize_t>(value->size()) : 0);
    const void *const value = letter.value ? letter.value->data() : nullptr;
    const std::size_t size = letter.value ? letter.value->size() : 0;
    // NOLINTBEGIN(cppcoreguidelines-pro-type-const-cast): it is copied, whatever the type says
    const auto error = rd_kafka_producev(
        kafka.get(), RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY(letter.key.data(), letter.key.size()), RD_KAFKA_V_VALUE(const_cast<void *>(value), size),
        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(&report), RD_KAFKA_V_END);
    // NOLINTEND(cppcoreguidelines-pro-type-const-cast)
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return; // the headers are the message's now
    rd_kafka_headers_destroy(headers);
    report.come(error);
}

KafkaLetterTopic::KafkaLetterTopic(const runtime::Settings &settings) : handle_(std::make_unique<Handle>(settings))
{
    handle_->connect();
}

KafkaLetterTopic::~KafkaLetterTopic() = default;

Fates KafkaLetterTopic::send(std::span<const Letter> letters, const std::stop_token &stop)
{
    if (!handle_->kafka) handle_->connect();
    rd_kafka_t *const kafka = handle_->kafka.get();
    std::vector<Report> reports(letters.size());
    for (std::size_t i = 0; i < letters.size(); ++i) handle_->hand_over(letters[i], reports[i]);

    const auto is_under_way = [&] {
        return !std::all_of(reports.begin(), reports.end(), [](const Report &report) { return report.has_come; });
    };
    for (bool is_purged = false; is_under_way(); rd_kafka_poll(kafka, poll_ms))
        if (stop.stop_requested() && !is_purged) {
            rd_kafka_purge(kafka, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
            is_purged = true;
        }

    Fates fates;
    for (std::size_t i = 0; i < letters.size(); ++i) {
        if (reports[i].error == RD_KAFKA_RESP_ERR_NO_ERROR)
            fates.published.push_back(letters[i].id);
        else if (is_of_the_letter(reports[i].error))
            fates.unpublishable.push_back({letters[i].id, rd_kafka_err2str(reports[i].error)});
        else if (fates.fault.empty())
            fates.fault = rd_kafka_err2str(reports[i].error);
    }
    std::array<char, message_size> text{};
    if (rd_kafka_fatal_error(kafka, text.data(), text.size()) != RD_KAFKA_RESP_ERR_NO_ERROR) handle_->kafka.reset();
    return fates;
}

} // namespace analytics::ingestor
