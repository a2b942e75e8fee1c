/* An object whose construction and destruction are counted: both counts must be equal. */
#pragma once

#include <cstdint>

namespace boundary {

struct Counts {
    std::int64_t made = 0;
    std::int64_t destroyed = 0;
    bool backwards = true; // each destroyed one was the youngest alive
};

inline Counts counts;

class Counted {
public:
    Counted() : number_(++counts.made - counts.destroyed) {}
    ~Counted()
    {
        counts.backwards = counts.backwards && number_ == counts.made - counts.destroyed;
        ++counts.destroyed;
    }
    Counted(const Counted &) = delete;
    Counted &operator=(const Counted &) = delete;

private:
    std::int64_t number_; // how many were alive when it was made, itself included
};

} // namespace boundary
