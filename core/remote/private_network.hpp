// Addresses that the public internet does not reach.
#pragma once

#include <string>

namespace ckptscope {

/// Loopback, private, link-local, unique-local, unspecified and shared addresses, IPv4 and IPv6,
/// and IPv4 within IPv6. What is no address counts as one. Source: RFC 6890, RFC 4193, RFC 6598,
/// RFC 3056.
bool is_private_address(const std::string& address);

}  // namespace ckptscope
