/* Who observes events: see events.hpp for the events themselves. */
#pragma once

#include "events.hpp"

#include <initializer_list>
#include <vector>

namespace analytics::runtime {

/** Safe to call from several threads at once. */
class Observer {
public:
    virtual ~Observer() = default;

    void operator()(const Event &event) { observe(event); }

    virtual void observe(const Event &event) = 0;

    /** The daemon's loop is alive: called at every turn, and during waits within one. From the loop's thread only. */
    virtual void alive() {}
};

/** Forwards to several observers, in their order; they must live as long. */
class Observers final : public Observer {
public:
    explicit Observers(std::initializer_list<Observer *> observers) : observers_(observers) {}

    void observe(const Event &event) override
    {
        for (Observer *observer : observers_) observer->observe(event);
    }
    void alive() override
    {
        for (Observer *observer : observers_) observer->alive();
    }

private:
    std::vector<Observer *> observers_;
};

} // namespace analytics::runtime
