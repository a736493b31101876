// Help, made from the tables.
#pragma once

#include <string>

#include "app/language/command.hpp"

namespace ckptscope {

std::string introduction();                     // eight lines for a bare `ckptscope`
std::string help_overview();                    // every verb, one line each
std::string help_text(const Command& command);  // usage, flags, two examples, exit codes
std::string help_codes();                       // every error code
std::string help_query();                       // the words that find keys
std::string help_mapping();                     // the language of mappings
std::string version_text();                     // program, libraries, kernels

}  // namespace ckptscope
