/**
 * The `sightline` program: reads the command line and hands over to one command. Owns help, usage errors and the last
 * resort.
 */
import { existsSync } from "node:fs";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { VERSION } from "../version.ts";
import { type AnalyzeFlags, analyzeCommand } from "./commands/analyze.ts";
import { type BypassFlags, bypassCommand } from "./commands/bypass.ts";
import { type CompareFlags, compareCommand } from "./commands/compare.ts";
import { explainCommand, rulesCommand } from "./commands/explain.ts";
import { type ExtractFlags, extractCommand } from "./commands/extract.ts";
import { showCommand } from "./commands/show.ts";
import { type UpdateKnowledgeFlags, updateKnowledgeCommand } from "./commands/update-knowledge.ts";
import { EXIT_COULD_NOT_RUN, say, sayDefect, sayError, UserError } from "./messages.ts";
import { addRenderings, type RenderingFlags } from "./renderings.ts";

const EXIT_STATUS = `
Exit status:
  0  clear
  1  intercepted or impaired
  2  cannot tell, or could not run
`;

const EXAMPLES = `
Examples:
  $ sightline analyze meeting.pcapng
  $ sightline analyze ring_*.pcapng.gz
  $ sightline analyze --private-ca corporate-ca.pem meeting.pcapng
  $ sightline analyze --baseline before.json meeting.pcapng
  $ sightline analyze --keylog keys.txt meeting.pcapng
  $ sightline analyze --json meeting.pcapng > report.json
  $ sightline analyze --html meeting.pcapng > report.html
  $ sightline compare client.pcapng edge.pcapng
  $ tcpdump -i eth0 -U -w - port 443 or port 3478 | sightline analyze
`;

const UPDATE_EXAMPLES = `
Examples:
  $ sightline update-knowledge
  $ sightline update-knowledge --from Zoom.txt
  $ sightline update-knowledge --from https://assets.zoom.us/docs/ipranges/Zoom.txt
  $ sightline update-knowledge --from 'https://endpoints.office.com/endpoints/worldwide?ServiceAreas=Skype&clientrequestid=GUID'
`;

const SHOW_EXAMPLES = `
Examples:
  $ sightline show report.json
  $ sightline show --markdown report.json > ticket.md
  $ sightline show --ecs report.json > events.ndjson
`;

const EXPLAIN_EXAMPLES = `
Examples:
  $ sightline explain leaf-with-issuer-key
  $ sightline explain path-mtu-black-hole
  $ sightline explain forcepoint-content-gateway
  $ sightline explain desktop-sharing
`;

const COMPARE_EXAMPLES = `
Examples:
  $ sightline compare client.pcapng edge.pcapng
  $ sightline compare --json client.pcapng edge.pcapng > report.json
`;

const EXTRACT_HELP = `
Anonymized evidence has other addresses, alike where they are neighbours; whoever
knows one of them learns of its neighbours. Ports, times and what handshakes say
stay, with the names of servers: certificates are the evidence, and a name that
is changed in one is no longer what was signed. Hardware addresses, tunnels,
passwords, users' names, cookies, client certificates and all payload behind the
handshake are left out.

Exit status:
  0  written
  2  could not run

Examples:
  $ sightline analyze --json meeting.pcapng > report.json
  $ sightline extract report.json meeting.pcapng -o evidence.pcapng
  $ sightline extract --anonymize report.json meeting.pcapng -o public.pcapng
  $ tshark -r evidence.pcapng -T fields -e frame.number -e frame.comment
`;

process.on("uncaughtException", fail);
// A reader that went away is no error; other errors of stdout are met where it is written.
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});

/** By a command that reads captures: of the others not all that reading takes was compiled. */
let hasJudged = false;

