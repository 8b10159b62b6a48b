import assert from "node:assert/strict";
import test from "node:test";
import { parse } from "../../src/cli/parse.ts";
import { UsageError } from "../../src/cli/values.ts";
import { resultNames } from "../../src/event/verdict.ts";

const ports = (count: number) => Array.from({ length: count }, (_, i) => i + 1).join();

const hosts = (count: number) =>
  Array.from({ length: count }, (_, i) => `10.${i >> 16}.${i >> 8 & 255}.${i & 255}`).join();

const errnos = (count: number) =>
  resultNames.filter((name) => name !== "ok").slice(0, count).join();

/** What is refused: a title, the command line, and what the message has to say. */
const refused: [string, string[], RegExp][] = [
  // Numbers.
  ["a number with letters behind it", ["-p", "12abc"], /PID '12abc'/],
  ["a number in exponent notation", ["-p", "1e3"], /PID '1e3'/],
  ["a number with a plus sign", ["-p", "+5"], /PID '\+5'/],
  ["a number with a minus sign", ["--pid=-5"], /PID '-5'/],
  ["a number with a space before it", ["-p", " 5"], /PID ' 5'/],
  ["a number with a space behind it", ["-p", "5 "], /PID '5 '/],
  ["a fraction", ["-p", "1.0"], /PID '1\.0'/],
  ["a hexadecimal number", ["-p", "0x10"], /PID '0x10'/],
  ["digits that are not ASCII", ["-p", "١٢"], /PID '١٢'/],
  ["a port that begins with 0", ["-P", "080"], /port '080': not decimal/],
  ["a PID that begins with 0", ["-p", "01"], /PID '01': not decimal/],
  ["a UID that begins with 0", ["-u", "00"], /UID '00': not decimal/],
  ["a number of pages that begins with 0", ["--buffer-pages", "08"], /pages '08': not decimal/],
  ["a number of thirty digits", ["-p", "9".repeat(30)], /PID/],
  ["a value with a newline in it", ["-p", "1\n2"], /PID/],
  ["a user with a newline in it", ["-u", "a\nb"], /user/],
  ["an unknown shell", ["--completions", "tcsh"], /--completions 'tcsh': not bash, zsh, fish/],
  ["a shell with something wrong beside it", ["--completions", "zsh", "-p", "x"], /PID 'x'/],
  ["a back end with a newline in it", ["--attach", "kprobe\n"], /attach/],
  ["a latency with a newline in it", ["--min-latency", "1\n"], /latency/],
  // Bounds.
  ["PID 0", ["-p", "0"], /PID '0'/],
  ["PID 2147483648", ["-p", "2147483648"], /PID '2147483648'/],
  ["port 0", ["-P", "0"], /port '0'/],
  ["port 65536", ["-P", "65536"], /port '65536'/],
  ["a range of ports whose first is above its last", ["-P", "90-80"], /ports '90-80'/],
  ["a range from port 0", ["-P", "0-80"], /port '0'/],
  ["a range to port 65536", ["-P", "80-65536"], /port '65536'/],
  ["a range without its last port", ["-P", "80-"], /port '80-'/],
  ["a range of three ports", ["-P", "80-81-82"], /port '80-81-82'/],
  ["a range of PIDs", ["-p", "1-5"], /PID '1-5'/],
  ["a port range with letters", ["-P", "80-90x"], /port '80-90x'/],
  ["ports with an x between them", ["-P", "80x81"], /port '80x81'/],
  ["ports with a space between them", ["-P", "80 81"], /port '80 81'/],
  ["UID 4294967295", ["-u", "4294967295"], /UID '4294967295'/],
  ["a negative UID", ["--uid=-1"], /'-1'/],
  ["a UID with letters behind it", ["-u", "1abc"], /UID '1abc'/],
  ["a UID with a space before it", ["-u", " 5"], /' 5'/],
  ["an unknown user", ["-u", "no-such-user"], /user 'no-such-user'/],
  ["the beginning of a user's name", ["-u", "roo"], /user 'roo'/],
  ["a name that would match a whole line", ["-u", "root:x"], /user 'root:x'/],
  // Lists.
  ["65 PIDs", ["-p", ports(65)], /too many PIDs: 65, of at most 64/],
  ["65 PIDs in two lists", ["-p", ports(64), "-p", "65"], /too many PIDs: 65/],
  ["65 PIDs to leave out", ["-p", `!${ports(65)}`], /too many PIDs: 65/],
  ["65 UIDs", ["-u", ports(65)], /too many UIDs: 65/],
  [
    "64 results to leave out, and ok",
    ["--failed", "--errno", `!${errnos(64)}`],
    /results: 65 with/,
  ],
  ["an empty list", ["-p", ""], /empty PID/],
  ["an empty list behind an equals sign", ["--port="], /empty port/],
  ["an empty element", ["-P", "80,,443"], /empty port in '80,,443'/],
  ["an empty first element", ["-P", ",80"], /empty port/],
  ["an empty last element", ["-u", "0,"], /empty UID/],
  ["a list of nothing but a comma", ["-p", ","], /empty PID/],
  ["one bad element among good ones", ["-P", "80,x,443"], /port 'x'/],
  ["an empty list behind an exclamation mark", ["-P", "!"], /empty port in '!'/],
  ["a second exclamation mark", ["-P", "!!80"], /port in '!!80': one '!' stands before/],
  ["an exclamation mark within a list", ["-P", "80,!443"], /port in '80,!443': one '!'/],
  ["one before each element", ["-u", "!0,!1"], /UID in '!0,!1': one '!'/],
  ["a list and a list to leave out", ["-p", "1", "-p", "!2"], /PID in '1,!2': one '!'/],
  ["an exclamation mark and a space", ["-P", "! 80"], /port ' 80'/],
  ["a network with host bits", ["--dst", "10.0.0.1/8"], /address '10\.0\.0\.1\/8': it has host/],
  ["an address with a newline", ["--src", "::1\n"], /address '::1\?'/],
  ["65,537 networks", ["--src", hosts(65_537)], /too many networks: 65537, of at most 65536/],
  ["an empty network", ["--src", "::1,"], /empty network in '::1,'/],
  ["a name for an address", ["--dst", "localhost"], /'localhost': not as .* private, loopback/],
  ["a name of 16 bytes", ["--comm", "sixteen-letters-"], /'sixteen-letters-': 16 bytes, but COMM/],
  ["a name of 16 bytes in UTF-8", ["--comm", "ÄÖÜäöüßß*"], /16 bytes, but COMM has at most 15/],
  ["a name that is a *", ["--comm", "*"], /name '\*': a name has one '\*'/],
  ["a * at both ends", ["--comm", "*a*"], /name '\*a\*'/],
  ["a * within a name", ["--comm", "a*b"], /name 'a\*b'/],
  ["an empty name", ["--comm", "a,"], /empty name in 'a,'/],
  ["65 names", ["--comm", ports(65)], /too many names: 65, of at most 64/],
  ["the number of an errno", ["--errno", "111"], /result '111': not ok, closed, pending or/],
  ["an errno in small letters", ["--errno", "econnrefused"], /result 'econnrefused'/],
  ["a result in capitals", ["--errno", "OK"], /result 'OK'/],
  ["the beginning of an errno", ["--errno", "ECONN"], /result 'ECONN'/],
  ["an empty result", ["--errno", "ok,"], /empty result/],
  ["--failed of what is ok", ["--failed", "--errno", "ok"], /--failed and --errno ok exclude/],
  ["0 rows", ["-n", "0"], /number of rows '0': not a whole number from 1/],
  ["half a row", ["-n", "1.5"], /number of rows '1\.5'/],
  ["more rows than can be counted", ["-n", "9007199254740992"], /number of rows/],
  ["-n with -c", ["-c", "-n", "5"], /-c and -n exclude each other/],
  ["no time at all", ["--duration", "0"], /time '0': not as 500ms, 30s/],
  ["0.0 ms", ["--duration", "0.0ms"], /time '0\.0ms'/],
  ["a time in weeks", ["--duration", "1w"], /time '1w'/],
  ["a time of two units", ["--duration", "1h30m"], /time '1h30m'/],
  ["a time with a space", ["--duration", "1 s"], /time '1 s'/],
  ["a negative time", ["--duration=-1"], /time '-1'/],
  ["a time without digits before the point", ["--duration", ".5"], /time '\.5'/],
  ["an infinite time", ["--duration", "inf"], /time 'inf'/],
  ["an empty time", ["--duration="], /time ''/],
  ["source port 0", ["--sport", "0"], /port '0'/],
  // Options.
  ["-C", ["-C", "/sys/fs/bpf/map"], /-C\/--cgroupmap is not available/],
  ["--cgroupmap", ["--cgroupmap=/x"], /-C\/--cgroupmap is not available/],
  ["-M", ["-M", "/sys/fs/bpf/map"], /-M\/--mntnsmap is not available/],
  ["--mntnsmap", ["--mntnsmap", "/x"], /-M\/--mntnsmap is not available/],
  ["-4 with -6", ["-4", "-6"], /-4 and -6 exclude each other/],
  ["-4 with -6 in a bundle", ["-46"], /-4 and -6 exclude each other/],
  ["-t, which changes nothing with -c", ["-t", "-c"], /-c and -t exclude each other/],
  ["-U, which changes nothing with -c", ["-cU"], /-c and -U exclude each other/],
  ["-c with -t by their long names", ["--time", "--count"], /-c and -t exclude each other/],
  ["-t with -j", ["-j", "-t"], /-j and -t exclude each other/],
  ["an unknown letter", ["-x"], /unknown option '-x'/],
  ["an unknown letter in a bundle", ["-tx"], /unknown option '-x'/],
  ["an unknown name", ["--nonsense"], /unknown option '--nonsense'/],
  ["the name of an object's own method", ["--constructor"], /unknown option '--constructor'/],
  ["--C", ["--C", "/x"], /unknown option '--C'/],
  ["--no- before a name", ["--no-timestamp"], /unknown option '--no-timestamp'/],
  ["a value for an option without one", ["--timestamp=1"], /'-t, --timestamp'/],
  ["a value for a prefix of an option without one", ["--time=1"], /'-t, --timestamp'/],
  ["an option without its value", ["-p"], /'-p, --pid <value>'/],
  ["an option for a value", ["-p", "-t"], /'-p' needs a value that does not begin with '-'/],
  ["-- for a value", ["--btf", "--"], /'--btf' needs a value that does not begin with '-'/],
  ["an ambiguous prefix", ["--p"], /'--p' is ambiguous: --print-uid, --pid, --port/],
  ["an ambiguous prefix with a value", ["--u=1"], /'--u' is ambiguous: --uid, --usage/],
  ["an ambiguous prefix of -4 and -6", ["--ip"], /'--ip' is ambiguous: --ipv4, --ipv6/],
  ["a prefix of nothing", ["--timex"], /unknown option '--timex'/],
  ["a hidden name", ["--help-short"], /unknown option '--help-short'/],
  // Operands.
  ["an operand", ["80"], /unexpected argument '80'/],
  ["an operand behind options", ["-t", "80"], /unexpected argument '80'/],
  ["an operand behind --", ["--", "80"], /unexpected argument '80'/],
  ["an option behind --", ["--", "-t"], /unexpected argument '-t'/],
  ["a prefix behind --, as it stands", ["--", "--time"], /unexpected argument '--time'/],
  ["a single dash", ["-"], /unexpected argument '-'/],
  ["an empty operand", [""], /unexpected argument ''/],
  ["an operand with a newline in it", ["a\nb"], /unexpected argument/],
  ["an operand with a full stop in it, whole", ["a. b"], /unexpected argument 'a\. b'/],
  // Columns.
  ["an unknown column", ["-o", "pid,nonsense"], /unknown column 'nonsense': see --output help/],
  ["a column's title", ["-o", "LAT(ms)"], /unknown column 'LAT\(ms\)'/],
  ["the name of an object's own method as a column", ["-o", "toString"], /column 'toString'/],
  ["a column with a newline in it", ["-o", "pid\n"], /column 'pid\?'/],
  ["an empty list of columns", ["-o", ""], /empty column in ''/],
  ["nothing to add", ["-o", "+"], /empty column in '\+'/],
  ["a column with a plus sign in a list", ["-o", "pid,+tid"], /unknown column '\+tid'/],
  ["help among columns", ["-o", "pid,help"], /unknown column 'help'/],
  ["65 columns", ["-o", Array(65).fill("pid").join()], /too many columns: 65, of at most 64/],
  ["-o with -c", ["-c", "-o", "pid"], /^-o and -c exclude each other/],
  ["an unknown time for color", ["--color", "yes"], /--color 'yes': not auto, always, never/],
  ["--color without its value", ["--color"], /'--color <value>'/],
  ["-T with -j", ["-jT"], /^-j and -T exclude each other/],
  ["-w with -j", ["-jw"], /^-w and -j exclude each other/],
  ["-T with -c", ["-cT"], /^-T and -c exclude each other/],
  // Other values.
  ["an unknown back end", ["--attach", "ftrace"], /--attach 'ftrace': not auto, fentry, kprobe, /],
  ["a back end in capitals", ["--attach", "KPROBE"], /--attach 'KPROBE'/],
  ["an empty back end", ["--attach="], /--attach ''/],
  ["0 pages", ["--buffer-pages", "0"], /pages '0'/],
  ["3 pages", ["--buffer-pages", "3"], /pages '3': not a power of two/],
  ["131072 pages", ["--buffer-pages", "131072"], /pages '131072'/],
  ["pages with a unit", ["--buffer-pages", "64k"], /pages '64k'/],
  ["a negative latency", ["--min-latency=-1"], /latency '-1'/],
  ["a latency that is NaN", ["--min-latency", "NaN"], /latency 'NaN'/],
  ["a latency that is infinite", ["--min-latency", "Infinity"], /latency 'Infinity'/],
  ["a latency with a unit", ["--min-latency", "5ms"], /latency '5ms'/],
  ["a latency in exponent notation", ["--min-latency", "1e3"], /latency '1e3'/],
  ["a latency without digits before the point", ["--min-latency", ".5"], /latency '\.5'/],
  ["a latency below a nanosecond", ["--min-latency", "0.0000001"], /latency '0\.0000001'/],
  ["an empty latency", ["--min-latency="], /latency ''/],
];

for (const [title, args, message] of refused) {
  test(`parse() refuses ${title}`, () => {
    assert.throws(() => parse(args), (error) => {
      assert.ok(error instanceof UsageError, `not a UsageError: ${error}`);
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /\p{Cc}/u, "more than one line");
      // `main` ends the sentence.
      assert.doesNotMatch(error.message, /\.$/);
      assert.match(error.message, /^[a-z-]/);
      return true;
    });
  });
}
