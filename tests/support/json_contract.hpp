// What the program prints with --json, held against the schemas that it publishes.
#pragma once

#include <string>

namespace ckptscope::testing {

/// Every object of ours in `text`; or each of its lines as `row`, "VERB ROW"; or, for "--schemas",
/// the schemas themselves. What is wrong is a failure of the test.
void expect_contract(const std::string& text, const std::string& row = "");

/// The same where there is such an object in it at all.
void expect_contract_of_objects(const std::string& out);

}  // namespace ckptscope::testing
