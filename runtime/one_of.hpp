/* A reference to a value of one of several types: two words that copy nothing. It lives no longer than the value.
 *
 * std::variant would own the value, and every file that makes one compiles how all its types are copied and destroyed:
 * with as many types as there are events, that took longer than everything else in the file. */
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <type_traits>

namespace analytics::runtime {

template <class First, class... Others> class OneOf {
public:
    static constexpr std::size_t count = 1 + sizeof...(Others);

    template <class T>
    requires(std::same_as<T, First> || ... || std::same_as<T, Others>) OneOf(const T &value)
        : index_(index_of<T>()), value_(&value)
    {
    }

    /** The type's place among the types. */
    [[nodiscard]] std::size_t index() const noexcept { return index_; }

    template <class T> [[nodiscard]] static constexpr std::size_t index_of() noexcept
    {
        std::size_t before = 0;
        static_cast<void>(
            ((std::same_as<T, First> || (++before, false)) || ... || (std::same_as<T, Others> || (++before, false))));
        return before;
    }

    /** The value, when it is of this type; otherwise nullptr. */
    template <class T> [[nodiscard]] const T *get_if() const noexcept
    {
        return index_ == index_of<T>() ? static_cast<const T *>(value_) : nullptr;
    }

    /** Calls a function, which takes every type, with the value. */
    template <class Function> decltype(auto) visit(Function &&function) const
    {
        using Result = std::invoke_result_t<Function &, const First &>;
        using Call = Result (*)(Function &, const void *);
        static constexpr std::array<Call, count> calls{&call<Result, Function, First>,
                                                       &call<Result, Function, Others>...};
        return calls[index_](function, value_);
    }

private:
    template <class Result, class Function, class T> static Result call(Function &function, const void *value)
    {
        return function(*static_cast<const T *>(value));
    }

    std::size_t index_;
    const void *value_;
};

} // namespace analytics::runtime
