/* From a statement's rows to the answer: the columns are those that statements.hpp lists. */
#pragma once

#include "routes.hpp"

namespace analytics::http {

/** The first column is the body. */
[[nodiscard]] Answer render_text(const Outcome &outcome);
/** Likewise, and the second is what the entity tag is made from. */
[[nodiscard]] Answer render_tagged(const Outcome &outcome);
/** Likewise, and without it (no row, or null) it is 404. */
[[nodiscard]] Answer render_found(const Outcome &outcome);
/** A page of recent, with a link to the next one. */
[[nodiscard]] Answer render_page(const Outcome &outcome);
/** A page of a projection, with a link to the next one; 404 without it, 409 while it is being built. */
[[nodiscard]] Answer render_projection(const Outcome &outcome);
/** One event's outcome. */
[[nodiscard]] Answer render_record(const Outcome &outcome);
/** Many events' outcomes. */
[[nodiscard]] Answer render_batch(const Outcome &outcome);
/** Likewise, and the second is the next page's cursor, or null. */
[[nodiscard]] Answer render_list(const Outcome &outcome);
/** The asset of this path. */
[[nodiscard]] Answer render_asset(const Outcome &outcome);
[[nodiscard]] Answer render_up(const Outcome &outcome);

[[nodiscard]] Answer up();
[[nodiscard]] Answer down();

/** 413 for a body of more than max_items. */
[[nodiscard]] Answer too_many_items();

} // namespace analytics::http
