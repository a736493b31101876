// Texts of the program without what differs from machine to machine.
#pragma once

#include <regex>
#include <string>
#include <utility>

namespace ckptscope::testing {

/// What differs from machine to machine: free space, rates, versions, processors, process ids.
inline std::string masked(std::string text) {
  const std::pair<std::regex, std::string> masks[] = {
      {std::regex("of [0-9.]+ [kMGTP]?B free"), "of - free"},
      {std::regex("[0-9.]+ [kMGTP]?B free,"), "- free,"},
      {std::regex("(write +[0-9]+/[0-9]+ .*?) +[0-9]+ %.*"), "$1"},
      {std::regex("[0-9]+ threads?( \\(of.*\\))?"), "- threads"},
      {std::regex("memory [0-9]+ MiB"), "memory - MiB"},
      {std::regex("\"memory\":[0-9]+"), "\"memory\":0"},
      {std::regex("pid [0-9]+, host [^,]+, since [^ ]+"), "pid -, host -, since -"},
  };
  for (const auto& [mask, with] : masks) text = std::regex_replace(text, mask, with);
  return text;
}

}  // namespace ckptscope::testing
