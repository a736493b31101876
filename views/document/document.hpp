// What a command returns: blocks of typed data and a status. How it looks is the renderers'
// business; the same Document becomes text on a terminal, tab-separated lines in a pipe, a JSON
// object, or a screen of the TUI.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/error.hpp"
#include "core/figures/oddity.hpp"
#include "views/look/theme.hpp"

namespace ckptscope {

/// One value. monostate is "nothing to say": empty in text, null in JSON. Strings are raw:
/// renderers escape them.
using Cell =
    std::variant<std::monostate, bool, std::uint64_t, double, std::string,
                 std::vector<std::uint64_t>, std::vector<std::string>, std::vector<double>>;

/// How people see a value; JSON is exact whatever the format.
enum class Format {
  Text,
  Count,    // 47,138
  Faults,   // the same; red where it is not 0
  Bytes,    // 4.83 GB
  Exact,    // digits only
  Percent,  // of a double in [0, 1]
  Share,    // the same with a bar
  Extents,  // [128,4096], of a shape
  Real,     // four significant digits
  Spark,    // of several doubles: one block each; NaN where there is nothing
};

/// Who a block is for: a folded table is for people, the full one behind it for machines.
enum class Audience { Everyone, People, Machines };

/// `escaped`, here and below: the text is safe to show as it is, because it has been through
/// display() where it needed to (as messages of Problem and Error have), or is quoted for a shell.
struct Heading {
  std::string text;
  bool escaped = false;
  Role role = Role::Title;
};

/// A sentence or more for people; lines keep their breaks.
struct Note {
  std::string text;
  bool escaped = false;
  Role role = Role::Plain;
};

struct Field {
  std::string id;     // JSON name, dots nest ("totals.sources"); empty: for people alone
  std::string label;  // what people read; empty: for machines alone
  Cell value;
  Format format = Format::Text;
  std::string remark{};  // stands behind the value, for people
  bool escaped = false;  // a text
  Role role = Role::Plain;
};
struct Fields {
  std::vector<Field> list;
};

struct Column {
  std::string id;     // JSON name; empty: for people alone
  std::string title;  // heading; empty: for machines alone, unless the table has no headings at all
  Format format = Format::Text;
  int leaves = 0;  // where there is no room, columns with the highest number leave first; 0 stays
};

/// Rows are made on demand: half a million of them cost nothing until they are asked for. `row`
/// reads data that the Document keeps alive (see Document::keep) and is thread-safe.
struct Table {
  std::string id;  // JSON name of the array
  std::vector<Column> columns;
  std::size_t size = 0;
  std::function<std::vector<Cell>(std::size_t)> row;
  Audience audience = Audience::Everyone;
  bool main = false;   // the rows of --jsonl, and of a pipe: one line each, tab-separated
  bool headed = true;  // people see the column titles
};

/// What an image shows of a tensor: rows and columns [begin, end) of one of its matrices, of
/// `rows` by `columns` in all, in blocks.
struct Cutting {
  std::string matrix;  // "0,": the indices before the matrix
  std::uint64_t rows = 0;
  std::uint64_t columns = 0;
  std::uint64_t row_begin = 0;
  std::uint64_t row_end = 0;
  std::uint64_t column_begin = 0;
  std::uint64_t column_end = 0;
};

/// A figure in cells: rows and columns are layers and experts, or parts of a matrix.
struct HeatMap {
  std::string id;                      // JSON name of the object
  std::string title;                   // "std of model.layers.*.mlp.experts.down_proj"
  std::string row_kind;                // "layer"
  std::string column_kind;             // "expert"
  std::vector<std::string> rows{};     // names; safe to show
  std::vector<std::string> columns{};  // the same
  std::vector<double> values{};        // row by row; NaN: nothing there
  std::vector<double> scores{};        // of each how far it is from the usual, see odd_scores()
  std::vector<Peculiar> peculiar{};    // of each
  std::string legend{};                // what "usual" means here
  Audience audience = Audience::Everyone;
  std::optional<Cutting> cut{};  // of an image
};

/// A figure over places, with the band that most of it lies in.
struct Chart {
  std::string id;
  std::string title;
  std::string place_kind;             // "layer"
  std::vector<std::string> places{};  // names; safe to show
  std::vector<double> values{};
  std::vector<double> low{};  // of the band; empty: there is none
  std::vector<double> high{};
  Audience audience = Audience::Everyone;
};

using Block = std::variant<Heading, Note, Fields, Table, HeatMap, Chart>;

struct Document {
  std::string verb;
  std::vector<Block> blocks{};
  std::vector<Problem> problems{};  // part of the JSON object; people see what the blocks show
  int exit = 0;                     // 0 done, 1 found something
  std::vector<std::shared_ptr<const void>> keep{};  // what the rows of tables read

  Document& add(Block block) {
    blocks.push_back(std::move(block));
    return *this;
  }
};

}  // namespace ckptscope
