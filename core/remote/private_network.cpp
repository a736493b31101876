#include "core/remote/private_network.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace ckptscope {
namespace {

bool is_private(std::uint32_t address) {
  struct Block {
    std::uint32_t start;
    unsigned bits;
  };
  constexpr Block kBlocks[] = {
      {0x00000000, 8},   // 0.0.0.0
      {0x0A000000, 8},   // 10.0.0.0
      {0x64400000, 10},  // 100.64.0.0
      {0x7F000000, 8},   // 127.0.0.0
      {0xA9FE0000, 16},  // 169.254.0.0
      {0xAC100000, 12},  // 172.16.0.0
      {0xC0000000, 24},  // 192.0.0.0
      {0xC0A80000, 16},  // 192.168.0.0
      {0xC6120000, 15},  // 198.18.0.0, of benchmarks
  };
  return std::any_of(std::begin(kBlocks), std::end(kBlocks), [&](const Block& block) {
    return (address ^ block.start) >> (32 - block.bits) == 0;
  });
}

bool is_private(const std::array<std::uint8_t, 16>& address) {
  const auto all_zero = [&](std::size_t begin, std::size_t end) {
    return std::all_of(address.begin() + static_cast<std::ptrdiff_t>(begin),
                       address.begin() + static_cast<std::ptrdiff_t>(end),
                       [](std::uint8_t byte) { return byte == 0; });
  };
  const std::uint32_t last = static_cast<std::uint32_t>(address[12]) << 24 | address[13] << 16 |
                             address[14] << 8 | address[15];
  const bool mapped = all_zero(0, 10) && address[10] == 0xFF && address[11] == 0xFF;
  const bool translated = address[0] == 0 && address[1] == 0x64 && address[2] == 0xFF &&
                          address[3] == 0x9B;  // 64:ff9b::/96
  if (mapped || translated) return is_private(last);
  if (address[0] == 0x20 && address[1] == 0x02) {  // 2002::/16, an IPv4 address behind it
    return is_private(static_cast<std::uint32_t>(address[2]) << 24 | address[3] << 16 |
                      address[4] << 8 | address[5]);
  }
  if (all_zero(0, 12)) return true;                          // :: and ::1
  if ((address[0] & 0xFE) == 0xFC) return true;              // fc00::/7
  return address[0] == 0xFE && (address[1] & 0xC0) == 0x80;  // fe80::/10
}

}  // namespace

bool is_private_address(const std::string& address) {
  in_addr four{};
  if (::inet_pton(AF_INET, address.c_str(), &four) == 1) return is_private(ntohl(four.s_addr));
  std::array<std::uint8_t, 16> six{};
  const std::string without_zone = address.substr(0, address.find('%'));
  if (::inet_pton(AF_INET6, without_zone.c_str(), six.data()) == 1) return is_private(six);
  return true;
}

}  // namespace ckptscope
