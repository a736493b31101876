// Methods are held against forms only where they name one: "modelopt" and "compressed-tensors" are
// families of forms.
#include "core/inspect/config_findings.hpp"

#include <algorithm>
#include <array>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/problems.hpp"

namespace ckptscope {
namespace {

bool has_form(const Summary& summary, std::string_view form) {
  return std::any_of(summary.packed.begin(), summary.packed.end(),
                     [&](const Summary::Packed& one) { return one.form == form; });
}

void compare_method(const std::string& method, const Summary& summary, Problems& problems) {
  constexpr std::array<std::string_view, 4> kForms{"mxfp4", "gptq", "awq", "fp8"};
  if (summary.packed.empty()) {
    problems.add(Code::ConfigMismatch, Severity::Note, {},
                 "config.json says quantised ({}), no tensor is in a form that is known here",
                 display(method));
  } else if (std::find(kForms.begin(), kForms.end(), method) != kForms.end() &&
             !has_form(summary, method)) {
    problems.add(Code::ConfigMismatch, Severity::Note, {},
                 "config.json says quantised ({}), weights are packed as {}", display(method),
                 summary.packed.front().form);
  }
}

}  // namespace

std::string quantisation_method(const Config& config) {
  for (const char* path :
       {"quantization_config.quant_method", "text_config.quantization_config.quant_method"}) {
    if (const auto method = config.text(path)) return *method;
  }
  return config.json("quantization_config").empty() ? "" : "no quant_method";
}

std::vector<Problem> config_findings(const Checkpoint& checkpoint, const Summary& summary) {
  Problems problems;
  const Config& config = checkpoint.config();
  if (const std::string method = quantisation_method(config); !method.empty()) {
    compare_method(method, summary, problems);
  } else if (config.present() && !summary.packed.empty()) {
    problems.add(Code::ConfigMismatch, Severity::Note, {},
                 "{} packed as {}, of which config.json says nothing",
                 counted(summary.packed.front().weights, "weight"), summary.packed.front().form);
  }
  const auto& metadata = checkpoint.metadata();
  if (config.present() && !metadata.empty() && !metadata.contains("format")) {
    problems.add(Code::ConfigMismatch, Severity::Note, {},
                 "the metadata states no format, which transformers asks for (\"pt\")");
  }
  return problems.take();
}

}  // namespace ckptscope
