// The page's style, and one function a kind of block.
#include "views/document/html_renderer.hpp"

#include <fmt/format.h>

#include "core/base/display.hpp"
#include "views/document/line_renderer.hpp"
#include "views/document/svg_pictures.hpp"
#include "views/document/table_layout.hpp"

namespace ckptscope {
namespace {

/// Dark or light as the reader's system is.
constexpr std::string_view kStyle = R"(
:root{--page:#fff;--text:#1a1c1f;--faint:#6b7280;--line:#d8dce2;--bar:#2f7ebc;--band:#cfe3f3;
--usual:#eef0f3;--b1:#8fc7e8;--b2:#1f5fbf;--a1:#f2c46d;--a2:#c8322b;--bad:#b3261e;--good:#1f7a3f;
--note:#8a6100}
@media(prefers-color-scheme:dark){:root{--page:#16181c;--text:#e3e6ea;--faint:#98a1ad;
--line:#343a42;--bar:#5aa9e0;--band:#24435c;--usual:#23272d;--b1:#3f86ad;--b2:#5b8df0;--a1:#b98a35;
--a2:#f0655d;--bad:#ff8a80;--good:#6fd08c;--note:#e0b341}}
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem;
background:var(--page);color:var(--text)}
h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2rem;border-bottom:1px solid var(--line)}
table{border-collapse:collapse;margin:1rem 0;font-variant-numeric:tabular-nums;display:block;
overflow-x:auto}
th,td{padding:.15rem .8rem .15rem 0;text-align:left;vertical-align:top}
td{white-space:pre-wrap}th{color:var(--faint);font-weight:600}td.n,th.n{text-align:right}
td.k{font-family:ui-monospace,monospace;font-size:.85rem;overflow-wrap:anywhere}
th.l{white-space:nowrap;font-weight:400}
pre{font:13px/1.4 ui-monospace,monospace;overflow-x:auto;white-space:pre-wrap}
.bad{color:var(--bad)}.good{color:var(--good)}.note{color:var(--note)}
svg.bar{width:8rem;height:.6rem}svg.bar rect{fill:var(--bar)}
svg.spark{width:14rem;height:1.4rem}
svg.spark path,.chart .line{fill:none;stroke:var(--bar);stroke-width:1.5;
vector-effect:non-scaling-stroke}
.chart svg{width:100%;height:9rem;display:block}.chart span{color:var(--faint);font-size:.85rem}
.chart .band{fill:var(--band)}
.key{font-size:.85rem;color:var(--faint)}.key svg{width:.8rem;height:.8rem;vertical-align:-1px;
margin-left:.8rem}
figure{margin:1.2rem 0;overflow-x:auto}figcaption{color:var(--faint);font-size:.9rem}
svg.heat{max-width:none;shape-rendering:crispEdges}
svg.heat text{font-size:1.3px;fill:var(--faint)}
.usual{fill:var(--usual)}.below1{fill:var(--b1)}.below2{fill:var(--b2)}.above1{fill:var(--a1)}
.above2{fill:var(--a2)}.dead{fill:var(--text)}
)";

std::string_view class_of(Role role) {
  switch (role) {
    case Role::Defect:
      return "bad";
    case Role::Good:
      return "good";
    case Role::Notice:
      return "note";
    default:
      return "";
  }
}

std::string with_class(std::string_view name) {
  return name.empty() ? "" : fmt::format(" class=\"{}\"", name);
}

class HtmlRenderer {
 public:
  explicit HtmlRenderer(const Out& out) : out_(out) {}

  void operator()(const Heading& heading) {
    const std::string text = html_text(text_of(heading));
    const char* const tag = titled_ ? "h2" : "h1";
    titled_ = true;
    out_(fmt::format("<{0}{1}>{2}</{0}>\n", tag, with_class(class_of(heading.role)), text));
  }

  void operator()(const Note& note) {
    if (note.text.empty()) return;
    std::string text;
    render_lines(note, {}, [&](const Line& line) { text += html_text(line.text()) + "\n"; });
    out_(fmt::format("<pre{}>{}</pre>\n", with_class(class_of(note.role)), text));
  }

  void operator()(const Fields& fields) {
    std::string rows;
    for (const Field& field : fields.list) {
      if (field.label.empty()) continue;
      rows += fmt::format("<tr><th class=\"l\" scope=\"row\">{}</th><td{}>{}</td></tr>\n",
                          html_text(field.label), with_class(class_of(field.role)),
                          html_text(text_of(field)));
    }
    if (!rows.empty()) out_("<table>\n" + rows + "</table>\n");
  }

  void operator()(const Table& table) {
    if (table.audience == Audience::Machines || table.size == 0) return;
    out_("<table>\n");
    if (table.headed) {
      out_("<tr>");
      for (const Column& column : table.columns) {
        if (!is_shown(table, column)) continue;
        out_(fmt::format("<th{} scope=\"col\">{}</th>",
                         with_class(is_right_aligned(column.format) ? "n" : ""),
                         html_text(column.title)));
      }
      out_("</tr>\n");
    }
    for (std::size_t i = 0; i < table.size; ++i) row(table, table.row(i));
    out_("</table>\n");
  }

  void operator()(const HeatMap& map) {
    if (map.audience == Audience::Machines) return;
    out_(fmt::format("<figure><figcaption>{}: {}</figcaption>\n{}\n{}\n</figure>\n",
                     html_text(display(map.title)), html_text(map.legend), svg_heat_map(map),
                     svg_heat_key()));
  }

  void operator()(const Chart& chart) {
    if (chart.audience == Audience::Machines) return;
    out_(fmt::format("<figure><figcaption>{}</figcaption>\n{}\n</figure>\n",
                     html_text(display(chart.title)), svg_chart(chart)));
  }

 private:
  void row(const Table& table, const std::vector<Cell>& cells) {
    out_("<tr>");
    for (std::size_t c = 0; c < cells.size(); ++c) {
      const Column& column = table.columns[c];
      if (!is_shown(table, column)) continue;
      const bool key = column.format == Format::Text;
      const char* const name = is_right_aligned(column.format) ? "n" : key ? "k" : "";
      out_(fmt::format("<td{}>{}</td>", with_class(name), cell(cells[c], column.format)));
    }
    out_("</tr>\n");
  }

  static std::string cell(const Cell& value, Format format) {
    if (const auto* const values = std::get_if<std::vector<double>>(&value)) {
      return svg_spark(*values);
    }
    const auto* const part = std::get_if<double>(&value);
    const std::string text = html_text(to_text(value, format));
    if (format == Format::Faults && text != "0") return "<b class=\"bad\">" + text + "</b>";
    return format == Format::Share && part != nullptr ? text + " " + svg_bar(*part) : text;
  }

  const Out& out_;
  bool titled_ = false;
};

std::string title_of(const Document& document) {
  for (const Block& block : document.blocks) {
    const auto* const heading = std::get_if<Heading>(&block);
    if (heading != nullptr) return text_of(*heading);
  }
  return document.verb;
}

}  // namespace

std::string html_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

void render_html(const Document& document, const Out& out) {
  out(
      fmt::format("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                  "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n",
                  html_text(title_of(document)), kStyle));
  HtmlRenderer renderer(out);
  for (const Block& block : document.blocks) std::visit(renderer, block);
  out("</body>\n</html>\n");
}

}  // namespace ckptscope
