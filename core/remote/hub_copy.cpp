// The commit first: everything behind it is of that commit, and of a commit nothing changes.
#include "core/remote/hub_copy.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "core/base/display.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/hash.hpp"
#include "core/remote/file_names.hpp"
#include "core/remote/header_cache.hpp"
#include "core/remote/header_fetch.hpp"
#include "core/remote/hub.hpp"
#include "core/remote/hub_cache.hpp"

namespace ckptscope {
namespace {

constexpr std::string_view kTraining = ".hf_metadata/";  // where Automodel keeps the model's texts
constexpr std::size_t kMostListed = 8;

std::string in_folder(const std::string& folder, std::string_view name) {
  return folder.empty() ? std::string(name) : folder + "/" + std::string(name);
}

std::string folder_of(const std::string& file) {
  const std::size_t slash = file.rfind('/');
  return slash == file.npos ? "" : file.substr(0, slash);
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// What is read as text of a checkpoint's directory. (Tokenizers and the like are not looked into.)
bool is_text(const std::string& name) {
  return name.ends_with(kIndexSuffix) ||
         is_one_of(name, {kConfigName, "adapter_config.json", "ckptscope.json"}) ||
         (name.starts_with(kTraining) && name.ends_with(".json"));
}

/// Where the hub's own library keeps what it knows of a file that it has downloaded: the sums of a
/// copy are found as those of a download are. Empty where the name is too long for one.
std::string record_of(const std::string& file) {
  constexpr std::size_t kMostOfName = 255;
  const std::string name = file + ".metadata";
  return name.size() > kMostOfName ? "" : ".cache/huggingface/download/" + name;
}

/// Tensors that are there and not looked into: who opens the copy tells of their names.
bool holds_other_tensors(const std::string& name) {
  return name.ends_with(kShardSuffix) || name.ends_with(".bin") || name.ends_with(".distcp") ||
         name.ends_with(".pt");
}

class HubCopy {
 public:
  HubCopy(const HubAddress& address, const RemoteSettings& settings, Progress* progress)
      : address_(address),
        settings_(settings),
        progress_(progress),
        cache_(settings.header_cache),
        place_(place_in_cache(origin_of(address.endpoint), address.repository)),
        names_file_(address.file.ends_with(kShardSuffix) || address.file.ends_with(kIndexSuffix)),
        folder_(names_file_ ? folder_of(address.file) : address.file) {}

  RemoteCopy make() {
    const std::string downloaded = hub_cache_entry(settings_.hub_cache, address_.repository);
    const std::string commit =
        is_commit(address_.revision) ? address_.revision : commit_of_branch(downloaded);
    if (std::string files = snapshot_in_cache(downloaded, commit); !files.empty()) {
      if (!folder_.empty()) files += "/" + folder_;
      if (is_whole(files, commit)) return copy_in(files, nullptr);
    }
    std::string files = commit.empty() ? "" : cache_.find(place_, entry_of(commit));
    if (files.empty()) files = fetch(commit);
    if (config_) cache_.remember(place_, address_.revision, commit);
    return copy_in(files, values_of(commit, files));
  }

 private:
  Hub& hub() {
    if (settings_.offline) {
      fail(Code::Unreachable,
           "{}: HF_HUB_OFFLINE is set, and neither the hub's cache nor that of headers has it",
           address_.text());
    }
    if (!hub_) {
      files_.emplace(settings_);
      hub_.emplace(address_, *files_);
    }
    return *hub_;
  }

  /// By one request; offline as it was when it was last asked for, or empty.
  std::string commit_of_branch(const std::string& downloaded) {
    const std::string known = known_commit(downloaded);
    if (settings_.offline) return known;
    try {
      config_ = hub().commit(in_folder(folder_, kConfigName), progress_);
    } catch (const Error& error) {
      if (error.code() != Code::Unreachable || known.empty()) throw;
      throw Error(error.code(),
                  std::string(error.what()) + "; HF_HUB_OFFLINE=1 opens it as it was last seen");
    }
    return config_->id;
  }

  /// Files of caches say it, which anybody may have written.
  std::string known_commit(const std::string& downloaded) const {
    std::string known = downloaded.empty() ? "" : commit_in_cache(downloaded, address_.revision);
    if (!is_commit(known)) known = cache_.commit_of(place_, address_.revision);
    return is_commit(known) ? known : "";
  }

  /// A folder or a file of a commit has a copy of its own.
  std::string entry_of(const std::string& commit) const {
    return address_.file.empty() ? commit : commit + "-" + hex64(xxh3(address_.file));
  }

  /// A download that was broken off leaves some of the files. An index says which there are, else
  /// the hub; offline what there is must do.
  bool is_whole(const std::string& directory, const std::string& commit) {
    if (!is_directory(directory)) return false;
    const auto is_here = [&](const std::string& name) { return exists(directory + "/" + name); };
    const std::string asked = last_component(address_.file);
    if (names_file_ && !asked.ends_with(kIndexSuffix)) return is_here(asked);
    std::set<std::string> shards;
    for (const std::string& name : names_in(directory)) {
      if (!name.ends_with(kIndexSuffix)) continue;
      shards.merge(shards_of_index(read_text(directory + "/" + name, kMostText)));
    }
    if (shards.empty() && settings_.offline) {
      const auto names = names_in(directory);
      return std::any_of(names.begin(), names.end(),
                         [](const std::string& name) { return name.ends_with(kShardSuffix); });
    }
    if (shards.empty()) {
      for (const HubFile& file : files_here(commit)) {
        if (file.name.ends_with(kShardSuffix) || file.name.ends_with(kIndexSuffix)) {
          shards.insert(file.name);
        }
      }
    }
    return !shards.empty() && std::all_of(shards.begin(), shards.end(), is_here);
  }

  RemoteCopy copy_in(const std::string& directory, std::shared_ptr<RemoteValues> values) const {
    HubAddress folder = address_;
    folder.file = folder_;
    return {names_file_ ? directory + "/" + last_component(address_.file) : directory, directory,
            folder.text(), std::move(values)};
  }

  std::shared_ptr<RemoteValues> values_of(const std::string& commit,
                                          const std::string& directory) const {
    std::map<std::string, std::string> urls;
    for (const std::string& name : names_in(directory)) {
      if (name.ends_with(kShardSuffix))
        urls[name] = url_of(address_, commit, in_folder(folder_, name));
    }
    const std::string revision =
        address_.revision == "main" ? "" : " --revision " + shell_word(address_.revision);
    return std::make_shared<RemoteValues>(
        settings_, std::move(urls), address_.text(),
        fmt::format("hf download {}{}", address_.repository, revision));
  }

  /// What lies in the folder, by its name there; folders below that hold tensors are noted.
  const std::vector<HubFile>& files_here(const std::string& commit) {
    if (here_) return *here_;
    here_.emplace();
    const std::string above = folder_.empty() ? "" : folder_ + "/";
    for (HubFile& file : hub().list(commit, progress_)) {
      if (!file.name.starts_with(above)) continue;
      file.name.erase(0, above.size());
      const bool is_here =
          file.name.find('/') == file.name.npos || file.name.starts_with(kTraining);
      if (is_here) {
        here_->push_back(std::move(file));
      } else if (file.name.ends_with(kShardSuffix)) {
        below_.insert(folder_of(file.name));
      }
    }
    return *here_;
  }

  std::string fetch(const std::string& commit) {
    const std::vector<HubFile>& here = files_here(commit);
    require_tensors(here);
    HeaderCache::Draft draft(cache_);
    std::uint64_t index_bytes = 0;
    const std::set<std::string> wanted = write_texts(commit, here, draft, index_bytes);
    std::vector<RemoteShard> shards;
    for (const HubFile& file : here) {
      if (file.name.ends_with(kShardSuffix) && (wanted.empty() || wanted.contains(file.name))) {
        const std::string path = in_folder(folder_, file.name);
        shards.push_back({file.name, url_of(address_, commit, path), file.size});
      } else if (holds_other_tensors(file.name)) {
        draft.write(file.name, "");
      }
      const std::string record = record_of(file.name);
      if (file.sha256.empty() || record.empty()) continue;
      draft.write(record, commit + "\n" + file.sha256 + "\n");
    }
    fetch_headers(
        *files_, shards, index_bytes,
        [&](const HttpAnswer& answer, const RemoteShard& one) { hub().refuse(answer, one.name); },
        progress_);
    for (const RemoteShard& shard : shards) draft.write(shard.name, shard.bytes, *shard.size);
    return draft.finish(place_, entry_of(commit));
  }

  /// Gives the shards that are asked for, or that indexes name; without either none, which stands
  /// for all.
  std::set<std::string> write_texts(const std::string& commit, const std::vector<HubFile>& here,
                                    const HeaderCache::Draft& draft, std::uint64_t& index_bytes) {
    std::set<std::string> wanted;
    for (const HubFile& file : here) {
      if (!is_text(file.name)) continue;
      const std::string text = text_of(commit, file.name);
      draft.write(file.name, text);
      if (!file.name.ends_with(kIndexSuffix)) continue;
      index_bytes += text.size();
      wanted.merge(shards_of_index(text));
    }
    if (names_file_ && address_.file.ends_with(kShardSuffix))
      return {last_component(address_.file)};
    return wanted;
  }

  std::string text_of(const std::string& commit, const std::string& name) {
    if (name == kConfigName && config_ && config_->has_file) return config_->file;
    const std::string file = in_folder(folder_, name);
    HttpAnswer answer = files_->get(url_of(address_, commit, file), kMostText, progress_);
    if (answer.status != 200) hub().refuse(answer, file);
    return std::move(answer.body);
  }

  void require_tensors(const std::vector<HubFile>& here) const {
    const auto named = [&](std::initializer_list<std::string_view> ends) {
      return std::find_if(here.begin(), here.end(), [&](const HubFile& file) {
        return std::any_of(ends.begin(), ends.end(),
                           [&](std::string_view end) { return file.name.ends_with(end); });
      });
    };
    if (named({kShardSuffix}) != here.end()) return;
    std::string instead;
    std::size_t listed = 0;
    for (const std::string& folder : below_) {
      if (++listed > kMostListed) break;
      HubAddress one = address_;
      one.file = in_folder(folder_, folder);
      instead += (instead.empty() ? "; some are in " : ", ") + display(one.text());
    }
    const auto other = named({".bin", ".gguf", ".pt", ".pth", ".ckpt", ".distcp"});
    if (instead.empty() && other != here.end()) {
      instead =
          fmt::format("; {} is of a format that is read from this machine alone: hf download {}",
                      display(other->name), address_.repository);
    }
    fail(Code::NotACheckpoint, "{}: no safetensors here{}", address_.text(), instead);
  }

  const HubAddress address_;
  const RemoteSettings& settings_;
  Progress* const progress_;
  const HeaderCache cache_;
  const std::string place_;
  const bool names_file_;     // a shard or an index, not a folder
  const std::string folder_;  // within the repository; empty: its root
  std::optional<RemoteFiles> files_;
  std::optional<Hub> hub_;
  std::optional<Hub::Commit> config_;  // config.json, which came along with it
  std::optional<std::vector<HubFile>> here_;
  std::set<std::string> below_;  // folders
};

}  // namespace

RemoteCopy copy_of_model(const HubAddress& address, const RemoteSettings& settings,
                         Progress* progress) {
  return HubCopy(address, settings, progress).make();
}

}  // namespace ckptscope
