// Any bytes as the text of a mapping: they are read, or refused with BadMapping, and nothing else
// happens. With libFuzzer: cmake -DCMAKE_CXX_COMPILER=clang++-14 -DCKPTSCOPE_FUZZ=ON, then
// ckptscope-fuzz-mapping CORPUS adapters.
#include "tests/fuzz/mapping_fuzz.hpp"

#include "adapters/adapter.hpp"
#include "core/mapping/rule_text.hpp"

namespace ckptscope::testing {

bool read_as_mapping(const std::string& text) {
  static const Config config = Config::parse(
      R"({"model_type": "x", "num_hidden_layers": 2, "num_experts": 4, "list": ["a"], "r": 0.5})",
      "config.json");
  try {
    const Adapter adapter = read_adapter({"fuzz.map", text});
    named_by(adapter.head, config);
    for (const Equation& equation : mapping_of(adapter, config, {}).equations) to_text(equation);
    for (const Equation& equation : mapping_of(adapter, {}, {}).equations) to_text(equation);
  } catch (const Error& error) {
    if (error.code() != Code::BadMapping) throw;
    return false;
  }
  return true;
}

}  // namespace ckptscope::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ckptscope::testing::read_as_mapping(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
