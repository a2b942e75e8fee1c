#include "lane_threads.hpp"

#include <algorithm>
#include <utility>

namespace analytics::ingestor {
namespace {

Time now()
{
    return Time::clock::now();
}

} // namespace

LaneThreads::LaneThreads(std::vector<std::unique_ptr<Writer>> writers, std::function<void()> arrived,
                         Milliseconds silence)
    : arrived_(std::move(arrived)), silence_(silence)
{
    for (auto &writer : writers) {
        Lane &lane = lanes_.emplace_back();
        lane.writer = std::move(writer);
        lane.thread = std::jthread([this, &lane](const std::stop_token &stop) { run(lane, stop); });
    }
}

LaneThreads::~LaneThreads()
{
    give_up();
}

void LaneThreads::run(Lane &lane, const std::stop_token &stop)
{
    std::unique_lock lock(mutex_);
    while (lane.has_cargo.wait(lock, stop, [&] { return lane.cargo.has_value(); })) {
        Cargo cargo = std::move(*lane.cargo);
        lane.cargo.reset();
        lock.unlock();
        Arrived arrived = carry(lane, std::move(cargo));
        lock.lock();
        arrivals_.push_back(std::move(arrived));
        lane.is_at_work = false;
        lock.unlock();
        has_arrivals_.notify_one();
        arrived_();
        lock.lock();
    }
}

LaneThreads::Arrived LaneThreads::carry(Lane &lane, Cargo cargo)
try {
    const runtime::Work work = cargo.batch.work(); // ours: the cargo is moved before the end
    const runtime::Tracing tracing(work);
    const Time begun = now();
    Receipt receipt = lane.writer->commit(cargo.partition, cargo.claim, cargo.batch, cargo.high_watermark, [&lane] {
        lane.last_sign = now();
        return !lane.is_given_up;
    });
    return Arrival{std::move(cargo), std::move(receipt), now() - begun};
} catch (...) {
    return std::current_exception();
}

LaneThreads::Lane *LaneThreads::idle_lane()
{
    const auto found = std::ranges::find_if(lanes_, [](const Lane &lane) { return !lane.is_at_work; });
    return found == lanes_.end() ? nullptr : &*found;
}

Writer *LaneThreads::idle()
{
    const std::lock_guard lock(mutex_);
    const Lane *lane = idle_lane();
    return lane == nullptr ? nullptr : lane->writer.get();
}

void LaneThreads::send(Cargo cargo)
{
    const std::lock_guard lock(mutex_);
    Lane &lane = *idle_lane();
    lane.is_given_up = false;
    lane.last_sign = now();
    lane.is_at_work = true;
    lane.cargo = std::move(cargo);
    lane.has_cargo.notify_one();
}

std::optional<Arrival> LaneThreads::arrival()
{
    const std::lock_guard lock(mutex_);
    if (arrivals_.empty()) return {};
    Arrived arrived = std::move(arrivals_.front());
    arrivals_.pop_front();
    if (const auto *error = std::get_if<std::exception_ptr>(&arrived)) std::rethrow_exception(*error);
    return std::get<Arrival>(std::move(arrived));
}

void LaneThreads::wait(Time until)
{
    std::unique_lock lock(mutex_);
    has_arrivals_.wait_until(lock, until, [this] { return !arrivals_.empty(); });
}

void LaneThreads::give_up()
{
    const std::lock_guard lock(mutex_);
    for (Lane &lane : lanes_) lane.is_given_up = true;
}

bool LaneThreads::is_alive()
{
    const Time time = now();
    return std::ranges::none_of(
        lanes_, [&](const Lane &lane) { return lane.is_at_work && time - lane.last_sign.load() > silence_; });
}

} // namespace analytics::ingestor
