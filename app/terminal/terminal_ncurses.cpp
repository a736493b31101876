// Keys, pasted text and resizes from ncurses; cells to it; and the terminal given back in every
// case.
#include "app/terminal/terminal_ncurses.hpp"

#include <fmt/format.h>
#include <langinfo.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <clocale>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <cwchar>
#include <optional>
#include <vector>

#define NCURSES_NOMACROS
#define NCURSES_WIDECHAR 1
#include <ncurses.h>
#include <term.h>
// Capabilities are macros there, of names that others have too.
#undef columns
#undef lines

#include "app/terminal/rescue.hpp"
#include "app/terminal/signals.hpp"
#include "core/base/display.hpp"
#include "core/base/error.hpp"

namespace ckptscope {
namespace {

constexpr int kEscapeDelay = 25;  // milliseconds that an escape sequence may take
/// The mouse that ncurses has asked for also tells of moves while a button is down (xterm's 1002).
constexpr const char* kMouseDrags = "\033[?1002h";
constexpr const char* kMouseOff = "\033[?1002l\033[?1006l\033[?1000l";
constexpr mmask_t kButtons =
    BUTTON1_PRESSED | BUTTON1_RELEASED | BUTTON4_PRESSED | BUTTON5_PRESSED | REPORT_MOUSE_POSITION;
constexpr int kPasteBegin = KEY_MAX + 1;
constexpr int kPasteEnd = KEY_MAX + 2;

// ---- giving the terminal back in every case -----------------------------------------------------

/// What a capability sends, without its delays like "$<5>": they are for machines that are gone.
std::string sequence_of(const char* capability) {
  const char* text = ::tigetstr(capability);
  // terminfo(3): -1 for what is no text.
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  if (text == nullptr || text == reinterpret_cast<const char*>(-1)) return "";
  std::string sequence;
  for (const char* c = text; *c != '\0'; ++c) {
    if (c[0] == '$' && c[1] == '<') {
      while (*c != '\0' && *c != '>') ++c;
      if (*c == '\0') break;
      continue;
    }
    sequence += *c;
  }
  return sequence;
}

// ---- signals that are events --------------------------------------------------------------------

volatile std::sig_atomic_t window_changed = 0;
volatile std::sig_atomic_t asked_to_suspend = 0;
volatile std::sig_atomic_t continued = 0;

extern "C" void on_event(int signal) {
  if (signal == SIGWINCH) window_changed = 1;
  if (signal == SIGTSTP) asked_to_suspend = 1;
  if (signal == SIGCONT) continued = 1;
}

constexpr int kEvents[] = {SIGWINCH, SIGTSTP, SIGCONT};

void install_event_handlers() {
  struct sigaction action {};
  sigemptyset(&action.sa_mask);
  action.sa_handler = on_event;
  for (const int signal : kEvents) ::sigaction(signal, &action, nullptr);
}

// ---- keys ---------------------------------------------------------------------------------------

std::string name_of_code(wint_t code) {
  const std::pair<int, const char*> kNames[] = {
      {KEY_UP, "<Up>"},          {KEY_DOWN, "<Down>"},    {KEY_LEFT, "<Left>"},
      {KEY_RIGHT, "<Right>"},    {KEY_HOME, "<Home>"},    {KEY_END, "<End>"},
      {KEY_NPAGE, "<PageDown>"}, {KEY_PPAGE, "<PageUp>"}, {KEY_BACKSPACE, "<Backspace>"},
      {KEY_DC, "<Delete>"},      {KEY_ENTER, "<Enter>"},  {KEY_BTAB, "<S-Tab>"},
      {KEY_F(1), "<F1>"}};
  for (const auto& [key, name] : kNames) {
    if (static_cast<wint_t>(key) == code) return name;
  }
  return "";
}

std::string name_of_character(wint_t character) {
  switch (character) {
    case '\r':
    case '\n':
      return "<Enter>";
    case '\t':
      return "<Tab>";
    case 27:
      return "<Esc>";
    case 127:
    case 8:
      return "<Backspace>";
    case ' ':
      return "<Space>";
    default:
      break;
  }
  if (character < 32) return fmt::format("<C-{}>", static_cast<char>('a' + character - 1));
  std::string text;
  append_utf8(text, static_cast<char32_t>(character));
  return text;
}

short color_number(Color color) {
  return static_cast<short>(color);
}

class NcursesTerminal final : public Terminal {
 public:
  NcursesTerminal(bool color, bool mouse) : mouse_(mouse) {
    std::setlocale(LC_CTYPE, "");
    ascii_ = std::strcmp(::nl_langinfo(CODESET), "UTF-8") != 0;
    const termios modes = terminal_modes();
    if (std::getenv("ESCDELAY") == nullptr) ::set_escdelay(kEscapeDelay);
    screen_ = ::newterm(nullptr, stdout, stdin);
    if (screen_ == nullptr) refuse();
    if (::tigetstr("cup") == nullptr) {
      ::endwin();
      ::delscreen(screen_);
      refuse();
    }
    color_ = color && ::has_colors();
    if (color_) {
      ::start_color();
      ::use_default_colors();
      for (int i = 0; i < kRoles; ++i) {
        const Look& look = look_of(static_cast<Role>(i));
        ::init_pair(static_cast<short>(i + 1), color_number(look.color),
                    color_number(look.background));
      }
    }
    ::define_key("\033[200~", kPasteBegin);
    ::define_key("\033[201~", kPasteEnd);
    set_modes();
    install_event_handlers();
    arm_rescue(modes, std::string(kMouseOff) + "\033[?2004l" + sequence_of("sgr0") +
                          sequence_of("rmkx") + sequence_of("cnorm") + sequence_of("rmcup"));
  }

