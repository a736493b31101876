#include "tests/support/scripted_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

namespace ckptscope::testing {

ScriptedServer::ScriptedServer(Answer answer, const std::string& address)
    : answer_(std::move(answer)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  ::setenv("no_proxy", "*", 1);  // nothing stands between
  sockaddr_in name{};
  name.sin_family = AF_INET;
  ::inet_pton(AF_INET, address.c_str(), &name.sin_addr);
  socklen_t size = sizeof name;
  auto* const raw = reinterpret_cast<sockaddr*>(&name);
  if (::bind(listener_.get(), raw, size) != 0 || ::listen(listener_.get(), 64) != 0 ||
      ::getsockname(listener_.get(), raw, &size) != 0) {
    throw std::runtime_error("no port on " + address);
  }
  origin_ = "http://" + address + ":" + std::to_string(ntohs(name.sin_port));
  thread_ = std::jthread([this] { serve(); });
}

ScriptedServer::~ScriptedServer() {
  ::shutdown(listener_.get(), SHUT_RDWR);  // ends accept()
}

std::vector<std::string> ScriptedServer::heads() const {
  const std::lock_guard lock(mutex_);
  return heads_;
}

void ScriptedServer::serve() {
  for (;;) {
    const int connection = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    connections_.emplace_back([this, connection] { answer_one(connection); });
  }
}

void ScriptedServer::answer_one(int connection) {
  const UniqueFd fd(connection);
  std::string head;
  char buffer[4096];
  while (head.find("\r\n\r\n") == head.npos) {
    const ssize_t count = ::read(fd.get(), buffer, sizeof buffer);
    if (count <= 0) return;
    head.append(buffer, static_cast<std::size_t>(count));
  }
  std::size_t before = 0;
  {
    const std::lock_guard lock(mutex_);
    before = heads_.size();
    heads_.push_back(head);
  }
  const std::string bytes = answer_(head, before);
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t count = ::send(fd.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return;
    sent += static_cast<std::size_t>(count);
  }
  ::shutdown(fd.get(), SHUT_WR);
  while (::read(fd.get(), buffer, sizeof buffer) > 0) {  // until the other side has read it all
  }
}

std::string http_answer(const std::string& status, const std::string& body,
                        const std::vector<std::string>& lines) {
  std::string text = "HTTP/1.1 " + status + "\r\nConnection: close\r\n";
  for (const std::string& line : lines) text += line + "\r\n";
  return text + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace ckptscope::testing
