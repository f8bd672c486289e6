// Labels of a file ↔ classes of a model: `1`, `LABEL_1`, `positive`, `pos` may be the same thing. Matched with care, and always told.

import { suggestion, YumoError } from '@yumo/core';

/** How the labels of a file were understood. */
export interface LabelMap {
  /** Label of the file → name of the model's class, in the order of the classes. */
  readonly names: ReadonlyMap<string, string>;
  /** Why, for people: "by name", "numbers in the order of the classes", … */
  readonly reason: string;
}

/** Names of the same class. The first is how the family is numbered: 0, 1, 2 by convention of the published sets. */
const families: readonly (readonly (readonly string[])[])[] = [
  [
    ['negative', 'neg', 'bad', '负面', '负', '消极', '差评', '负向'],
    ['positive', 'pos', 'good', '正面', '正', '积极', '好评', '正向'],
  ],
  [
    ['entailment', 'entail', 'e', '蕴含'],
    ['neutral', 'n', '中立'],
    ['contradiction', 'contradict', 'c', '矛盾'],
  ],
];

const plain = (label: string): string =>
  label
    .normalize('NFKC')
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_/-]+/g, ' ');
const numberOf = (label: string): number | undefined =>
  /^(?:label_?)?\d+$/i.test(label.trim())
    ? Number(/\d+/.exec(label)![0])
    : /^\d+\.0+$/.test(label)
      ? Number(label)
      : undefined;

/** Place in a family, when every one of the labels has one there. */
function familyOf(labels: readonly string[]): ReadonlyMap<string, number> | undefined {
  for (const family of families) {
    const place = (label: string): number => family.findIndex((names) => names.includes(plain(label)));
    if (labels.length > 1 && labels.every((label) => place(label) >= 0))
      return new Map(labels.map((label) => [label, place(label)]));
  }
  return undefined;
}

/**
 * @param found the labels of the file, each once
 * @param classes the names of the model's classes by number
 * @param given what `--labels` says: names of the file's labels in the order of the classes, or pairs `file=class`
 * @throws YumoError `DATA` when a label cannot be matched; the message shows both sides and how to say it
 */
export function matchLabels(
  found: readonly string[],
  classes: readonly string[],
  given: readonly string[] = [],
): LabelMap {
  const fail = (why: string): never => {
    throw new YumoError(
      'DATA',
      `labels of the file (${shown(found)}) and classes of the model (${shown(classes)}) do not match: ${why}; say it by --labels, the file's labels in the order of the model's classes, or as pairs file=class`,
      { labels: found, classes },
    );
  };
  const mapped = (reason: string, classOf: (label: string) => string | undefined): LabelMap => {
    const pairs = found.map((label) => [label, classOf(label)] as const);
    const missing = pairs.filter(([, name]) => name === undefined).map(([label]) => label);
    if (missing.length > 0)
      fail(`${shown(missing)} ${missing.length > 1 ? 'have' : 'has'} no class${suggestion(missing[0]!, classes)}`);
    const names = new Map(pairs as [string, string][]); // checked just now
    // What `--labels` says may join labels (1 and 2 stars are negative); a guess that does is refused.
    if (given.length === 0 && new Set(names.values()).size < names.size) fail('two labels would be the same class');
    const order = (name: string): number => classes.indexOf(name);
    return { names: new Map([...names].sort((a, b) => order(a[1]) - order(b[1]))), reason };
  };
  if (given.length > 0) return asGiven(found, classes, given, mapped, fail);

  if (found.every((label) => classes.includes(label))) return mapped('by name', (label) => label);
  const byPlain = new Map(classes.map((name) => [plain(name), name]));
  if (byPlain.size === classes.length && found.every((label) => byPlain.has(plain(label))))
    return mapped('by name, whatever the case', (label) => byPlain.get(plain(label)));
  const [fileFamily, modelFamily] = [familyOf(found), familyOf(classes)];
  const atPlace = (place: number): string | undefined =>
    modelFamily === undefined ? undefined : classes.find((name) => modelFamily.get(name) === place);
  if (fileFamily && modelFamily) return mapped('by meaning', (label) => atPlace(fileFamily.get(label)!));
  const numbers = found.map(numberOf);
  const numbered = numbers.every((n) => n !== undefined);
  if (numbered) {
    const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
    if (least >= 1 && most === classes.length)
      return mapped('numbers from 1 in the order of the classes', (label) => classes[numberOf(label)! - 1]);
    if (modelFamily && most < classes.length)
      return mapped('numbers as the published sets use them', (label) => atPlace(numberOf(label)!));
    return mapped('numbers in the order of the classes', (label) => classes[numberOf(label)!]);
  }
  const classNumbers = classes.map(numberOf);
  if (fileFamily && classNumbers.every((n) => n !== undefined))
    return mapped(
      'names as the published sets number them',
      (label) => classes[classNumbers.indexOf(fileFamily.get(label)!)],
    );
  return mapped('by name', (label) => byPlain.get(plain(label)));
}

function asGiven(
  found: readonly string[],
  classes: readonly string[],
  given: readonly string[],
  mapped: (reason: string, classOf: (label: string) => string | undefined) => LabelMap,
  fail: (why: string) => never,
): LabelMap {
  if (given.every((entry) => entry.includes('='))) {
    const pairs = given.map((entry): [string, string] => {
      const at = entry.lastIndexOf('=');
      return [entry.slice(0, at).trim(), entry.slice(at + 1).trim()];
    });
    const unknown = pairs.find(([, name]) => !classes.includes(name));
    if (unknown) fail(`--labels names the class "${unknown[1]}"${suggestion(unknown[1], classes)}`);
    return mapped('as --labels says', (label) => new Map(pairs).get(label));
  }
  if (given.length !== classes.length) fail(`--labels has ${given.length} names, the model ${classes.length} classes`);
  // Names for numbers of the file, such as class.txt beside it, or the labels as the file has them.
  if (!found.every((label) => given.includes(label)) && found.every((label) => numberOf(label) !== undefined)) {
    const first =
      Math.min(...found.map((label) => numberOf(label)!)) >= 1 && found.some((l) => numberOf(l) === given.length)
        ? 1
        : 0;
    const numbered = classes.every((name) => numberOf(name) !== undefined);
    const byName = numbered ? new Map(given.map((name, i) => [name, classes[i]!])) : matchLabels(given, classes).names;
    return mapped('numbers named by --labels', (label) => byName.get(given[numberOf(label)! - first] ?? ''));
  }
  return mapped('as --labels says', (label) => classes[given.indexOf(label)]);
}

function shown(names: readonly string[]): string {
  const first = names.slice(0, 12).map((name) => (name === '' ? '""' : name));
  return `${first.join(', ')}${names.length > 12 ? `, … ${names.length} in all` : ''}`;
}
