// One object, written as it is made: a table of half a million rows takes no memory.
#include "views/document/json_renderer.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/base/display.hpp"

namespace ckptscope {
namespace {

using Json = nlohmann::ordered_json;

/// On one line.
std::string dump(const Json& json) {
  return visible_json(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

struct CellJson {
  Json operator()(std::monostate) const { return nullptr; }
  Json operator()(double value) const { return std::isfinite(value) ? Json(value) : Json(nullptr); }
  Json operator()(const std::vector<double>& values) const {
    Json list = Json::array();
    for (const double one : values) list.push_back((*this)(one));
    return list;
  }
  Json operator()(const auto& value) const { return value; }
};

Json to_json(const Cell& cell) {
  return std::visit(CellJson(), cell);
}

Json to_json(const Problem& problem) {
  Json json{{"code", name_of(problem.code)},
            {"severity", name_of(problem.severity)},
            {"message", problem.message}};
  json["key"] = problem.key.empty() ? Json(nullptr) : Json(problem.key);
  json["shard"] = problem.shard.empty() ? Json(nullptr) : Json(problem.shard);
  return json;
}

Json row_json(const Table& table, std::size_t row) {
  const std::vector<Cell> cells = table.row(row);
  Json json = Json::object();
  for (std::size_t c = 0; c < cells.size(); ++c) {
    if (!table.columns[c].id.empty()) json[table.columns[c].id] = to_json(cells[c]);
  }
  return json;
}

/// Puts a value at a dotted id: "totals.sources" nests.
void put(Json& root, std::string_view id, Json value) {
  Json* at = &root;
  for (std::size_t dot = id.find('.'); dot != id.npos; dot = id.find('.')) {
    at = &(*at)[std::string(id.substr(0, dot))];
    id.remove_prefix(dot + 1);
  }
  (*at)[std::string(id)] = std::move(value);
}

Json head_of(const Document& document) {
  Json head;
  head["schema"] = fmt::format("ckptscope.{}/1", document.verb);
  head["status"] = document.exit == 0 ? "ok" : "found";
  head["exit"] = document.exit;
  for (const Block& block : document.blocks) {
    if (const auto* fields = std::get_if<Fields>(&block)) {
      for (const Field& field : fields->list) {
        if (!field.id.empty()) put(head, field.id, to_json(field.value));
      }
    }
  }
  return head;
}

/// A heat map, row by row.
Json map_json(const HeatMap& map) {
  Json json{{"title", map.title}, {"rows", map.rows}, {"columns", map.columns}};
  const std::size_t count = map.columns.size();
  for (const auto& [name, values] : {std::pair("values", &map.values), {"scores", &map.scores}}) {
    Json rows = Json::array();
    for (std::size_t row = 0; row < map.rows.size(); ++row) {
      const auto first = values->begin() + static_cast<std::ptrdiff_t>(row * count);
      rows.push_back(
          CellJson()(std::vector<double>(first, first + static_cast<std::ptrdiff_t>(count))));
    }
    json[name] = std::move(rows);
  }
  return json;
}

Json chart_json(const Chart& chart) {
  return {{"title", chart.title},
          {"places", chart.places},
          {"values", CellJson()(chart.values)},
          {"low", CellJson()(chart.low)},
          {"high", CellJson()(chart.high)}};
}

/// Pictures stand at their id in the object.
void put_pictures(const Document& document, Json& head) {
  for (const Block& block : document.blocks) {
    if (const auto* map = std::get_if<HeatMap>(&block)) put(head, map->id, map_json(*map));
    if (const auto* chart = std::get_if<Chart>(&block)) put(head, chart->id, chart_json(*chart));
  }
}

const Table* machine_table(const Block& block) {
  const auto* table = std::get_if<Table>(&block);
  const bool shown = table != nullptr && table->audience != Audience::People && !table->id.empty();
  return shown ? table : nullptr;
}

}  // namespace

void render_json(const Document& document, const Out& out) {
  Json object = head_of(document);
  put_pictures(document, object);
  std::string head = dump(object);
  head.pop_back();  // the object stays open for the tables
  out(head);
  for (const Block& block : document.blocks) {
    const Table* table = machine_table(block);
    if (table == nullptr) continue;
    out(fmt::format(",\n\"{}\":[", table->id));
    for (std::size_t i = 0; i < table->size; ++i) {
      out((i == 0 ? "\n" : ",\n") + dump(row_json(*table, i)));
    }
    out("]");
  }
  out(",\n\"problems\":[");
  for (std::size_t i = 0; i < document.problems.size(); ++i) {
    out((i == 0 ? "\n" : ",\n") + dump(to_json(document.problems[i])));
  }
  out("]}\n");
}

void render_jsonl(const Document& document, const Out& out) {
  for (const Block& block : document.blocks) {
    const Table* table = machine_table(block);
    if (table == nullptr || !table->main) continue;
    for (std::size_t i = 0; i < table->size; ++i) out(dump(row_json(*table, i)) + "\n");
    return;
  }
  std::string all;
  render_json(document, [&](std::string_view text) { all += text; });
  out(dump(Json::parse(all)) + "\n");
}

void render_json_error(std::string_view verb, Code code, std::string_view message, const Out& out) {
  Json json;
  json["schema"] = fmt::format("ckptscope.{}/1", verb);
  json["status"] = "error";
  json["exit"] = row_of(code).exit == 0 ? 1 : row_of(code).exit;
  json["problems"] = Json::array({to_json(Problem{code, Severity::Error, std::string(message)})});
  out(dump(json) + "\n");
}

}  // namespace ckptscope
