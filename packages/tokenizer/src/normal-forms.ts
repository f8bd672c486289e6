// Unicode normal forms (UAX #15) that keep, character by character, where the result came from.
import type { AlignedText } from './aligned-text.ts';
import { newerThan9 } from './unicode-differences.ts';

export type NormalForm = 'NFC' | 'NFD' | 'NFKC' | 'NFKD';

/** The text in the normal form; each character points where the reference implementation lets it point. */
export function normalForm(piece: AlignedText, form: NormalForm): AlignedText {
  const { text } = piece;
  // Every form leaves ASCII as it is, and text that does not change keeps its alignment.
  if (!/[^\0-\x7f]/.test(text) || text.normalize(form) === text) return piece;
  const result: Changed = { characters: [], changes: [] };
  text.split(inert).forEach((part, i) => {
    const { characters, changes } = i % 2 === 1 ? { characters: [part], changes: [0] } : normalPart(part, form);
    for (const character of characters) result.characters.push(character);
    for (const change of changes) result.changes.push(change);
  });
  return piece.transform(result.characters, result.changes);
}

// Characters newer than the reference's tables stand between the parts that are normalised.
const inert = new RegExp(`([${newerThan9}])`, 'u');

function normalPart(text: string, form: NormalForm): Changed {
  const decomposed = decompose(text, form === 'NFC' || form === 'NFD' ? 'NFD' : 'NFKD');
  return form === 'NFC' || form === 'NFKC' ? compose(decomposed) : decomposed;
}

/** Characters with their changes, as `AlignedText.transform` takes them. */
interface Changed {
  characters: string[];
  changes: number[];
}

function decompose(text: string, form: 'NFD' | 'NFKD'): Changed {
  const characters: string[] = [];
  const changes: number[] = [];
  for (const character of text) {
    let change = 0;
    for (const part of character < '\x80' ? character : character.normalize(form)) {
      characters.push(part);
      changes.push(change);
      change = 1;
    }
  }
  const ordered = [...text.normalize(form)];
  if (ordered.length !== characters.length || ordered.every((c, i) => c === characters[i]))
    return { characters, changes };
  // Canonical ordering is stable and equal characters have equal class: the n-th of a kind stays the n-th of its kind.
  const queues = new Map<string, number[]>();
  for (let i = characters.length - 1; i >= 0; i--) {
    const queue = queues.get(characters[i]!);
    if (queue === undefined) queues.set(characters[i]!, [changes[i]!]);
    else queue.push(changes[i]!);
  }
  return { characters: ordered, changes: ordered.map((character) => queues.get(character)?.pop() ?? 0) };
}

/** Canonical composition (UAX #15, D117), summing the changes of what is composed. */
function compose({ characters, changes }: Changed): Changed {
  const result: Changed = { characters: [], changes: [] };
  let base = '';
  let baseChange = 0;
  let marks: [string, number][] = [];
  const put = (character: string, change: number) => {
    result.characters.push(character);
    result.changes.push(change);
  };
  const flush = () => {
    if (base !== '') put(base, baseChange);
    for (const [mark, change] of marks) put(mark, change);
    base = '';
    marks = [];
  };
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i]!;
    const change = changes[i]!;
    const starter = isStarter(character);
    if (base === '') {
      if (starter) [base, baseChange] = [character, change];
      else put(character, change);
      continue;
    }
    const last = marks.at(-1)?.[0];
    // In canonical order a mark is blocked from its base by one of the same class right before it.
    const blocked = last !== undefined && (starter || sameClass(last, character));
    const composed = blocked || character < '\x80' ? null : primaryComposite(base, character);
    if (composed !== null) {
      base = composed;
      baseChange += change - 1;
    } else if (starter) {
      flush();
      [base, baseChange] = [character, change];
    } else {
      marks.push([character, change]);
    }
  }
  flush();
  return result;
}

function primaryComposite(base: string, mark: string): string | null {
  const composed = (base + mark).normalize('NFC');
  return composed.length <= 2 && [...composed].length === 1 ? composed : null;
}

/** Whether the character is of combining class 0: U+0345 has the highest class, 240, and whatever has one goes before it. */
export function isStarter(character: string): boolean {
  if (character < '\u0300') return true;
  return character !== '\u0345' && `\u0345${character}`.normalize('NFD').startsWith('\u0345');
}

function sameClass(first: string, second: string): boolean {
  return (second + first).normalize('NFD').startsWith(second) && (first + second).normalize('NFD').startsWith(first);
}
