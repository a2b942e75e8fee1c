#include "backoff.hpp"

#include <algorithm>

namespace analytics::ingestor {

Backoff::Milliseconds Backoff::next()
{
    Milliseconds bound = std::min(first_, cap_);
    for (unsigned i = 0; i < attempts_ && bound < cap_; ++i) bound = std::min(bound * 2, cap_);
    ++attempts_;
    std::uniform_int_distribution<Milliseconds::rep> draw(bound.count() / 2, bound.count());
    return Milliseconds(draw(random_));
}

} // namespace analytics::ingestor
