// A terminal as the screen loop needs it: keys in, cells out. The real one is ncurses'; a script of
// keys is another.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "views/screen/canvas.hpp"

namespace ckptscope {

struct Size {
  int rows = 24;
  int columns = 80;
};

class Terminal {
 public:
  enum class Woken {
    Key,      // next_key() has one
    Resized,  // size() is another
    Worker,   // something was posted
    Timeout,
    Closed,  // nobody is there any more
  };
  virtual ~Terminal() = default;
  virtual Size size() = 0;
  virtual bool is_ascii() const = 0;
  virtual bool is_colored() const = 0;
  /// Waits for whichever comes first; `wake` is a file descriptor that becomes readable when the
  /// worker posts. `milliseconds` < 0 waits for ever.
  virtual Woken wait(int wake, int milliseconds) = 0;
  /// "j", "<Enter>", "<C-d>", "é", "<Paste>x" for a character that was pasted; "" when there is
  /// none.
  virtual std::string next_key() = 0;
  virtual void show(const Canvas& canvas) = 0;
  /// Draws everything anew, whatever the terminal shows.
  virtual void redraw() {}
  virtual void copy(std::string_view) {}
  /// Gives the terminal back for good; nothing is shown any more.
  virtual void give_back() {}
  /// Gives the terminal back to the shell until the process goes on.
  virtual void suspend() {}
};

}  // namespace ckptscope