const program = new Command("sightline")
  .description(
    "Reads packet captures and proves or rules out TLS interception between a client and a meeting server: " +
      "names the interceptor, or the look-alike fault, the feature that breaks, and what to change.",
  )
  .version(VERSION)
  .exitOverride()
  .configureOutput({ outputError: () => {} })
  .addHelpText("after", EXIT_STATUS + EXAMPLES);

const analyze = program
  .command("analyze")
  .summary("judge the connections of a capture")
  .description("Judges the connections of one or more captures, read as one. Without files it reads stdin.")
  .argument("[files...]", "pcap, pcapng, snoop or Network Monitor files, plain, gzip or zstd; - is stdin");
judges(addRenderings(analyze, ["json", "markdown", "html", "ecs"]))
  .addHelpText("after", EXIT_STATUS + EXAMPLES)
  .action(async (files: string[], flags: AnalyzeFlags) => {
    process.exitCode = await analyzeCommand(files, flags);
    hasJudged = process.exitCode !== EXIT_COULD_NOT_RUN;
  });

const compare = program
  .command("compare")
  .summary("find the same connections at both ends of a path")
  .description(
    "Compares a capture made at the client with one made at the server's end at the same time: pairs their connections, " +
      "also through NAT, and shows both hellos and certificates side by side. Another hello at the other end shows that something between ended TLS.",
  )
  .argument("<client>", "capture made at the client, or near it")
  .argument("<edge>", "capture made at the server, or near it");
judges(addRenderings(compare, ["json"]))
  .addHelpText("after", EXIT_STATUS + COMPARE_EXAMPLES)
  .action(async (client: string, edge: string, flags: CompareFlags) => {
    process.exitCode = await compareCommand(client, edge, flags);
    hasJudged = process.exitCode !== EXIT_COULD_NOT_RUN;
  });

program
  .command("bypass")
  .summary("write what to exempt for the product that intercepts")
  .description(
    "Writes the exemptions of a Report as the product that intercepts wants them: by name where that can match, by address where " +
      "it cannot. stdout is only what is to be pasted; what was not verified is a list to type in. Without --for it is written " +
      "for the product that the Report names.",
  )
  .argument("[report]", "a Report, as `sightline analyze --json` prints it; - is stdin (default: stdin)")
  .option("--for <product>", "the product to write for")
  .option("--list", "list the products, what is written for each, and whether it was verified")
  .addHelpText(
    "after",
    `
Exit status:
  0  something was written; what could not be is a warning
  2  nothing to exempt, nothing that the product can match, or could not run

Examples:
  $ sightline analyze --json meeting.pcapng > report.json
  $ sightline bypass report.json
  $ sightline bypass report.json --for squid > no-bump.conf
  $ sightline bypass --list
`,
  )
  .action(async (report: string | undefined, flags: BypassFlags) => {
    process.exitCode = await bypassCommand(report, flags);
  });

program
  .command("extract")
  .summary("write the frames that prove a Report, as pcapng")
  .description(
    "Writes the frames that prove the findings of a Report, to hand over: pcapng for Wireshark, with a comment on " +
      "each frame that says what it proves. Its own analysis gives the same findings.",
  )
  .argument("<report>", "Report, as `sightline analyze --json` printed it; - is stdin")
  .argument("<file...>", "the capture or captures that it is of")
  .requiredOption("-o, --output <file>", "file to write, which must not exist yet; - is stdout")
  .option("--anonymize", "other addresses, nothing private; names in hellos and certificates stay (see below)")
  .addHelpText("after", EXTRACT_HELP)
  .action(async (report: string, captures: string[], flags: ExtractFlags) => {
    await extractCommand(report, captures, flags);
  });

program
  .command("update-knowledge")
  .summary("import a vendor's list of addresses, or show those in use")
  .description(
    "Imports a list of the addresses of a meeting service, as its vendor publishes it, for all later runs; without --from it shows " +
      "the lists in use. Nothing is fetched but the URL that is given.",
  )
  .option(
    "--from <file-or-url>",
    "Microsoft's endpoints (JSON), Google's prefixes (JSON), or CIDR blocks; a URL must be https",
  )
  .option("--service <id>", "whose list it is, where that cannot be told: teams, zoom, webex or meet")
  .addHelpText("after", UPDATE_EXAMPLES)
  .action(async (flags: UpdateKnowledgeFlags) => {
    process.exitCode = await updateKnowledgeCommand(flags);
  });

