// Lines that somebody types and keys that stand for commands: run one step after the other, each
// when the job of the one before it is over.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/tui/ui.hpp"

namespace ckptscope {

/// A verb and operands as words of which none is taken for a flag, whatever it begins with.
std::vector<std::string> command_words(std::string verb, const std::vector<std::string>& operands);
/// Runs a line as if it were typed: one command after the other.
void run_line(Ui& ui, std::string_view line);
/// Runs one command by its words, as they are: nothing in them separates or quotes.
void run_words(Ui& ui, std::vector<std::string> words);
/// The same of a verb and its operands, which are no flags whatever they begin with.
void run_verb(Ui& ui, std::string verb, const std::vector<std::string>& operands = {});
/// Goes on with the steps that wait.
void run_next_step(Ui& ui);

}  // namespace ckptscope
