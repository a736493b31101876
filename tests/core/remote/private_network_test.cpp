#include "core/remote/private_network.hpp"

#include <gtest/gtest.h>

namespace ckptscope::testing {
namespace {

TEST(PrivateNetwork, IsToldByTheAddress) {
  for (const char* address : {"127.0.0.1",
                              "127.9.9.9",
                              "10.0.0.1",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.168.1.1",
                              "169.254.169.254",
                              "100.64.0.1",
                              "0.0.0.0",
                              "::1",
                              "::",
                              "fc00::1",
                              "fdff::1",
                              "fe80::1",
                              "fe80::1%eth0",
                              "::ffff:127.0.0.1",
                              "::ffff:10.1.1.1",
                              "64:ff9b::7f00:1",
                              "2002:a00:1::",
                              "192.0.0.8",
                              "198.18.0.1",
                              "nonsense",
                              ""}) {
    EXPECT_TRUE(is_private_address(address)) << address;
  }
  for (const char* address :
       {"1.1.1.1", "172.15.0.1", "172.32.0.1", "192.167.1.1", "100.63.0.1", "100.128.0.1",
        "2606:4700::1111", "::ffff:8.8.8.8", "fec0::1", "2002:808:808::", "198.20.0.1"}) {
    EXPECT_FALSE(is_private_address(address)) << address;
  }
}

}  // namespace
}  // namespace ckptscope::testing
