// Where the program is built without libcurl (CKPTSCOPE_REMOTE=OFF).
#include "core/base/error.hpp"
#include "core/remote/http.hpp"

namespace ckptscope {

class HttpClient::Implementation {};

HttpClient::HttpClient(HttpSettings) {
  fail(Code::Unreachable, "this ckptscope was built without libcurl and opens local paths alone");
}
HttpClient::~HttpClient() = default;

std::vector<HttpAnswer> HttpClient::fetch(std::span<const HttpRequest>, Progress*) {
  return {};
}

}  // namespace ckptscope
