// Instructions with answers (alpaca), and with several ranked answers.

import { show, stringOf } from './json.ts';
import { RowError, type Tracker } from './report.ts';
import type { InstructionRow, Message, PreferenceRow, RecordRow } from './rows.ts';

/** `{instruction, input, output}`; `input` may be missing. With a list of outputs, best first, and a `history` of turns: a preference. */
export function readInstructions(records: readonly RecordRow[], tracker: Tracker): (InstructionRow | PreferenceRow)[] {
  return records.flatMap(({ fields, line }) =>
    tracker.at(line, () => {
      const instruction = stringOf(fields.instruction, 'instruction');
      const input = stringOf(fields.input ?? '', 'input');
      if (Array.isArray(fields.output)) return preferenceOf(instruction, input, fields.output, fields.history);
      const output = stringOf(fields.output, 'output');
      if (output === '') tracker.note('empty output');
      return { task: 'instruction', instruction, input, output };
    }),
  );
}

function preferenceOf(
  instruction: string,
  input: string,
  outputs: readonly unknown[],
  history: unknown,
): PreferenceRow {
  if (outputs.length < 2) throw new RowError(`output has ${outputs.length} answers, ranking needs two`, 'output');
  const turns = (Array.isArray(history) ? history : []).flatMap((turn: unknown, i): Message[] => {
    if (!Array.isArray(turn) || turn.length !== 2)
      throw new RowError(`history[${i}] is ${show(turn)}, expected [user, assistant]`, `history[${i}]`);
    return [
      { role: 'user', content: stringOf(turn[0], `history[${i}][0]`) },
      { role: 'assistant', content: stringOf(turn[1], `history[${i}][1]`) },
    ];
  });
  const question = input === '' ? instruction : `${instruction}\n${input}`;
  return {
    task: 'preference',
    messages: [...turns, { role: 'user', content: question }],
    ranked: outputs.map((output, i) => stringOf(output, `output[${i}]`)),
  };
}
