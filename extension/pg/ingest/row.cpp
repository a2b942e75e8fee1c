#include "row.hpp"

extern "C" {
#include "utils/uuid.h"
}

#include <cstring>

namespace analytics::pg {

int compare(const Row &row, TimestampTz occurred_at, const std::uint8_t *id) noexcept
{
    if (row.occurred_at != occurred_at) return row.occurred_at < occurred_at ? -1 : 1;
    return std::memcmp(row.id.data(), id, UUID_LEN);
}

void RekeyedRows::put(Row &row, const Key &key)
{
    if (keys_ == nullptr)
        keys_ = static_cast<Key *>(MemoryContextAllocHuge(context_, static_cast<Size>(count_) * sizeof(Key)));
    keys_[&row - rows_] = key;
    row.is_rekeyed = true;
}

} // namespace analytics::pg
