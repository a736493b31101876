// A second opinion on HTTP: nginx as hub and as the host that it redirects to, with TLS, HTTP/2 and
// ranges that are not ours.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <regex>
#include <sstream>
#include <string>

#include "core/base/file.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/shell.hpp"

namespace ckptscope::testing {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCommit = "0123456789abcdef0123456789abcdef01234567";

/// One that nobody uses now.
std::string free_port(const char* address) {
  const UniqueFd probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in name{};
  name.sin_family = AF_INET;
  ::inet_pton(AF_INET, address, &name.sin_addr);
  socklen_t size = sizeof name;
  auto* const raw = reinterpret_cast<sockaddr*>(&name);
  ::bind(probe.get(), raw, size);
  ::getsockname(probe.get(), raw, &size);
  return std::to_string(ntohs(name.sin_port));
}

/// What stands in DIR, and in HUB, CDN and COMMIT, is put in.
constexpr const char* kConfiguration = R"(
daemon on;
pid DIR/nginx.pid;
error_log DIR/error.log;
events {}
http {
  log_format lines '$server_addr $server_protocol $status $request_uri [$http_authorization]';
  access_log DIR/access.log lines;
  client_body_temp_path DIR/t1; proxy_temp_path DIR/t2; fastcgi_temp_path DIR/t3;
  uwsgi_temp_path DIR/t4; scgi_temp_path DIR/t5;
  ssl_certificate DIR/cert.pem;
  ssl_certificate_key DIR/key.pem;
  server {
    listen 127.0.0.1:HUB ssl http2;
    location = /org/demo/resolve/main/config.json {
      alias DIR/hub/demo/config.json;
      add_header X-Repo-Commit COMMIT;
    }
    location = /api/models/org/demo/tree/COMMIT { alias DIR/tree.json; }
    location ~ ^/org/demo/resolve/COMMIT/(.*\.safetensors)$ {
      return 302 https://127.0.0.2:CDN/demo/$1?signature=abc;
    }
    location /org/demo/resolve/COMMIT/ { alias DIR/hub/demo/; }
  }
  server {
    listen 127.0.0.2:CDN ssl http2;
    root DIR/hub;
  }
}
)";

class Nginx : public ::testing::Test {
 protected:
  void SetUp() override {
    if (run("command -v nginx openssl").exit != 0) GTEST_SKIP() << "no nginx, or no openssl";
    ASSERT_EQ(run("ckptscope demo hub").exit, 0);
    fs::rename(dir_ / "hub/gpt-oss-demo", dir_ / "hub/demo");
    std::string tree;
    for (const auto& entry : fs::directory_iterator(dir_ / "hub/demo")) {
      tree +=
          fmt::format(R"({}{{"type": "file", "path": "{}", "size": {}}})", tree.empty() ? "[" : ",",
                      entry.path().filename().string(), entry.file_size());
    }
    write_file(dir_ / "tree.json", tree + "]");
    ASSERT_EQ(run("openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 "
                  "-subj /CN=hub -addext subjectAltName=IP:127.0.0.1,IP:127.0.0.2")
                  .exit,
              0);
    const std::string hub = free_port("127.0.0.1");
    std::string text = ::geteuid() == 0 ? "user root;" : "";
    text += kConfiguration;
    for (const auto& [word, value] : {std::pair<std::string, std::string>{"DIR", dir_.path()},
                                      {"HUB", hub},
                                      {"CDN", free_port("127.0.0.2")},
                                      {"COMMIT", kCommit}}) {
      text = std::regex_replace(text, std::regex("\\b" + word + "\\b"), value);
    }
    write_file(dir_ / "nginx.conf", text);
    const ShellResult started = run("nginx -p . -c nginx.conf -e error.log");
    ASSERT_EQ(started.exit, 0) << started.err;
    ::setenv("no_proxy", "*", 1);
    endpoint_.emplace("HF_ENDPOINT", "https://127.0.0.1:" + hub);
  }

  void TearDown() override {
    if (fs::exists(dir_ / "nginx.pid")) run("kill $(cat nginx.pid)");
  }

  ShellResult run(const std::string& line) const {
    return run_shell(dir_, "export PATH=$PATH:/usr/sbin && " + line);
  }

  const TempDir dir_;
  const EmptyHome home_{dir_};
  const Environment token_{"HF_TOKEN", "secret"};
  const Environment certificate_{"SSL_CERT_FILE", dir_ / "cert.pem"};
  std::optional<Environment> endpoint_;
};

TEST_F(Nginx, ServesAsAHubDoes) {
  const ShellResult there = run("ckptscope ls hf://org/demo");
  EXPECT_EQ(there.out, run("ckptscope ls hub/demo").out) << there.err;
  EXPECT_EQ(run("ckptscope stat hf://org/demo model.norm.weight").out,
            run("ckptscope stat hub/demo model.norm.weight").out);
  const std::string log = read_file(dir_ / "access.log");
  EXPECT_EQ(log.find("HTTP/1"), log.npos) << log;
  EXPECT_NE(log.find("127.0.0.1 HTTP/2.0 302"), log.npos) << log;
  EXPECT_NE(log.find("127.0.0.2 HTTP/2.0 206"), log.npos) << log;
  EXPECT_NE(log.find("[Bearer secret]"), log.npos) << log;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(!line.starts_with("127.0.0.2") || line.ends_with("[-]")) << line;
  }
}

TEST_F(Nginx, IsNotTrustedWithoutItsCertificate) {
  const Environment none("SSL_CERT_FILE", "");
  const ShellResult result = run("ckptscope info hf://org/demo");
  EXPECT_EQ(result.exit, 2);
  EXPECT_NE(result.err.find("certificate"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace ckptscope::testing
