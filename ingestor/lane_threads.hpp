/* The lanes: a thread and a writer each.
 *
 * A lane's batch has one owner at a time: the loop until it is sent, the thread until it has arrived, the loop again. So
 * has its writer: an idle lane's thread does not touch it, and the loop may. Nothing else is shared but who has which,
 * under one mutex that nobody holds while the database is waited for. */
#pragma once

#include "lanes.hpp"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace analytics::ingestor {

class LaneThreads final : public Lanes {
public:
    /* A thread that waits for the database is asked a few times a second. What is not asked is short, but for looking up
     * a host's name: a resolver's time-outs are below this. */
    static constexpr Milliseconds longest_silence{30'000};

    /** One lane a writer. arrived is called from a lane's thread after each arrival, until the destructor has ended. */
    LaneThreads(std::vector<std::unique_ptr<Writer>> writers, std::function<void()> arrived,
                Milliseconds silence = longest_silence);
    /** Gives up what is under way. */
    ~LaneThreads() override;
    LaneThreads(const LaneThreads &) = delete;
    LaneThreads &operator=(const LaneThreads &) = delete;

    Writer *idle() override;
    void send(Cargo cargo) override;
    std::optional<Arrival> arrival() override;
    void wait(Time until) override;
    void give_up() override;
    bool is_alive() override;

private:
    struct Lane {
        std::unique_ptr<Writer> writer;
        std::optional<Cargo> cargo; // sent, and not yet taken up
        std::atomic<bool> is_at_work = false;
        std::atomic<bool> is_given_up = false;
        std::atomic<Time> last_sign{};
        std::condition_variable_any has_cargo;
        std::jthread thread; // last: it uses the others
    };
    using Arrived = std::variant<Arrival, std::exception_ptr>;

    Lane *idle_lane();
    void run(Lane &lane, const std::stop_token &stop);
    static Arrived carry(Lane &lane, Cargo cargo);

    std::function<void()> arrived_;
    Milliseconds silence_;
    std::mutex mutex_; // of cargo, is_at_work and arrivals_
    std::condition_variable has_arrivals_;
    std::deque<Arrived> arrivals_;
    std::deque<Lane> lanes_; // last: their threads use the others
};

} // namespace analytics::ingestor
