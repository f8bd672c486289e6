// Porter's stemmer for English, with the exceptions and changes that NLTK made: what ROUGE's stemming option means in practice.

/** From NLTK's list of irregular forms. */
const irregular = new Map(
  Object.entries({
    sky: 'sky skies',
    die: 'dying',
    lie: 'lying',
    tie: 'tying',
    news: 'news',
    inning: 'innings inning',
    outing: 'outings outing',
    canning: 'cannings canning',
    howe: 'howe',
    proceed: 'proceed',
    exceed: 'exceed',
    succeed: 'succeed',
  }).flatMap(([stem, forms]) => forms.split(' ').map((form) => [form, stem] as const)),
);

/** Suffix → what takes its place, for steps 2 to 4; the first suffix that fits decides. */
type Rules = readonly (readonly [suffix: string, replacement: string])[];

const table = (text: string): Rules =>
  text.split(' ').map((rule) => {
    const [suffix, replacement] = rule.split('>');
    return [suffix!, replacement ?? ''];
  });

const step2 = table(
  'ational>ate tional>tion enci>ence anci>ance izer>ize bli>ble alli>al entli>ent eli>e ousli>ous ization>ize ation>ate ator>ate alism>al iveness>ive fulness>ful ousness>ous aliti>al iviti>ive biliti>ble fulli>ful',
);
const step3 = table('icate>ic ative alize>al iciti>ic ical>ic ful ness');
const step4 = table('al ance ence er ic able ible ant ement ment ent ion ou ism ate iti ous ive ize');

/** The stem of a lower-case word (Porter 1980, "An algorithm for suffix stripping"; steps as numbered there). */
export function stem(word: string): string {
  const known = irregular.get(word);
  if (known !== undefined) return known;
  if (word.length <= 2) return word;
  let s = plural(word);
  s = pastAndProgressive(s);
  if (s.endsWith('y') && s.length > 2 && isConsonant(s, s.length - 2)) s = `${s.slice(0, -1)}i`;
  s = doubleSuffix(s);
  s = replaceFirst(s, step3, (rest) => syllables(rest) > 0);
  s = replaceFirst(s, step4, (rest, suffix) => syllables(rest) > 1 && (suffix !== 'ion' || /[st]$/.test(rest)));
  return tidy(s);
}

/** Step 1a. */
function plural(word: string): string {
  if (word.endsWith('ies')) return word.length === 4 ? word.slice(0, -1) : word.slice(0, -2);
  if (word.endsWith('sses')) return word.slice(0, -2);
  return word.endsWith('s') && !word.endsWith('ss') ? word.slice(0, -1) : word;
}

/** Step 1b. */
function pastAndProgressive(word: string): string {
  if (word.endsWith('ied')) return word.length === 4 ? word.slice(0, -1) : word.slice(0, -2);
  if (word.endsWith('eed')) return syllables(word.slice(0, -3)) > 0 ? word.slice(0, -1) : word;
  const suffix = ['ed', 'ing'].find((end) => word.endsWith(end) && hasVowel(word.slice(0, -end.length)));
  if (suffix === undefined) return word;
  const rest = word.slice(0, -suffix.length);
  if (/(?:at|bl|iz)$/.test(rest)) return `${rest}e`;
  if (/(.)\1$/.test(rest) && isConsonant(rest, rest.length - 1)) return /[lsz]$/.test(rest) ? rest : rest.slice(0, -1);
  return syllables(rest) === 1 && endsShort(rest) ? `${rest}e` : rest;
}

/** Step 2. A word in -alli is looked at again as one in -al. */
function doubleSuffix(word: string): string {
  if (word.endsWith('alli') && syllables(word.slice(0, -4)) > 0) return doubleSuffix(word.slice(0, -2));
  const replaced = replaceFirst(word, step2, (rest) => syllables(rest) > 0);
  // -logi → -log with the l as part of what is measured, so that "geology" is cut as "archaeology" is.
  return replaced === word && word.endsWith('logi') && syllables(word.slice(0, -3)) > 0 ? word.slice(0, -1) : replaced;
}

/** Step 5. */
function tidy(word: string): string {
  let s = word;
  if (s.endsWith('e')) {
    const rest = s.slice(0, -1);
    if (syllables(rest) > 1 || (syllables(rest) === 1 && !endsShort(rest))) s = rest;
  }
  return s.endsWith('ll') && syllables(s.slice(0, -1)) > 1 ? s.slice(0, -1) : s;
}

function replaceFirst(word: string, rules: Rules, allowed: (rest: string, suffix: string) => boolean): string {
  const rule = rules.find(([suffix]) => word.endsWith(suffix));
  if (rule === undefined) return word;
  const rest = word.slice(0, -rule[0].length);
  return allowed(rest, rule[0]) ? rest + rule[1] : word;
}

/** A y is a vowel after a consonant. */
function isConsonant(word: string, i: number): boolean {
  const letter = word[i]!;
  if ('aeiou'.includes(letter)) return false;
  return letter !== 'y' || i === 0 || !isConsonant(word, i - 1);
}

/** c for a consonant, v for a vowel; in one pass, as a word of y's would be slow otherwise. */
function shape(word: string): string {
  let found = '';
  for (const letter of word) {
    const consonant = !'aeiou'.includes(letter) && (letter !== 'y' || found === '' || found.endsWith('v'));
    found += consonant ? 'c' : 'v';
  }
  return found;
}

/** Porter's measure m: how often a vowel is followed by a consonant. */
const syllables = (word: string): number => shape(word).split('vc').length - 1;
const hasVowel = (word: string): boolean => shape(word).includes('v');

/** Consonant, vowel, consonant other than w, x, y: the stem wants its e back. Also a word of vowel and consonant. */
const endsShort = (word: string): boolean => (/cvc$/.test(shape(word)) && !/[wxy]$/.test(word)) || shape(word) === 'vc';
