/* Batches on their way into the database while the loop goes on: the third side of the loop. The real lanes are
 * LaneThreads; tests give fakes.
 *
 * Words. Lane: a connection to the database that carries one batch at a time. Under way: sent, and not arrived yet.
 *
 * Any lane carries any partition's batch. Order within a partition is the loop's: it sends none while another of that
 * partition is under way. */
#pragma once

#include "batch.hpp"
#include "ports.hpp"

namespace analytics::ingestor {

/** A batch and what it is committed under. */
struct Cargo {
    Partition partition;
    Claim claim; // as it was when the batch left
    Batch batch;
    std::optional<std::int64_t> high_watermark;
    Time begun{}; // when it left
};

struct Arrival {
    Cargo cargo;
    Receipt receipt;
    Time::duration took{}; // by the database
};

class Lanes {
public:
    virtual ~Lanes() = default;

    /** The writer of a lane on which nothing is under way, for a call of the loop's own before the next send; nothing:
     * there is none. */
    virtual Writer *idle() = 0;

    /** Commits the batch on an idle lane, of which there must be one, while the caller goes on. */
    virtual void send(Cargo cargo) = 0;

    /** One that was under way, whatever became of it; nothing: none has arrived. Throws what the writer threw. */
    virtual std::optional<Arrival> arrival() = 0;

    /** Until something has arrived or the time has come. */
    virtual void wait(Time until) = 0;

    /** Whatever is under way shall not be waited for: it arrives within a second, most likely as a transient failure. */
    virtual void give_up() = 0;

    /** False: something under way neither gets on nor asks whether it may wait; waiting for it is hanging. */
    virtual bool is_alive() = 0;
};

} // namespace analytics::ingestor
