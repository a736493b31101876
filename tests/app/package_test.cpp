// What users install: the Debian package and the wheel, their content, and the same bytes each
// time. (In a clean system they are installed, used and removed by tests/run --package.)
#include <gtest/gtest.h>

#include <string>

#include "tests/support/shell.hpp"

namespace ckptscope::testing {
namespace {

TEST(DebianPackage, HoldsWhatIsInstalled) {
  const TempDir dir;
  const std::string pack =
      "cpack --config " CKPTSCOPE_BUILD "/CPackConfig.cmake -B made >/dev/null && mv made/*.deb ";
  ASSERT_EQ(run_shell(dir, pack + "first.deb").exit, 0) << read_file(dir / "stderr.txt");
  ASSERT_EQ(run_shell(dir, "sleep 1 && " + pack + "second.deb").exit, 0);
  EXPECT_EQ(run_shell(dir, "cmp first.deb second.deb").exit, 0) << "the same bytes each time";
  const ShellResult fields = run_shell(dir, "dpkg-deb --field first.deb");
  for (const char* field :
       {"Package: ckptscope\n", "Version: " CKPTSCOPE_VERSION "\n",
        "Maintainer: ckptscope maintainers <maintainers@users.noreply.h-seed-30696615.example>\n",
        "Recommends: libcurl4\n", "Section: science\n"}) {
    EXPECT_NE(fields.out.find(field), std::string::npos) << field << fields.out;
  }
  EXPECT_EQ(fields.out.find("mpi"), std::string::npos) << "one package, for one machine";
  EXPECT_NE(fields.out.find("\nDepends: libc6 "), std::string::npos) << "found by dpkg-shlibdeps";
  const std::string list = run_shell(dir, "dpkg-deb --contents first.deb").out;
  for (const char* file :
       {"./usr/bin/ckptscope\n", "./usr/share/man/man1/ckptscope.1.gz\n",
        "./usr/share/man/man7/ckptscope-tui.7.gz\n",
        "./usr/share/man/man7/ckptscope-mapping.7.gz\n", "./usr/share/doc/ckptscope/copyright\n",
        "./usr/share/doc/ckptscope/changelog.gz\n", "./usr/share/doc/ckptscope/NEWS.gz\n",
        "./usr/share/ckptscope/schemas/info.json\n",
        "./usr/share/bash-completion/completions/ckptscope\n",
        "./usr/share/zsh/site-functions/_ckptscope\n",
        "./usr/share/fish/vendor_completions.d/ckptscope.fish\n"}) {
    EXPECT_NE(list.find(file), std::string::npos) << file << list;
  }
  const ShellResult used =
      run_shell(dir,
                "dpkg-deb --extract first.deb root && root/usr/bin/ckpt?cope --version && "
                "zcat root/usr/share/doc/ckptscope/changelog.gz");
  EXPECT_TRUE(used.out.starts_with("ckptscope " CKPTSCOPE_VERSION "\n")) << used.out << used.err;
  EXPECT_NE(used.out.find("\nckptscope (" CKPTSCOPE_VERSION ") stable; urgency=medium\n"),
            std::string::npos)
      << used.out;
}

TEST(Wheel, HoldsTheProgramAndItsRecord) {
  const TempDir dir;
  const std::string pack =
      CKPTSCOPE_ROOT "/app/package/wheel --unaudited --build '" CKPTSCOPE_BUILD "' ";
  const ShellResult made = run_shell(dir, pack + "first && sleep 2 && " + pack + "second");
  ASSERT_EQ(made.exit, 0) << made.err;
  EXPECT_EQ(run_shell(dir, "diff -r first second").exit, 0) << "the same bytes each time";
  EXPECT_EQ(run_shell(dir, "cd first && sha256sum --check *.sha256").exit, 0);
  write_file(dir / "check.py", R"PY(
import base64, csv, hashlib, io, re, sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
[record] = [n for n in wheel.namelist() if n.endswith(".dist-info/RECORD")]
rows = {r[0]: r[1:] for r in csv.reader(io.StringIO(wheel.read(record).decode()))}
assert sorted(rows) == sorted(wheel.namelist()), "RECORD names other files"
for name, (digest, size) in rows.items():
    text = wheel.read(name)
    if name != record:
        assert digest == "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(text).digest()).rstrip(b"=").decode(), name
        assert int(size) == len(text), name
    mode = wheel.getinfo(name).external_attr >> 16
    assert mode == (0o100755 if "/scripts/" in name else 0o100644), (name, oct(mode))
    print(name)
info = record.rsplit("/", 1)[0]
assert not [name for name in rows if "/share/doc/" in name], "Debian's documents"
meta = wheel.read(info + "/METADATA").decode()
for file in re.findall(r"^License-File: (.*)", meta, re.M):
    assert f"{info}/licenses/{file}" in rows, file
assert not re.search(r"\]\((?!https?:)", meta), "a link that leads nowhere"
print(re.search(r"^Name: .*", meta, re.M)[0])
print(re.search(r"^Version: .*", meta, re.M)[0])
print(wheel.read(info + "/WHEEL").decode())
)PY");
  const ShellResult found = run_shell(dir, "python3 check.py first/*.whl");
  ASSERT_EQ(found.exit, 0) << found.err;
  const std::string name = "ckptscope-" CKPTSCOPE_VERSION;
  for (const std::string& line :
       {name + ".data/scripts/ckptscope", name + ".data/data/libexec/ckptscope/libhwy.so.1",
        name + ".data/data/share/man/man1/ckptscope.1.gz",
        name + ".data/data/share/man/man7/ckptscope-tui.7.gz",
        name + ".data/data/share/ckptscope/schemas/info.json",
        name + ".data/data/share/bash-completion/completions/ckptscope",
        name + ".dist-info/licenses/LICENSE", name + ".dist-info/licenses/THIRD-PARTY",
        std::string("Name: ckptscope"), std::string("Version: " CKPTSCOPE_VERSION),
        std::string("Root-Is-Purelib: false"),
        std::string("Tag: py3-none-manylinux_2_35_x86_64")}) {
    EXPECT_NE(found.out.find(line + "\n"), std::string::npos) << line << "\n" << found.out;
  }
}

TEST(Wheel, RefusesWhatASystemOfItsTagLacks) {
  const TempDir dir;
  const ShellResult made =
      run_shell(dir, CKPTSCOPE_ROOT "/app/package/wheel --build '" CKPTSCOPE_BUILD "' out");
  EXPECT_EQ(made.exit, 1);
  EXPECT_NE(made.err.find("libncursesw.so.6"), std::string::npos) << made.err;
  EXPECT_FALSE(std::filesystem::exists(dir / "out"));
}

TEST(Release, ItsDateIsThatOfTheManual) {
  for (const char* page : {"ckptscope.1", "ckptscope-tui.7", "ckptscope-mapping.7"}) {
    const std::string text = read_file(CKPTSCOPE_ROOT "/man/" + std::string(page));
    EXPECT_TRUE(text.starts_with(".Dd " CKPTSCOPE_DATE "\n")) << page << ": " CKPTSCOPE_DATE;
  }
}

TEST(Release, ItsFilesHaveTheNamesThatReadmeInstalls) {
  const std::string readme = read_file(CKPTSCOPE_ROOT "/README.md");
  for (const char* name : {"install ./ckptscope_" CKPTSCOPE_VERSION "_amd64.deb ",
                           "install ckptscope-" CKPTSCOPE_VERSION "-py3-none-manylinux_2_35_"}) {
    EXPECT_NE(readme.find(name), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace ckptscope::testing
