// A web server for tests, on this machine: each path has an answer, written out byte for byte.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/base/file.hpp"

namespace ckptscope::testing {

class ScriptedServer {
 public:
  /// Gets a request's head ("GET /path HTTP/1.1\r\n…") and how many came before it; gives the bytes
  /// to send. The connection is closed behind them.
  using Answer = std::function<std::string(const std::string& head, std::size_t before)>;

  /// Listens on `address`, one of 127.0.0.0/8, and a free port.
  explicit ScriptedServer(Answer answer, const std::string& address = "127.0.0.1");
  ~ScriptedServer();

  /// "http://127.0.0.1:PORT".
  const std::string& origin() const { return origin_; }
  /// The heads of all requests so far.
  std::vector<std::string> heads() const;

 private:
  void serve();
  void answer_one(int connection);

  const Answer answer_;
  UniqueFd listener_;
  std::string origin_;
  mutable std::mutex mutex_;
  std::vector<std::string> heads_;
  std::vector<std::jthread> connections_;
  std::jthread thread_;
};

/// A whole answer with a length: "HTTP/1.1 STATUS\r\nLINES…\r\n\r\nBODY".
std::string http_answer(const std::string& status, const std::string& body,
                        const std::vector<std::string>& lines = {});

}  // namespace ckptscope::testing
