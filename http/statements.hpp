/* The SQL behind the routes, one statement each. Answers are made by the database, as JSON text, and passed on as
 * bytes: what an event or a number is, is decided there. Instants travel as microseconds since the Unix epoch. */
#pragma once

#include "database.hpp"

namespace analytics::http {

/** (limit, before's place, before's id, tenant, event type) → the page, whether there is a next one, its last event's place
 * and id. */
extern const Statement recent;

/** (window in minutes, reference's microseconds, tenant) → the summary, and what is left of it without its window. */
extern const Statement summary;

/** (occurred_at's microseconds, id) → the event, or no row. */
extern const Statement event;

/** (from's microseconds, to's, bucket, time zone, tenant, event type) → the histogram, and what is left of it without
 * its window. */
extern const Statement histogram;

/** (limit, the last letter seen, reason, topic, replayed or not) → the page, the next one's cursor or null. */
extern const Statement dead_letters;

/** () → open letters by reason and topic. */
extern const Statement dead_letter_summary;

/** (id) → the letter, or null. */
extern const Statement dead_letter;

/** (reason, topic, limit, the letter after which to begin) → what became of them. */
extern const Statement replay;

/** () → all projections. */
extern const Statement projections;

/** (name, from's microseconds, to's, tenant, limit, before's place, before's key) → what recent tells, of a projection's
 * rows, and its state; no row when there is none of this name. */
extern const Statement projection;

/** (a record's bytes) → outcome, reason, detail, the reason's SQLSTATE, the event, its occurred_at and its id. */
extern const Statement record_one;

/** (a JSON array's bytes, or null; else the records as bytea[]; the most items taken) → their number, a result per item;
 * stores nothing of an array that has more than are taken. */
extern const Statement record_batch;

/** () → the extension's version: fails unless the database answers and the extension is there. */
extern const Statement version;

} // namespace analytics::http