  ~NcursesTerminal() override {
    give_back();
    ::delscreen(screen_);
    for (const int signal : kEvents) std::signal(signal, SIG_DFL);
  }

  void give_back() override {
    if (!rescue_is_armed()) return;
    leave();
    disarm_rescue();
  }

  Size size() override {
    winsize window{};
    const bool known =
        ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_row > 0 && window.ws_col > 0;
    return known ? Size{window.ws_row, window.ws_col} : Size{};
  }
  bool is_ascii() const override { return ascii_; }
  bool is_colored() const override { return color_; }

  Woken wait(int wake, int milliseconds) override {
    sigset_t held;
    sigset_t before;
    sigemptyset(&held);
    for (const int signal : {SIGWINCH, SIGTSTP, SIGCONT, SIGTERM, SIGHUP, SIGINT}) {
      sigaddset(&held, signal);
    }
    ::pthread_sigmask(SIG_BLOCK, &held, &before);
    std::array<pollfd, 2> inputs{{{STDIN_FILENO, POLLIN, 0}, {wake, POLLIN, 0}}};
    int ready = -1;
    if (window_changed == 0 && asked_to_suspend == 0 && continued == 0 && stop_signal() == 0) {
      const timespec limit{milliseconds / 1000, milliseconds % 1000 * 1'000'000L};
      ready = ::ppoll(inputs.data(), inputs.size(), milliseconds < 0 ? nullptr : &limit, &before);
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (asked_to_suspend != 0) {
      suspend();
      return Woken::Resized;
    }
    if (continued != 0) {  // from a stop that could not be noticed
      continued = 0;
      set_modes();
      resize_now();
      return Woken::Resized;
    }
    if (window_changed != 0) {
      resize_now();
      return Woken::Resized;
    }
    if (ready < 0) return Woken::Timeout;
    if (ready == 0) return Woken::Timeout;
    if ((inputs[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) return Woken::Closed;
    if ((inputs[0].revents & POLLIN) != 0) return is_closed() ? Woken::Closed : Woken::Key;
    return Woken::Worker;
  }

  std::string next_key() override {
    for (;;) {
      if (ahead_) return *std::exchange(ahead_, std::nullopt);
      const auto key = read_key();
      if (!key) return "";
      if (!key->empty()) return *key;
    }
  }

  void show(const Canvas& canvas) override {
    const bool all = canvas.rows() != LINES || canvas.columns() != COLS || !shown_ ||
                     shown_->rows() != canvas.rows() || shown_->columns() != canvas.columns();
    for (int row = 0; row < std::min(canvas.rows(), LINES); ++row) {
      for (int column = 0; column < std::min(canvas.columns(), COLS); ++column) {
        const Glyph& glyph = canvas.at(row, column);
        if (!all && glyph == shown_->at(row, column)) continue;
        put(row, column, glyph);
      }
    }
    const auto& cursor = canvas.cursor;
    ::curs_set(cursor ? 1 : 0);
    if (cursor)
      ::wmove(stdscr, std::min(cursor->row, LINES - 1), std::min(cursor->column, COLS - 1));
    ::wrefresh(stdscr);
    shown_ = canvas;
  }

  void redraw() override {
    shown_.reset();
    ::wclear(stdscr);
    ::wrefresh(stdscr);
  }

  /// OSC 52: the terminal puts it on the clipboard, where it is allowed to.
  void copy(std::string_view text) override {
    static constexpr char kDigits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string sequence = "\033]52;c;";
    for (std::size_t i = 0; i < text.size(); i += 3) {
      const std::string_view three = text.substr(i, 3);
      unsigned bits = 0;
      for (std::size_t k = 0; k < 3; ++k) {
        bits = bits << 8 | (k < three.size() ? static_cast<unsigned char>(three[k]) : 0u);
      }
      for (std::size_t k = 0; k < 4; ++k) {
        sequence += k <= three.size() ? kDigits[bits >> (18 - 6 * k) & 63] : '=';
      }
    }
    send(sequence + "\a");
  }

  void suspend() override {
    asked_to_suspend = 0;
    leave();
    // The whole group stops, as it would by the terminal's own key.
    struct sigaction stop {};
    struct sigaction ours {};
    sigemptyset(&stop.sa_mask);
    stop.sa_handler = SIG_DFL;
    ::sigaction(SIGTSTP, &stop, &ours);
    ::kill(0, SIGTSTP);
    ::sigaction(SIGTSTP, &ours, nullptr);
    continued = 0;
    set_modes();
    resize_now();
  }

 private:
  [[noreturn]] static void refuse() {
    const char* term = std::getenv("TERM");
    fail(Code::Usage, "TERM={}: this terminal cannot show screens; \"ckptscope info PATH\" can",
         display(term == nullptr ? "" : term));
  }

  void set_modes() {
    ::raw();
    ::noecho();
    ::nonl();
    ::keypad(stdscr, true);
    ::nodelay(stdscr, true);
    ::intrflush(stdscr, false);
    send("\033[?2004h");
    if (mouse_) {
      ::mousemask(kButtons, nullptr);
      ::mouseinterval(0);  // a press is a click: nothing waits for a second one
      send(kMouseDrags);
    }
    redraw();
  }

  void leave() {
    if (mouse_) {
      ::mousemask(0, nullptr);
      send(kMouseOff);
    }
    send("\033[?2004l");
    ::curs_set(1);
    ::endwin();
  }

  static void send(const std::string& sequence) {
    std::fflush(stdout);
    [[maybe_unused]] const auto sent = ::write(STDOUT_FILENO, sequence.data(), sequence.size());
  }

  void resize_now() {
    window_changed = 0;
    const Size now = size();
    ::resizeterm(std::max(1, now.rows), std::max(1, now.columns));
    redraw();
  }

  /// "" for what is no key of ours; nullopt when there is nothing to read.
  std::optional<std::string> read_key() {
    wint_t code = 0;
    const int kind = ::wget_wch(stdscr, &code);
    if (kind == ERR) return std::nullopt;
    if (kind == KEY_CODE_YES) {
      if (code == kPasteBegin || code == kPasteEnd) pasting_ = code == kPasteBegin;
      if (code == KEY_MOUSE) return mouse_event();
      return name_of_code(code);
    }
    if (!pasting_) return name_of_character(code);
    if (code < 32 || code == 127) return "";  // pasted bytes are data, not keys
    std::string text = "<Paste>";
    append_utf8(text, static_cast<char32_t>(code));
    return text;
  }

  static std::string mouse_event() {
    MEVENT event;
    if (::getmouse(&event) != OK) return "";
    const auto at = [&](const char* what) {
      return fmt::format("<{} {} {}>", what, event.y, event.x);
    };
    if ((event.bstate & BUTTON4_PRESSED) != 0) return "<WheelUp>";
    if ((event.bstate & BUTTON5_PRESSED) != 0) return "<WheelDown>";
    if ((event.bstate & BUTTON1_PRESSED) != 0) return at("Click");
    if ((event.bstate & BUTTON1_RELEASED) != 0) return at("Release");
    if ((event.bstate & REPORT_MOUSE_POSITION) != 0) return at("Drag");
    return "";
  }

  /// The terminal's end is there to read: a hang-up that poll does not tell.
  bool is_closed() {
    ahead_ = read_key();
    if (ahead_) {
      failures_ = 0;
      if (ahead_->empty()) ahead_.reset();
      return false;
    }
    return ++failures_ > 8;
  }

  void put(int row, int column, const Glyph& glyph) const {
    if (glyph.text.empty()) return;  // the second half of a wide character
    const Look& look = look_of(glyph.role);
    attr_t attributes = A_NORMAL;
    if (look.bold) attributes |= A_BOLD;
    if (look.dim) attributes |= A_DIM;
    if (look.reverse) attributes |= A_REVERSE;
    const auto pair = static_cast<short>(color_ ? static_cast<int>(glyph.role) + 1 : 0);
    std::array<wchar_t, CCHARW_MAX + 1> wide{};
    const char* text = glyph.text.c_str();
    std::mbstate_t state{};
    if (std::mbsrtowcs(wide.data(), &text, CCHARW_MAX, &state) == static_cast<std::size_t>(-1)) {
      wide = {L'?'};
    }
    cchar_t cell{};
    ::setcchar(&cell, wide.data(), attributes, pair, nullptr);
    ::mvwadd_wch(stdscr, row, column, &cell);
  }

  SCREEN* screen_ = nullptr;
  bool ascii_ = false;
  bool color_ = false;
  const bool mouse_;
  bool pasting_ = false;
  int failures_ = 0;
  std::optional<std::string> ahead_;
  std::optional<Canvas> shown_;
};

}  // namespace

std::unique_ptr<Terminal> open_terminal(bool color, bool mouse) {
  return std::make_unique<NcursesTerminal>(color, mouse);
}

}  // namespace ckptscope
