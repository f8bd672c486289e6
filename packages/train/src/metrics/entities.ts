// Entities out of tags: IOB1, IOB2, IOE1, IOE2, IOBES, BILOU and BMES, strictly or as conlleval reads them.

import { nearest, YumoError } from '@yumo/core';

/** A run of tokens of one type. */
export interface Entity {
  readonly type: string;
  /** First token. */
  readonly start: number;
  /** After the last token. */
  readonly end: number;
}

export type TagScheme = 'IOB1' | 'IOB2' | 'IOE1' | 'IOE2' | 'IOBES' | 'BILOU' | 'BMES';

/** Which pair of neighbouring tags does what: `previous current =` for one type, `≠` for two, `*` for any. A letter class stands for each letter. */
interface Rules {
  readonly letters: string;
  /** The current tag begins an entity. */
  readonly starts: readonly string[];
  /** The current tag goes on with the entity. */
  readonly inside: readonly string[];
  /** The entity that the previous tag belongs to is whole; one that ends otherwise does not count. */
  readonly ends: readonly string[];
}

const any = 'OIBES';

/**
 * The schemes (Ramshaw & Marcus 1995; Tjong Kim Sang & Veenstra 1999; Ratinov & Roth 2009) as seqeval 1.2 reads them in strict mode. In IOB1 a B,
 * and in IOE1 an E, is only for neighbours of one type.
 */
const schemes: { readonly [K in 'IOB1' | 'IOB2' | 'IOE1' | 'IOE2' | 'IOBES']: Rules } = {
  IOB1: {
    letters: 'IOB',
    starts: ['O I *', 'I I ≠', 'B I *', 'IB B ='],
    inside: ['IB I ='],
    ends: ['I I ≠', 'I OB *', 'B O *', 'B I ≠', 'B B ='],
  },
  IOB2: {
    letters: 'IOB',
    starts: [`${any} B *`],
    inside: ['IB I ='],
    ends: ['IB OB *', 'IB I ≠'],
  },
  IOE1: {
    letters: 'IOE',
    starts: ['O I *', 'I I ≠', 'E I *', 'E E ='],
    inside: ['I IE ='],
    ends: ['I I ≠', 'I O *', 'I E ≠', 'E IE ='],
  },
  IOE2: {
    letters: 'IOE',
    starts: ['OE IE *', 'I IE ≠'],
    inside: ['I IE ='],
    ends: [`E ${any} *`],
  },
  IOBES: {
    letters: 'IOBES',
    starts: [`${any} BS *`],
    inside: ['IB IE ='],
    ends: [`SE ${any} *`],
  },
};

/** The letters of schemes that differ from IOBES only by name. */
const synonyms: { readonly [K in TagScheme]?: Readonly<Record<string, string>> } = {
  BILOU: { B: 'B', I: 'I', L: 'E', O: 'O', U: 'S' },
  BMES: { B: 'B', M: 'I', E: 'E', S: 'S', O: 'O' },
};

interface Tag {
  readonly letter: string;
  readonly type: string;
}

const outside: Tag = { letter: 'O', type: '_' };

/**
 * The whole entities of a scheme; those that the scheme does not allow are left out.
 * @throws YumoError `DATA` for a tag whose letter is not in the scheme.
 */
export function strictEntities(tags: readonly string[], scheme: TagScheme): Entity[] {
  const rules = rulesOf(scheme);
  const read = [...tags.map((tag) => parse(tag, scheme, rules)), outside];
  const entities: Entity[] = [];
  for (let i = 0; i < tags.length; ) {
    const first = read[i]!;
    if (!fits(rules.starts, read[i - 1] ?? outside, first)) {
      i++;
      continue;
    }
    let end = i + 1;
    while (fits(rules.inside, read[end - 1]!, read[end]!)) end++;
    if (fits(rules.ends, read[end - 1]!, read[end]!)) entities.push({ type: first.type, start: i, end });
    i = end;
  }
  return entities;
}

/**
 * Entities as conlleval finds them: every run of one type counts, also when the tags break their scheme (an I after an O begins
 * one). What seqeval does by default. Bare letters have the type `_`; BILOU and BMES letters are understood as well.
 * @throws YumoError `DATA` for a tag without a known letter.
 */
export function entitiesOf(tags: readonly string[]): Entity[] {
  const read = [...tags.map(parseAny), outside];
  const entities: Entity[] = [];
  let start = 0;
  let previous: Tag = outside;
  read.forEach((tag, i) => {
    const changed = previous.type !== tag.type;
    if ('ES'.includes(previous.letter) || ('BI'.includes(previous.letter) && ('BSO'.includes(tag.letter) || changed)))
      entities.push({ type: previous.type, start, end: i });
    else if (previous.letter !== 'O' && changed) entities.push({ type: previous.type, start, end: i });
    if (
      'BS'.includes(tag.letter) ||
      ('ESO'.includes(previous.letter) && 'IE'.includes(tag.letter)) ||
      (tag.letter !== 'O' && changed)
    )
      start = i;
    previous = tag;
  });
  return entities;
}

function rulesOf(scheme: TagScheme): Rules {
  if (scheme in schemes) return schemes[scheme as keyof typeof schemes];
  if (scheme in synonyms) return schemes.IOBES;
  const names = [...Object.keys(schemes), ...Object.keys(synonyms)];
  const near = nearest(scheme, names);
  throw new YumoError(
    'CONFIG',
    `tag scheme "${scheme}" is not known${near ? `; did you mean "${near}"?` : `; there are ${names.join(', ')}`}`,
    {
      scheme,
    },
  );
}

function fits(patterns: readonly string[], previous: Tag, current: Tag): boolean {
  return patterns.some((pattern) => {
    const [before, now, type] = pattern.split(' ');
    return (
      before!.includes(previous.letter) &&
      now!.includes(current.letter) &&
      (type === '*' || (type === '=') === (previous.type === current.type))
    );
  });
}

function parse(text: string, scheme: TagScheme, rules: Rules): Tag {
  const own = text.slice(0, 1);
  const letter = scheme in synonyms ? synonyms[scheme]![own] : own;
  if (letter === undefined || letter === '' || !rules.letters.includes(letter)) {
    const letters = scheme in synonyms ? Object.keys(synonyms[scheme]!) : [...rules.letters];
    throw new YumoError('DATA', `tag "${text}" is not one of ${scheme}; its tags begin with ${letters.join(', ')}`, {
      tag: text,
      scheme,
    });
  }
  return { letter, type: text.slice(1).replace(/^-+|-+$/g, '') || '_' };
}

function parseAny(text: string): Tag {
  const letter = ({ L: 'E', U: 'S', M: 'I' } as Readonly<Record<string, string>>)[text.slice(0, 1)] ?? text.slice(0, 1);
  if (!any.includes(letter) || letter === '' || (text.length > 1 && text[1] !== '-'))
    throw new YumoError('DATA', `tag "${text}" is not of the form B-TYPE, I-TYPE, …, O`, { tag: text });
  return { letter, type: text.slice(2) || '_' };
}
