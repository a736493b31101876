// The program; everything else can be linked into tests.
#include "app/cli.hpp"

int main(int argc, char** argv) {
  return ckptscope::run_cli(argc, argv);
}
