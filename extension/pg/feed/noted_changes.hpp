/* Changes that a statement has made, as the outbox has them: a row a tenant, or more where they are many. */
#pragma once

#include "outbox_rows.hpp"

extern "C" {
#include "utils/uuid.h"
}

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

namespace analytics::pg {

class NotedChanges {
public:
    /** Of a thing at that time, which is of that type and tenant. id: where things have one. C++ phase. */
    void note(std::optional<std::string_view> tenant, std::string_view type, TimestampTz time, Noted noted,
              const pg_uuid_t &id = {});

    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    /** Appends them to the outbox, and forgets them. source: whose they are; nullptr: events, which have ids.
     * PostgreSQL phase. */
    void write(const ExtensionSchema &schema, const char *source = nullptr);

private:
    struct Change {
        pg_uuid_t id;
        TimestampTz time;
        std::int16_t type_number; // from 1
        Noted noted;
    };

    struct Row {
        std::vector<std::string> types;
        std::vector<Change> changes;

        std::int16_t number_of(std::string_view type);
    };

    static void append(OutboxRows &outbox, const std::optional<std::string> &tenant, const Row &row,
                       const char *source);

    std::map<std::optional<std::string>, std::vector<Row>, std::less<>> tenants_;
    std::size_t size_ = 0;
};

} // namespace analytics::pg
