#include "core/remote/curl_library.hpp"

#include <dlfcn.h>

#include "core/base/error.hpp"

namespace ckptscope {
namespace {

CurlLibrary load() {
  void* library = nullptr;
  for (const char* name : {"libcurl.so.4", "libcurl-gnutls.so.4"}) {  // never closed again
    library = ::dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library != nullptr) break;
  }
  if (library == nullptr) {
    fail(Code::Unreachable, "libcurl.so.4, which reads over the network, is not installed");
  }
  const auto find = [&]<typename Function>(Function& function, const char* name) {
    function = reinterpret_cast<Function>(::dlsym(library, name));
    if (function == nullptr) fail(Code::Unreachable, "libcurl has no {}", name);
  };
  CurlLibrary curl{};
  find(curl.global_init, "curl_global_init");
  find(curl.easy_init, "curl_easy_init");
  find(curl.easy_cleanup, "curl_easy_cleanup");
  find(curl.easy_setopt, "curl_easy_setopt");
  find(curl.easy_getinfo, "curl_easy_getinfo");
  find(curl.easy_strerror, "curl_easy_strerror");
  find(curl.multi_init, "curl_multi_init");
  find(curl.multi_cleanup, "curl_multi_cleanup");
  find(curl.multi_setopt, "curl_multi_setopt");
  find(curl.multi_add_handle, "curl_multi_add_handle");
  find(curl.multi_remove_handle, "curl_multi_remove_handle");
  find(curl.multi_perform, "curl_multi_perform");
  find(curl.multi_poll, "curl_multi_poll");
  find(curl.multi_info_read, "curl_multi_info_read");
  find(curl.slist_append, "curl_slist_append");
  find(curl.slist_free_all, "curl_slist_free_all");
  decltype(&::curl_version_info) version = nullptr;
  find(version, "curl_version_info");
  constexpr unsigned kLeast = 0x075500;  // 7.85: CURLOPT_PROTOCOLS_STR
  if (version(CURLVERSION_NOW)->version_num < kLeast) {
    fail(Code::Unreachable, "libcurl {} is too old: 7.85 is needed",
         version(CURLVERSION_NOW)->version);
  }
  curl.global_init(CURL_GLOBAL_DEFAULT);
  return curl;
}

}  // namespace

const CurlLibrary& CurlLibrary::get() {
  static const CurlLibrary curl = load();
  return curl;
}

}  // namespace ckptscope
