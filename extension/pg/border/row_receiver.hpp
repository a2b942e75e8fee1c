/* The one receiver of a statement's rows. It passes them to a reader, a type that declares the columns that it reads.
 * The receiver checks the columns when the statement begins, and nulls in each row:
 *
 *     struct Newest {
 *         static constexpr ReadColumn columns[] = {{"occurred_at", TIMESTAMPTZOID, Nulls::allowed}};
 *         bool receive(TupleTableSlot *row);   // tts_values and tts_isnull are filled; false ends the statement
 *     };
 *
 * A reader of rows of any columns has begin(TupleDesc) in place of columns, and checks them itself. receive is a
 * PostgreSQL phase: it may ereport. Its memory context lasts for the statement. */
#pragma once

#include "columns.hpp"

extern "C" {
#include "executor/tuptable.h"
#include "tcop/dest.h"
}

#include <type_traits>

namespace analytics::pg {

class RowReceiver {
public:
    /** The reader must outlive it. */
    template <class Reader> explicit RowReceiver(Reader &reader) : RowReceiver()
    {
        reader_ = &reader;
        receive_ = [](void *self, TupleTableSlot *row) { return static_cast<Reader *>(self)->receive(row); };
        if constexpr (requires { Reader::columns; }) {
            columns_ = std::data(Reader::columns);
            count_ = std::size(Reader::columns);
        } else {
            begin_ = [](void *self, TupleDesc rows) { static_cast<Reader *>(self)->begin(rows); };
        }
    }

    [[nodiscard]] DestReceiver *destination() noexcept { return &base_; }

private:
    RowReceiver() noexcept;

    static RowReceiver &of(DestReceiver *base) noexcept { return *reinterpret_cast<RowReceiver *>(base); }
    void begin(TupleDesc rows);
    bool receive(TupleTableSlot *row);

    DestReceiver base_; // must be first: PostgreSQL knows only this
    void *reader_ = nullptr;
    bool (*receive_)(void *reader, TupleTableSlot *row) = nullptr;
    void (*begin_)(void *reader, TupleDesc rows) = nullptr;
    const ReadColumn *columns_ = nullptr;
    std::size_t count_ = 0;
};

static_assert(std::is_standard_layout_v<RowReceiver>);

} // namespace analytics::pg
