// Plans of whole models as short texts, for goldens.
#pragma once

#include <cstdint>
#include <map>
#include <sstream>
#include <string>

#include "core/plan/plan.hpp"

namespace ckptscope::testing {

inline std::map<std::string, std::uint64_t> drops_of(const Plan& plan) {
  std::map<std::string, std::uint64_t> drops;
  for (const Fate& fate : plan.fates) {
    if (fate.kind == Fate::Kind::Dropped) ++drops[plan.drop_rules[fate.where].name];
  }
  return drops;
}

/// The line with every number as '#': lines of the same form differ in layers and sizes only.
inline std::string form_of(const std::string& line) {
  std::string form;
  for (const char c : line) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit) form += c;
    if (digit && (form.empty() || form.back() != '#')) form += '#';
  }
  return form;
}

/// The first two lines of every form, so that of each kind of layer two are seen, and the sums.
inline std::string abridged(const Plan& plan) {
  std::map<std::string, int> seen;
  std::istringstream lines(plan.text());
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    if (++seen[form_of(line)] <= 2) text += line + "\n";
  }
  for (const auto& [rule, count] : drops_of(plan)) {
    text += "dropped by " + rule + ": " + std::to_string(count) + "\n";
  }
  for (const Problem& problem : plan.problems) {
    text += std::string(name_of(problem.severity)) + ": " + problem.message + "\n";
  }
  return text + "outputs: " + std::to_string(plan.outputs.size()) + "\n";
}

}  // namespace ckptscope::testing
