/* Shapes as data: how an upstream object is recognised and what becomes of it. One Shape is one row of the table
 * analytics_shapes; the six shipped ones are rows too (sql/shapes.sql), none is known here. */
#pragma once

#include <string>
#include <vector>

namespace analytics::core {

struct Shape {
    std::string name;
    std::string event_type;
    std::string source;
    std::vector<std::string> required;       // top-level members that must be present, whatever their value
    std::vector<std::string> not_null;       // must be present and not null
    std::vector<std::string> null_or_absent; // must be null or absent
    std::vector<std::string> absent;         // must be absent
    std::string time_member;                 // holds the event's time
    std::string iso_member;                  // its ISO text is stored under this name
    std::vector<std::string> key_members;    // the natural key, in order
};

/** In the order in which they are tried. */
using Shapes = std::vector<Shape>;

} // namespace analytics::core
