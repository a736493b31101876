// What the environment says of hubs and caches, in the words of the hub's own library: who has
// logged in there has logged in here. Source: huggingface_hub, constants.py and utils/_auth.py.
#pragma once

#include <chrono>
#include <string>

namespace ckptscope {

struct RemoteSettings {
  std::string endpoint;      // HF_ENDPOINT, or https://huggingface.co; no slash behind it
  std::string token;         // HF_TOKEN, HUGGING_FACE_HUB_TOKEN or the token file; may be empty
  std::string certificates;  // SSL_CERT_FILE and its like; empty: the system's
  std::string hub_cache;     // what that library has downloaded; empty where nothing says
  std::string header_cache;  // ours; empty where nothing says
  bool offline = false;      // HF_HUB_OFFLINE, TRANSFORMERS_OFFLINE
  bool allow_http = false;   // CKPTSCOPE_ALLOW_HTTP=1: to other machines, too
  std::chrono::seconds connect{10};  // HF_HUB_ETAG_TIMEOUT
  std::chrono::seconds idle{30};     // HF_HUB_DOWNLOAD_TIMEOUT

  /// As the environment is now. Reads the token file; does nothing else.
  static RemoteSettings of_environment();
};

}  // namespace ckptscope
