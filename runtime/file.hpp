/* Small files written by an operator: secrets, keys. */
#pragma once

#include <optional>
#include <string>

namespace analytics::runtime {

/** All bytes of a file; nothing when it can't be read, or is a folder. */
[[nodiscard]] std::optional<std::string> read_file(const std::string &path);

} // namespace analytics::runtime
