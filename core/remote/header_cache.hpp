// Copies of checkpoints that lie elsewhere, without their values: what was fetched of each file,
// and a hole of the size that it has there. Of a hub by commit, of a URL by what was given, so that
// a copy is never out of date.
//
//   PLACE/COMMIT/…           the files, as they are named there
//   PLACE/refs/REVISION      the commit that it was when it was last asked for
//
// where PLACE is HOST/ORG--NAME below the cache's directory, which is its owner's alone (0700). At
// most 1 GB of what takes place on the disk is kept: more than that, what was not used for longest
// goes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ckptscope {

/// PLACE: of a repository or another name, on the host of `origin`.
std::string place_in_cache(const std::string& origin, std::string name);

class HeaderCache {
 public:
  static constexpr std::uint64_t kUsualBytes = 1'000'000'000;
  /// Throws Io where there is no directory to be had.
  explicit HeaderCache(std::string directory, std::uint64_t most_bytes = kUsualBytes);

  /// The directory of a finished copy, which counts as used now; empty without one. `commit` and
  /// `place` are plain names, checked by who has them from elsewhere.
  std::string find(const std::string& place, const std::string& commit) const;
  std::string commit_of(const std::string& place, const std::string& revision) const;
  void remember(const std::string& place, const std::string& revision,
                const std::string& commit) const;

  /// A copy being made; nothing of it is left unless it is finished.
  class Draft {
   public:
    explicit Draft(const HeaderCache& cache);
    Draft(const Draft&) = delete;
    Draft& operator=(const Draft&) = delete;
    ~Draft();

    /// A file that begins with `bytes` and is `size` bytes long (not less). `name` is a plain
    /// relative path. Throws what writing throws.
    void write(const std::string& name, std::string_view bytes, std::uint64_t size) const;
    void write(const std::string& name, std::string_view bytes) const {
      write(name, bytes, bytes.size());
    }
    /// Gives the directory that find() finds from now on: this one, or that of somebody who was
    /// faster.
    std::string finish(const std::string& place, const std::string& commit);

   private:
    const HeaderCache& cache_;
    std::string directory_;
  };

 private:
  void make_place(const std::string& path) const;
  /// But never what was just made.
  void drop_what_is_old(const std::string& just_made) const;

  std::string directory_;
  std::uint64_t most_bytes_;
};

}  // namespace ckptscope
