import assert from "node:assert/strict";
import test from "node:test";
import { parse } from "../../src/cli/parse.ts";
import { UsageError } from "../../src/cli/values.ts";

const ports = (count: number) => Array.from({ length: count }, (_, i) => i + 1).join();

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
  ["a port range", ["-P", "80-90"], /port '80-90'/],
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
  ["65 ports", ["-P", ports(65)], /too many ports: 65, of at most 64/],
  ["65 ports in two lists", ["-P", ports(64), "-P", "65"], /too many ports: 65/],
  ["65 PIDs", ["-p", ports(65)], /too many PIDs: 65/],
  ["65 UIDs", ["-u", ports(65)], /too many UIDs: 65/],
  ["an empty list", ["-p", ""], /empty PID/],
  ["an empty list behind an equals sign", ["--port="], /empty port/],
  ["an empty element", ["-P", "80,,443"], /empty port in '80,,443'/],
  ["an empty first element", ["-P", ",80"], /empty port/],
  ["an empty last element", ["-u", "0,"], /empty UID/],
  ["a list of nothing but a comma", ["-p", ","], /empty PID/],
  ["one bad element among good ones", ["-P", "80,x,443"], /port 'x'/],
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
