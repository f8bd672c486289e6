// Taking out words that carry little meaning, where a task asks for it: counting words, topics, keywords. Language models need them.

const lists = {
  en: 'a an the and or but if of at by for with about to from in on off over under again then once here there is am are was were be been being have has had do does did will would shall should can could may might must i me my we our you your he him his she her it its they them their this that these those as so than too very not no nor only own same just'.split(
    ' ',
  ),
  zh: '的 了 和 是 在 也 就 都 而 及 与 着 或 之 于 把 被 让 向 从 给 但 但是 因为 所以 如果 那么 这 那 这个 那个 这些 那些 我 你 他 她 它 我们 你们 他们 她们 它们 吗 呢 吧 啊 呀 哦 一个 有 没有 不 很 还 又 再 并 并且'.split(
    ' ',
  ),
} as const;

export type StopWordLanguage = keyof typeof lists;

/** The list of a language. */
export const stopWords = (language: StopWordLanguage): ReadonlySet<string> => new Set(lists[language]);

/** The tokens without stop words; whole tokens are compared, in lower case. Of Chinese the tokens are words or characters, as they were cut. */
export function withoutStopWords(
  tokens: readonly string[],
  language: StopWordLanguage,
  extra: Iterable<string> = [],
): string[] {
  const stops = new Set<string>([...lists[language], ...Array.from(extra, (word) => word.toLowerCase())]);
  return tokens.filter((token) => !stops.has(token.toLowerCase()));
}
