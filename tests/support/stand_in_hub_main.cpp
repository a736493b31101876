// The tests' hub by itself, for other programs to open: prints its address, ends with its stdin.
//
//   HF_ENDPOINT=$(ckptscope-stand-in-hub DIR) python3 -c 'from huggingface_hub import …'
#include <cstdio>
#include <iostream>

#include "tests/support/stand_in_hub.hpp"

int main(int count, char** words) {
  if (count != 2) {
    std::cerr << "usage: ckptscope-stand-in-hub DIR, where DIR/ORG/NAME/… are models\n";
    return 2;
  }
  const ckptscope::testing::StandInHub hub(words[1]);
  std::cout << hub.endpoint() << std::endl;
  while (std::getchar() != EOF) {
  }
  for (const std::string& request : hub.requests()) std::cerr << request << "\n";
  return 0;
}
