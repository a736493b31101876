// The screens, one row each: their names, the keys that go there, and where a key may act.
#pragma once

#include <array>
#include <iterator>
#include <optional>
#include <string_view>

namespace ckptscope {

enum class Screen { Overview, Keys, Mapping, Stats, Convert, Log };

/// Where a key may act: a screen, or a page of text that lies over one.
struct Place {
  char letter;                   // of a screen the key that goes there; rows of keys name it
  std::string_view name;         // "Keys"
  std::optional<Screen> screen;  // nullopt: the page
};

/// In the order of Screen; the page is the last one.
inline constexpr Place kPlaces[] = {
    {'0', "Overview", Screen::Overview}, {'1', "Keys", Screen::Keys},
    {'2', "Mapping", Screen::Mapping},   {'3', "Stats", Screen::Stats},
    {'4', "Convert", Screen::Convert},   {'5', "Log", Screen::Log},
    {'p', "a page", std::nullopt},
};
inline constexpr const Place& kPage = kPlaces[std::size(kPlaces) - 1];

constexpr const Place& place_of(Screen screen) {
  for (const Place& place : kPlaces) {
    if (place.screen == screen) return place;
  }
  return kPage;
}

/// The screen that a key goes to.
constexpr std::optional<Screen> screen_of(std::string_view key) {
  for (const Place& place : kPlaces) {
    if (key == std::string_view(&place.letter, 1)) return place.screen;
  }
  return std::nullopt;
}

namespace letters {

inline constexpr auto kAll = [] {
  std::array<char, std::size(kPlaces)> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = kPlaces[i].letter;
  return all;
}();

/// "0 1 2 3 4 5".
inline constexpr auto kKeys = [] {
  std::array<char, 2 * (std::size(kPlaces) - 1) - 1> keys{};
  for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = i % 2 == 0 ? kAll[i / 2] : ' ';
  return keys;
}();

}  // namespace letters

/// For rows of keys: every place, every screen, and the keys that go to screens.
inline constexpr std::string_view kEverywhere(letters::kAll.data(), letters::kAll.size());
inline constexpr std::string_view kEveryScreen = kEverywhere.substr(0, kEverywhere.size() - 1);
inline constexpr std::string_view kScreenKeys(letters::kKeys.data(), letters::kKeys.size());

}  // namespace ckptscope
