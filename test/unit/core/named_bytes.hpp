/* A row of a table of JSON texts: GoogleTest names the test after it and shows its bytes. */
#pragma once

#include "tape.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

namespace analytics::core {

struct NamedBytes {
    const char *name;
    std::string bytes;
};

inline void PrintTo(const NamedBytes &row, std::ostream *out)
{
    *out << shown(row.bytes);
}

template <class Row> std::string name_of(const testing::TestParamInfo<Row> &info)
{
    return info.param.name;
}

} // namespace analytics::core
