// Numbers as people read them, the same in reports and on screens.
#pragma once

#include <cstdint>
#include <string>

namespace ckptscope {

/// Four significant digits: "0.02256", "1.234e-05".
std::string real(double value);

/// part / whole, 0 of nothing.
double share(std::uint64_t part, std::uint64_t whole);

/// The share in percent, without the sign: "12.34"; what is there and would round to nothing is
/// "<0.01".
std::string percent(std::uint64_t part, std::uint64_t whole, int digits = 2);

/// A bar of up to `columns` cells, as long as `count` is of `most`; at least one cell for what is
/// there.
std::string bar(std::uint64_t count, std::uint64_t most, int columns);

/// The same of a part of 1.
std::string share_bar(double part, int columns);

}  // namespace ckptscope
