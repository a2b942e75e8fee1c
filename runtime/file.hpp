/* Small files that an operator writes: secrets, keys. */
#pragma once

#include <optional>
#include <string>

namespace analytics::runtime {

/** All the bytes of a file; nothing when it can't be read, as a folder can't. */
[[nodiscard]] std::optional<std::string> read_file(const std::string &path);

} // namespace analytics::runtime
