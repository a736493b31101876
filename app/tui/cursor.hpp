// Which key is meant, and what is known of it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/tui/ui.hpp"

namespace ckptscope {

/// There is a list of keys, and something in it.
bool has_keys(const State& state);
/// Tensors in the order of the list, whatever is folded.
std::span<const std::uint32_t> order_of(const State& state);

/// The row of the folded tree under the cursor; kNoNode on the flat list and without keys.
std::uint32_t current_row(const State& state);
/// How many alike nodes it stands for; 0 without a row.
std::uint64_t alike_of_row(const State& state);
/// The node of it that is meant.
std::uint32_t current_node(const State& state);
/// The tensor under the cursor of the keys, or nullopt.
std::optional<std::uint32_t> current_tensor(const State& state);

/// The key under the cursor of the keys: of a tensor, or the path of a directory.
std::string key_of_row(const State& state);
/// All that the row stands for, as a query: numbers of a fold are *.
std::string query_of_row(const State& state);
/// The key under the cursor of the mapping, on the side that is chosen; there is a model.
std::string key_of_mapping(const State& state);
/// The key that the screen is about.
std::string current_key(const State& state);

/// Puts the cursor on a place of order_of(), opening what hides it.
void go_to_place(State& state, std::uint32_t place);
/// Puts the cursor on a tensor, opening what hides it. False when it is not listed.
bool go_to_tensor(State& state, std::uint32_t tensor);
/// Puts the cursor of the mapping, of which there is a model, on the row of a source.
void go_to_mapping_of(State& state, std::uint32_t tensor);
/// The list of keys is another: folded, the cursor on its first row.
void reset_keys(State& state);
/// The rows of the tree stand otherwise below their parents; the cursor stays on its row.
void order_tree(State& state, const SortOrder& sort);

/// Cells of the right pane of the keys; 0: it is hidden.
int detail_columns(const State& state);
/// Its lines.
std::vector<DetailLine> details_of(const State& state);
/// What stands over it.
std::string detail_heading(const State& state);

}  // namespace ckptscope
