// Which language a text is in: by script, and for Latin script by its most frequent words.

export const languages = ['zh', 'ja', 'ko', 'ru', 'ar', 'en', 'de', 'fr', 'es', 'it', 'pt', 'nl'] as const;
export type Language = (typeof languages)[number];

export interface LanguageGuess {
  /** `undefined`: no letters, or none of the known languages stands out. */
  readonly language: Language | undefined;
  /** Of scripts the share of letters; of Latin languages the share of known words that are this language's. */
  readonly confidence: number;
}

/** Function words, most frequent first; those of several languages count for each. */
const words: { readonly [K in 'en' | 'de' | 'fr' | 'es' | 'it' | 'pt' | 'nl']: ReadonlySet<string> } = {
  en: new Set(
    'the of and to in a is that it for on was with as are be at by this from have not an or he his they you were which had but has she her their who what there been will can more if would its i we my do so no all when one out up about them our than then some me your him into how did'.split(
      ' ',
    ),
  ),
  de: new Set(
    'der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur bis mehr durch man sein wurde ich wir ihr zwei steht einer was wer wo wann warum welche welcher welches welchem welchen wofür womit woher hatte hatten waren viel viele vom beim gibt kann können seine seiner seinen ihre ihrer ihren diese dieser dieses diesem ihm ihn unter gegen wurden worden anderen zwischen während ohne gegenüber seit wenn'.split(
      ' ',
    ),
  ),
  fr: new Set(
    'de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont avec son aux ou elle été mais comme cette nous on ont ses sa leur être deux même ces fait je vous dont quel quelle quels quelles quand où pourquoi comment était étaient entre sans sous lors aussi très'.split(
      ' ',
    ),
  ),
  es: new Set(
    'de la que el en y a los se del las un por con no una su para es al lo como más o pero sus le ha me si sin sobre este ya entre cuando todo esta ser son dos también fue había era muy hasta qué cuál cuáles quién quiénes cuándo dónde cómo cuánto cuántos fueron han desde durante otro otra porque'.split(
      ' ',
    ),
  ),
  it: new Set(
    'di e il la che in un a per è una del non con i da si le dei al come della più sono ha nel alla anche ma su gli lo se o delle ci questo suo stato essere fu tra due nella dal quale quali chi quando dove perché quanto quanti era erano hanno degli sulla dalla dopo prima'.split(
      ' ',
    ),
  ),
  pt: new Set(
    'de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à seu sua ou ser quando muito há nos já está eu também pelo pela até isso qual quais quem onde porque quanto quantos eram foram têm entre depois desde sobre'.split(
      ' ',
    ),
  ),
  nl: new Set(
    'de het een van en in is dat op te zijn met voor niet aan er die ook als om uit door maar bij over nog naar dan wordt heeft hij ze dit deze tot geen worden werd wat was meer haar onder zich wie waar wanneer waarom hoe welke welk hoeveel waren hebben tussen werden tegen sinds tijdens'.split(
      ' ',
    ),
  ),
};

const scripts: readonly (readonly [Language, RegExp])[] = [
  ['ja', /[\p{Script=Hiragana}\p{Script=Katakana}]/gu],
  ['zh', /\p{Script=Han}/gu],
  ['ko', /\p{Script=Hangul}/gu],
  ['ru', /\p{Script=Cyrillic}/gu],
  ['ar', /\p{Script=Arabic}/gu],
];

const count = (text: string, what: RegExp): number => text.match(what)?.length ?? 0;

/** Looks at the first 4000 characters. A text with a tenth of kana is Japanese, whatever its Han characters. */
export function languageOf(text: string): LanguageGuess {
  const head = text.slice(0, 4000);
  const letters = count(head, /\p{L}/gu);
  if (letters === 0) return { language: undefined, confidence: 0 };
  const shares = scripts.map(([language, script]) => [language, count(head, script) / letters] as const);
  const [[, kana], [, han]] = shares as [(typeof shares)[number], (typeof shares)[number]];
  if (kana >= 0.1) return { language: 'ja', confidence: kana + han };
  // A Chinese text often holds Latin names and terms: a character says as much as several letters.
  const [language, share] = shares.reduce((best, next) => (next[1] > best[1] ? next : best));
  if (share >= (language === 'zh' ? 0.25 : 0.5)) return { language, confidence: share };
  return latinLanguage(head);
}

function latinLanguage(text: string): LanguageGuess {
  const tokens: readonly string[] = text.toLowerCase().match(/\p{L}+/gu) ?? [];
  const hits = Object.entries(words).map(
    ([language, known]) => [language as Language, tokens.filter((token) => known.has(token)).length] as const,
  );
  const total = hits.reduce((sum, [, n]) => sum + n, 0);
  const [language, most] = hits.reduce((best, next) => (next[1] > best[1] ? next : best));
  const tied = hits.filter(([, n]) => n === most).length > 1;
  return total === 0 || tied ? { language: undefined, confidence: 0 } : { language, confidence: most / total };
}
