/* The SQL behind the routes, one call each of a function in sql/http.sql. The database makes the answer as JSON text,
 * and the service passes its bytes on: what an event or a number is, is decided there. Instants travel as microseconds
 * since the Unix epoch. A page is its body, whether there is a next page, its last item's position and its last item's
 * key (sql/pages.sql). */
#pragma once

#include "database.hpp"

namespace analytics::http {

/** (limit, before's position, before's id, tenant, event type) → a page. */
extern const Statement recent;

/** (window in minutes, reference's microseconds, tenant) → the summary, and what its entity tag is made from. */
extern const Statement summary;

/** (occurred_at's microseconds, id) → the event, or null. */
extern const Statement event;

/** (from's microseconds, to's, bucket, time zone, tenant, event type) → the histogram, and what its entity tag is made
 * from. */
extern const Statement histogram;

/** (limit, the last dead letter seen, reason, topic, replayed or not) → a page. */
extern const Statement dead_letters;

/** () → open dead letters by reason and topic. */
extern const Statement dead_letter_summary;

/** (id) → the dead letter, or null. */
extern const Statement dead_letter;

/** (reason, topic, limit, the dead letter after which to begin) → what became of them. */
extern const Statement replay;

/** () → all projections. */
extern const Statement projections;

/** (name, from's microseconds, to's, tenant, limit, before's position, before's key) → a page and the projection's
 * state, which is null where there is none of this name. */
extern const Statement projection;

/** (a record's bytes) → outcome, reason, detail, the reason's SQLSTATE, the event, its occurred_at and its id. */
extern const Statement record_one;

/** (a JSON array's bytes, or null; else the records as bytea[]; the most items taken) → their number, a result per
 * item; stores nothing of an array that has more than are taken. */
extern const Statement record_batch;

/** () → the extension's version: fails unless the database answers and the extension is there. */
extern const Statement version;

} // namespace analytics::http
