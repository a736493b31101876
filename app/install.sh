# Sourced by app/quickstart and tests/run: installs Debian packages that are missing.

build_packages=(g++ cmake make pkg-config libfmt-dev nlohmann-json3-dev libcli11-dev libpcre2-dev
                libxxhash-dev libutf8proc-dev libssl-dev libhwy-dev zlib1g-dev libzstd-dev
                libreadline-dev libncurses-dev libcurl4-openssl-dev)

install_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
      missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    "${missing[@]}"
}

as_root() {
  if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}
