#include "file.hpp"

#include <fstream>
#include <iterator>

namespace analytics::runtime {

std::optional<std::string> read_file(const std::string &path)
try {
    std::ifstream file;
    file.exceptions(std::ios::failbit | std::ios::badbit);
    file.open(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {}); // throws for a folder
} catch (const std::ios::failure &) {
    return {};
}

} // namespace analytics::runtime