const show = program
  .command("show")
  .summary("print a Report that was saved")
  .description("Prints a Report that `analyze --json` has saved: as text, or as another rendering of it.")
  .argument("<report>", "the file; - is stdin");
addRenderings(show, ["markdown", "html", "ecs"])
  .addHelpText("after", EXIT_STATUS + SHOW_EXAMPLES)
  .action(async (report: string, flags: RenderingFlags) => {
    process.exitCode = await showCommand(report, flags);
  });

program
  .command("rules")
  .summary("list what is looked for")
  .description("Lists all rules: what each looks for, and how sure it can be at best.")
  .action(rulesCommand);

program
  .command("explain")
  .summary("say what an id in a Report means")
  .description(
    "Explains a rule, a cause, an interception product, a meeting service or one of its features: what it means, how sure it is, " +
      "what looks alike, what to do, and where that is written.",
  )
  .argument("<id>", "as a Report names it")
  .addHelpText("after", EXPLAIN_EXAMPLES)
  .action((id: string) => explainCommand(id));

/** The options that are the same for every command that judges. */
function judges(command: Command): Command {
  return command
    .option("--roots <file>", "PEM roots to treat as public, besides Mozilla's (repeatable)", append)
    .option("--private-ca <file>", "PEM of a legitimate private CA (repeatable)", append)
    .option(
      "--inspection-ca <file>",
      "PEM of a CA that signs for TLS inspection: it proves interception (repeatable)",
      append,
    )
    .option(
      "--baseline <file>",
      "what servers really present: a Report, a chain in PEM, or lines `host[:port] sha256:HEX` (repeatable)",
      append,
    )
    .option(
      "--keylog <file>",
      "key log (SSLKEYLOGFILE), to read the handshakes of TLS 1.3, and TURN inside TLS (repeatable)",
      append,
    )
    .option("--max-connections <number>", "most connections the Report lists (default: 5000)", positive);
}

/**
 * Runs the command line of this process; its exit status is `process.exitCode`. True: a capture was read and judged. After
 * false it may have been too, for one exit status says that nothing could be told and that nothing could be run.
 */
export async function run(): Promise<boolean> {
  try {
    await program.parseAsync();
    return hasJudged;
  } catch (error) {
    if (error instanceof CommanderError) sayUsage(error);
    else fail(error);
    return false;
  }
}

function fail(error: unknown): void {
  process.exitCode = EXIT_COULD_NOT_RUN;
  if (error instanceof UserError) sayError(error);
  else sayDefect(error);
}

function sayUsage(error: CommanderError): void {
  if (error.exitCode === 0) return;
  process.exitCode = EXIT_COULD_NOT_RUN;
  // The bare program: commander has written the help to stderr.
  if (error.code === "commander.help") return;
  const [what, suggestion] = error.message.replace(/^error: /, "").split("\n");
  say("error", what ?? error.message);
  const args = process.argv.slice(2);
  if (suggestion !== undefined) say("hint", suggestion.replace(/^\(Did/, "did").replace(/\)$/, ""));
  else if (
    !program.commands.some((command) => command.name() === args[0]) &&
    args.some((argument) => existsSync(argument))
  )
    say("hint", `to judge a capture: sightline analyze ${args.join(" ")}`);
  else say("hint", "see `sightline --help`");
}

function append(value: string, previous: string[] = []): string[] {
  return [...previous, value];
}

function positive(value: string): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(number) || number < 1)
    throw new InvalidArgumentError("It must be a whole number, 1 or more.");
  return number;
}
