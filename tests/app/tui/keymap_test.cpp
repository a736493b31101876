// The tables of screens and of keys belong together.

#include "app/tui/keymap.hpp"

#include <gtest/gtest.h>

#include <set>

namespace ckptscope::testing {
namespace {

TEST(Screens, AreInTheOrderOfTheirNumbers) {
  std::set<char> letters;
  for (std::size_t i = 0; i < std::size(kPlaces); ++i) {
    const Place& place = kPlaces[i];
    EXPECT_TRUE(letters.insert(place.letter).second) << place.letter;
    if (!place.screen) continue;
    EXPECT_EQ(static_cast<std::size_t>(*place.screen), i) << place.name;
    EXPECT_EQ(&place_of(*place.screen), &place);
  }
  EXPECT_FALSE(kPage.screen.has_value());
}

/// Every screen is reached from everywhere by its key.
TEST(Keys, GoToEveryScreen) {
  for (const Place& from : kPlaces) {
    for (const Place& to : kPlaces) {
      const std::string key(1, to.letter);
      EXPECT_EQ(screen_of(key), to.screen) << key;
      EXPECT_EQ(find_key(key, from) != nullptr, to.screen.has_value()) << key << from.name;
    }
  }
}

TEST(Keys, ActAtPlacesThatAreThere) {
  for (const KeyRow& row : key_table()) {
    EXPECT_EQ(row.places.find_first_not_of(kEverywhere), row.places.npos) << row.keys;
    EXPECT_NE(row.act, nullptr) << row.keys;
  }
}

TEST(Keys, HelpAndQuitAreOnEveryLastLine) {
  for (const Place& place : kPlaces) {
    const auto hints = hints_of(place);
    ASSERT_GE(hints.size(), 2u) << place.name;
    EXPECT_EQ(hints[hints.size() - 2].what, "help") << place.name;
  }
}

}  // namespace
}  // namespace ckptscope::testing
