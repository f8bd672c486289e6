// The program: global options, every command, help in the language of the user.

import { readFileSync } from 'node:fs';
import { Command, type Help, Option } from 'commander';
import { data } from './commands/data.ts';
import { doctor } from './commands/doctor.ts';
import { evaluate } from './commands/evaluate.ts';
import { exportCommand } from './commands/export.ts';
import { generate } from './commands/generate.ts';
import { inspect } from './commands/inspect.ts';
import { recipe } from './commands/recipe.ts';
import { resume } from './commands/resume.ts';
import { runs } from './commands/runs.ts';
import { serve } from './commands/serve.ts';
import { tokenizer } from './commands/tokenizer.ts';
import { train } from './commands/train.ts';
import type { Register, Session } from './session.ts';

/** In the order of the help. */
const commands: readonly Register[] = [
  ...[train, resume, runs, recipe, data],
  ...[generate, evaluate, exportCommand, serve],
  ...[tokenizer, inspect, doctor],
];

const version = (): string =>
  String(
    (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: unknown }).version,
  );

export function buildProgram(session: Session): Command {
  const { phrases } = session;
  const program = new Command('yumo')
    .description(phrases.yumo)
    .version(version(), '-V, --version', phrases.version)
    .helpOption('-h, --help', phrases.help)
    .helpCommand('help [command]', phrases.helpCommand)
    .option('--json', phrases.json)
    .option('--debug', phrases.debug)
    .addOption(new Option('--lang <language>', phrases.lang).choices(['en', 'zh']))
    .configureHelp(helpIn(phrases))
    // Messages of the parser are printed by main, in the form of all others.
    .configureOutput({ outputError: () => undefined })
    .exitOverride();
  for (const register of commands) register(program, session);
  return program;
}

function helpIn(phrases: Session['phrases']): Partial<Help> {
  const titles: Readonly<Record<string, string>> = phrases.titles;
  return {
    showGlobalOptions: true,
    styleTitle: (title) => titles[title] ?? title,
    optionDescription({ description, argChoices, defaultValue, required, optional }) {
      const shown = defaultValue !== undefined && (required || optional) ? JSON.stringify(defaultValue) : undefined;
      return description + phrases.optionFacts(argChoices?.join(', '), shown);
    },
  };
}
