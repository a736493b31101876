// A hub for tests: the URLs of the Hugging Face hub, its answers, its redirects to another host,
// and what goes wrong on the way. huggingface_hub itself opens a model on it (see
// stand_in_hub_main.cpp).
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/support/scripted_server.hpp"

namespace ckptscope::testing {

class StandInHub {
 public:
  struct Options {
    std::string token{};         // who does not bring it finds nothing
    std::size_t page = 1000;     // files of a page of a list
    bool commit_in_head = true;  // X-Repo-Commit, as the hub has it since 2022
    /// What happens to requests, the first of them that it fits; see stand_in_hub.cpp.
    std::vector<std::string> faults{};
  };

  /// `directory`/ORG/NAME/… are the models; their branch main is commit().
  explicit StandInHub(std::string directory) : StandInHub(std::move(directory), Options()) {}
  StandInHub(std::string directory, Options options);

  static const std::string& commit();
  const std::string& endpoint() const { return hub_.origin(); }
  /// "GET /org/name/resolve/main/config.json", those of the other host with "cdn " before it.
  std::vector<std::string> requests() const;
  /// Whether the other host has seen a token.
  bool has_leaked() const;
  /// Of one that appears, or happens, later.
  void add_fault(const std::string& fault);

 private:
  std::string answer_hub(const std::string& head);
  std::string answer_cdn(const std::string& head);
  std::string about(const std::string& repository) const;
  std::string list(const std::string& repository, const std::string& query);
  std::string resolve(const std::string& repository, const std::string& file);
  bool fault(const std::string& name);

  const std::string directory_;
  const Options options_;
  mutable std::mutex mutex_;
  std::vector<std::string> faults_;
  std::set<std::string> signed_;  // addresses that may be asked for
  std::map<std::string, std::string> sums_;
  unsigned serial_ = 0;
  ScriptedServer cdn_;  // last: their threads end before what they use
  ScriptedServer hub_;
};

}  // namespace ckptscope::testing
