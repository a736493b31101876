// Config alone and keys alone of every recorded checkpoint: its family or none, never another.

#include <gtest/gtest.h>

#include <set>

#include "app/planning/recognition.hpp"
#include "tests/support/recorded.hpp"
#include "tests/support/temp_dir.hpp"

namespace ckptscope::testing {
namespace {

/// Hy-MT2 says hy_v3 in its config, and has Hy3's keys; the row hy_mt2 is for configs that say so.
std::string family_of(const RecordedCase& one, bool by_keys) {
  const bool says_hy_v3 = one.source.config.find("\"hy_v3\"") != std::string::npos;
  return one.adapter == "hy_mt2" && (by_keys || says_hy_v3) ? "hy_v3" : one.adapter;
}

std::string id_of(const Family& family) {
  return family.adapter ? family.adapter->head.id : "";
}

TEST(Recognition, OfAConfigAlone) {
  for (const std::string& name : recorded_names()) {
    const RecordedCase& one = recorded_case(name);
    if (one.source.config.empty()) continue;
    const Config config = Config::parse(one.source.config, "config.json");
    EXPECT_EQ(id_of(recognise_family({}, config)), family_of(one, false)) << one.name;
  }
}

TEST(Recognition, OfKeysAlone) {
  std::set<std::string> recognised;
  for (const std::string& name : recorded_names()) {
    const RecordedCase& one = recorded_case(name);
    const TempDir dir;
    SyntheticCheckpoint source = one.source;
    source.sparse = true;
    write_synthetic(dir.path(), source);
    const Checkpoint checkpoint = Checkpoint::open(dir.path());
    const std::string found = id_of(recognise_family(checkpoint.tensors(), {}));
    if (!found.empty()) recognised.insert(found);
    const bool known = one.to == "native" && !found.empty();
    EXPECT_EQ(known ? found : family_of(one, true), family_of(one, true)) << one.name;
  }
  // Families whose keys are like no other's are recognised without a config.
  for (const char* family :
       {"gpt_oss",         "nemotron_v3", "hy_v3",       "mistral4",       "deepseek_v4",
        "kimi_k3",         "kimi_linear", "minimax_m2",  "ling_v2",        "laguna",
        "ernie4_5_moe",    "qwen3_next",  "qwen3_5_moe", "qwen3_omni_moe", "gemma4_moe",
        "diffusion_gemma", "inkling",     "step3p5",     "step3p7",        "muse_glimmer"}) {
    EXPECT_TRUE(recognised.contains(family)) << family;
  }
}

}  // namespace
}  // namespace ckptscope::testing
