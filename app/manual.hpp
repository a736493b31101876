// Parts of the manual, made from the tables. Files of the repository that hold them (man/*) are
// compared with these by a test, which writes them anew when CKPTSCOPE_REGENERATE=1.
#pragma once

#include <string>

namespace ckptscope {

/// mdoc text of the COMMANDS, GLOBAL FLAGS, FULL SCREEN and ERROR CODES sections of ckptscope(1).
std::string manual_commands();
std::string manual_flags();
std::string manual_codes();
std::string manual_query();  // the words of a query
std::string manual_words();  // of the mapping language
std::string manual_keys();

}  // namespace ckptscope
