/* From a statement's rows to the answer: the columns are those that statements.hpp lists. */
#pragma once

#include "routes.hpp"

namespace analytics::http {

/** The first column is the body. */
[[nodiscard]] Response render_text(const Exchange &exchange);
/** Likewise, and the second is what the entity tag is made from. */
[[nodiscard]] Response render_tagged(const Exchange &exchange);
/** Likewise; null is 404. */
[[nodiscard]] Response render_found(const Exchange &exchange);
/** A page, with a link to the next one whose cursor is the last item's position and key. */
[[nodiscard]] Response render_page(const Exchange &exchange);
/** Likewise, and the cursor is the last item's key alone. */
[[nodiscard]] Response render_list(const Exchange &exchange);
/** A page of a projection; 404 where there is none of this name, 409 while it is being built. */
[[nodiscard]] Response render_projection(const Exchange &exchange);
/** A page of a feed; 404 where there is none of this name. */
[[nodiscard]] Response render_feed(const Exchange &exchange);
/** One event's outcome. */
[[nodiscard]] Response render_record(const Exchange &exchange);
/** Many events' outcomes. */
[[nodiscard]] Response render_batch(const Exchange &exchange);
/** The asset of this path. */
[[nodiscard]] Response render_asset(const Exchange &exchange);
[[nodiscard]] Response render_up(const Exchange &exchange);
[[nodiscard]] Response render_metrics(const Exchange &exchange);

[[nodiscard]] Response up();
[[nodiscard]] Response down();

/** 404. */
[[nodiscard]] Response none_of_this_name();

/** 413 for a body of more than max_items. */
[[nodiscard]] Response too_many_items();

} // namespace analytics::http
