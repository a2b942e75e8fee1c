/* A regular expression, of RE2: its time is linear in the text and in the pattern, its memory is bounded, and its stack
 * does not grow.
 *
 * It may match anywhere in the text. The syntax is RE2's, with two forms of JavaScript's that authors of schemas use:
 * \uXXXX, and long names of Unicode's categories, as in \p{Letter}. What RE2 does not take is refused: look-around and
 * back-references. */
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace re2 {
class RE2;
} // namespace re2

namespace analytics::core::schema {

class Pattern {
public:
    /** The pattern, or what is wrong with it. */
    static std::variant<Pattern, std::string> compile(std::string_view text);

    Pattern(Pattern &&) noexcept;
    Pattern &operator=(Pattern &&) noexcept;
    ~Pattern();

    [[nodiscard]] bool matches(std::string_view text) const;

    /** The steps that matching such a text may take at most: the worst of patterns visit each of their instructions for
     * each byte. */
    [[nodiscard]] std::size_t steps(std::string_view text) const noexcept;

    [[nodiscard]] std::size_t instructions() const noexcept { return instructions_; }

private:
    explicit Pattern(std::unique_ptr<re2::RE2> expression);

    std::unique_ptr<re2::RE2> expression_;
    std::size_t instructions_ = 0;
};

/** The pattern in RE2's syntax. */
[[nodiscard]] std::string to_re2(std::string_view pattern);

} // namespace analytics::core::schema
