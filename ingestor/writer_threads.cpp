#include "writer_threads.hpp"

#include <algorithm>
#include <utility>

namespace analytics::ingestor {
namespace {

Time now()
{
    return Time::clock::now();
}

} // namespace

WriterThreads::WriterThreads(std::vector<std::unique_ptr<Writer>> writers, std::function<void()> on_completion,
                             Milliseconds silence)
    : on_completion_(std::move(on_completion)), silence_(silence)
{
    for (auto &writer : writers) {
        Worker &worker = workers_.emplace_back();
        worker.writer = std::move(writer);
        worker.thread = std::jthread([this, &worker](const std::stop_token &stop) { run(worker, stop); });
    }
}

WriterThreads::~WriterThreads()
{
    abandon();
}

void WriterThreads::run(Worker &worker, const std::stop_token &stop)
{
    std::unique_lock lock(mutex_);
    while (worker.has_batch.wait(lock, stop, [&] { return worker.batch.has_value(); })) {
        InFlightBatch batch = std::move(*worker.batch);
        worker.batch.reset();
        lock.unlock();
        Outcome outcome = commit(worker, std::move(batch));
        lock.lock();
        outcomes_.push_back(std::move(outcome));
        worker.is_busy = false;
        lock.unlock();
        has_outcomes_.notify_one();
        on_completion_();
        lock.lock();
    }
}

WriterThreads::Outcome WriterThreads::commit(Worker &worker, InFlightBatch batch)
try {
    const runtime::Span span = batch.batch.span(); // a copy: the batch is moved before the scope ends
    const runtime::SpanScope scope(span);
    const Time begun = now();
    Receipt receipt = worker.writer->commit(batch.partition, batch.claim, batch.batch, batch.high_watermark, [&worker] {
        worker.last_alive = now();
        return !worker.is_abandoned;
    });
    return Completion{std::move(batch), std::move(receipt), now() - begun};
} catch (...) {
    return std::current_exception();
}

WriterThreads::Worker *WriterThreads::idle_worker()
{
    const auto found = std::ranges::find_if(workers_, [](const Worker &worker) { return !worker.is_busy; });
    return found == workers_.end() ? nullptr : &*found;
}

Writer *WriterThreads::idle_writer()
{
    const std::lock_guard lock(mutex_);
    const Worker *worker = idle_worker();
    return worker == nullptr ? nullptr : worker->writer.get();
}

void WriterThreads::submit(InFlightBatch batch)
{
    const std::lock_guard lock(mutex_);
    Worker &worker = *idle_worker();
    worker.is_abandoned = false;
    worker.last_alive = now();
    worker.is_busy = true;
    worker.batch = std::move(batch);
    worker.has_batch.notify_one();
}

std::optional<Completion> WriterThreads::next_completion()
{
    const std::lock_guard lock(mutex_);
    if (outcomes_.empty()) return {};
    Outcome outcome = std::move(outcomes_.front());
    outcomes_.pop_front();
    if (const auto *error = std::get_if<std::exception_ptr>(&outcome)) std::rethrow_exception(*error);
    return std::get<Completion>(std::move(outcome));
}

void WriterThreads::wait(Time until)
{
    std::unique_lock lock(mutex_);
    has_outcomes_.wait_until(lock, until, [this] { return !outcomes_.empty(); });
}

void WriterThreads::abandon()
{
    const std::lock_guard lock(mutex_);
    for (Worker &worker : workers_) worker.is_abandoned = true;
}

bool WriterThreads::is_alive()
{
    const Time time = now();
    return std::ranges::none_of(
        workers_, [&](const Worker &worker) { return worker.is_busy && time - worker.last_alive.load() > silence_; });
}

} // namespace analytics::ingestor
