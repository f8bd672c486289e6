#!/usr/bin/env node
// yumo on the command line: parses, runs one command, answers with an exit code.

import { type Command, CommanderError } from 'commander';
import { exitCodes, failureOf } from './exit-codes.ts';
import { interruption } from './interrupt.ts';
import { chooseLanguage, languages } from './language.ts';
import { buildProgram } from './program.ts';
import { normalizeFlags } from './recipe-flags.ts';
import type { Session } from './session.ts';
import { Output } from './ui/output.ts';

/** The words before `--`: those that may be options. */
const optionWords = (argv: readonly string[]): readonly string[] =>
  argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;

/** Known before parsing, so that also a mistake on the command line is answered in the right form and language. */
function glance(argv: readonly string[]): { json: boolean; debug: boolean; lang: string | undefined } {
  const words = optionWords(argv);
  const at = words.findIndex((w) => w === '--lang' || w.startsWith('--lang='));
  const lang = at < 0 ? undefined : words[at]!.includes('=') ? words[at]!.split('=')[1] : words[at + 1];
  return { json: words.includes('--json'), debug: words.includes('--debug'), lang };
}

async function run(argv: readonly string[]): Promise<number> {
  const { json, debug, lang } = glance(argv);
  const phrases = languages[chooseLanguage(lang, process.env)];
  const output = new Output(process, { json });
  const stop = interruption(() => output.note(phrases.stopping));
  const session: Session = { output, phrases, interruption: stop };
  let command: Command | undefined;
  try {
    const program = buildProgram(session).hook('preAction', (_, called) => {
      command = called;
    });
    await program.parseAsync(normalizeFlags(argv), { from: 'user' });
    return process.exitCode === undefined ? (stop.exit ?? 0) : Number(process.exitCode);
  } catch (error) {
    // Help and version end the parsing by an error that is none; so does a group without a command, whose help is printed on stderr.
    if (error instanceof CommanderError && (error.exitCode === 0 || error.code === 'commander.help'))
      return error.exitCode === 0 ? 0 : exitCodes.USAGE;
    const failure = failureOf(error, phrases);
    const exit = failure.code === 'ABORTED' ? (stop.exit ?? failure.exit) : failure.exit;
    const { code, detail } = failure;
    const message = detail.skippable === true ? withWayOut(failure.message, command, phrases) : failure.message;
    output.document({ error: { code, message, detail, exit } });
    output.note(`yumo: ${message}`);
    if (debug && error instanceof Error) output.note(describeStack(error));
    else if (code === 'INTERNAL') output.note(phrases.internal);
    return exit;
  } finally {
    stop.dispose();
  }
}

/** What is said of a wrong row, and how such rows are left out: by the command's option, or in the recipe. */
function withWayOut(message: string, command: Command | undefined, { skipRows }: Session['phrases']): string {
  const option = command?.options.find(({ long }) => long === '--skip' || long === '--skip-bad-rows')?.long;
  return `${message}${message.endsWith('?') ? ' ' : '; '}${option ? skipRows.byOption(option) : skipRows.byRecipe}`;
}

/** The stack of an error and of what lies beneath it. */
function describeStack(error: Error): string {
  const beneath = error.cause instanceof Error ? `\n  cause: ${describeStack(error.cause)}` : '';
  return `${error.stack ?? error.message}${beneath}`;
}

// `yumo … | head` closes our output: that is the reader's right, and no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await run(process.argv.slice(2));
