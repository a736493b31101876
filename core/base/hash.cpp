// The one file that knows the hash library.
#include "core/base/hash.hpp"

#include <fmt/format.h>
#include <xxhash.h>
// The same functions for the vectors of the machine at hand; by themselves those of SSE2 run.
#if defined(__x86_64__) && __has_include(<xxh_x86dispatch.h>)
#include <xxh_x86dispatch.h>
#endif

namespace ckptscope {

std::uint64_t xxh3(std::span<const std::byte> bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

std::uint64_t xxh3(std::string_view text, std::uint64_t seed) {
  return xxh3(std::as_bytes(std::span(text)), seed);
}

std::string hex64(std::uint64_t value) {
  return fmt::format("{:016x}", value);
}

RunningXxh3::RunningXxh3() : state_(XXH3_createState()) {
  reset();
}

void RunningXxh3::reset() {
  XXH3_64bits_reset(state_.get());
}

void RunningXxh3::add(std::span<const std::byte> bytes) {
  XXH3_64bits_update(state_.get(), bytes.data(), bytes.size());
}

std::uint64_t RunningXxh3::digest() const {
  return XXH3_64bits_digest(state_.get());
}

void RunningXxh3::Free::operator()(XXH3_state_s* state) const {
  XXH3_freeState(state);
}

unsigned xxhash_version() {
  return XXH_versionNumber();
}

}  // namespace ckptscope
