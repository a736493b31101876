// What was written, as the disk has it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "core/base/progress.hpp"

namespace ckptscope {

/// Reads `bytes` bytes of a file from its start, past the page cache where the file system can, a
/// few MiB at a time: visit(offset, window). Returns their xxh3-64. Throws Mismatch for a shorter
/// file, and what reading throws, `visit` too.
std::uint64_t hash_on_disk(
    const std::string& path, std::uint64_t bytes, Progress& progress,
    const std::function<void(std::uint64_t offset, std::span<const std::byte> window)>& visit = {});

}  // namespace ckptscope
