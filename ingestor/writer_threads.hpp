/* Writer workers as threads, each with a writer of its own.
 *
 * A batch has one owner at a time: the loop until it is submitted, the thread until it is completed, then the loop
 * again. The same holds for a writer: an idle worker's thread does not touch it, so the loop may. Nothing else is
 * shared but who owns what, under one mutex that nobody holds while waiting for the database. */
#pragma once

#include "writer_workers.hpp"

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

class WriterThreads final : public WriterWorkers {
public:
    /* A thread that waits for the database calls keep_waiting a few times a second. All else is short, but for
     * looking up a host name: a resolver's time-outs are below this. */
    static constexpr Milliseconds longest_silence{30'000};

    /** One thread a writer. on_completion is called from a worker's thread after each completion, until the
     * destructor has ended. */
    WriterThreads(std::vector<std::unique_ptr<Writer>> writers, std::function<void()> on_completion,
                  Milliseconds silence = longest_silence);
    /** Abandons what is in flight. */
    ~WriterThreads() override;
    WriterThreads(const WriterThreads &) = delete;
    WriterThreads &operator=(const WriterThreads &) = delete;

    Writer *idle_writer() override;
    void submit(InFlightBatch batch) override;
    std::optional<Completion> next_completion() override;
    void wait(Time until) override;
    void abandon() override;
    bool is_alive() override;

private:
    struct Worker {
        std::unique_ptr<Writer> writer;
        std::optional<InFlightBatch> batch; // submitted, and not yet begun
        std::atomic<bool> is_busy = false;
        std::atomic<bool> is_abandoned = false;
        std::atomic<Time> last_alive{};
        std::condition_variable_any has_batch;
        std::jthread thread; // last: it uses the others
    };
    using Outcome = std::variant<Completion, std::exception_ptr>;

    Worker *idle_worker();
    void run(Worker &worker, const std::stop_token &stop);
    static Outcome commit(Worker &worker, InFlightBatch batch);

    std::function<void()> on_completion_;
    Milliseconds silence_;
    std::mutex mutex_; // of batch, is_busy and outcomes_
    std::condition_variable has_outcomes_;
    std::deque<Outcome> outcomes_;
    std::deque<Worker> workers_; // last: their threads use the others
};

} // namespace analytics::ingestor
