// The script of a character, as SentencePiece's pre-tokenization by script sees it.
import { newerThan9 } from './unicode-differences.ts';

/** The codes (ISO 15924) of the scripts of Unicode 9; of those that begin with the same letter it is written once. */
const scripts =
  'AdlmghbhomrabrmirmnvstBaliamuassatkenghksoporahraiugiuhdCakmansarihamheroptprtyrlDevasrtuplEgyplbathiGeorlagothranrekujruruHanganianoatrebriraluwmngungItalJavaKalianaharhmrhojndathiLanaaooatnepcimbinainbisuyciydiMahjandaniarcendercerolymodiongrooteiultymrNarbbatewakooOgamlckrkhryasgesmaPalmaucermhaghlihlphnxlrdrtiRjngunrSamrarbaurgnwhawhrdiddindinhoraundyloyrcTagbakralealuamlangavtelufngglghaahaiibtirhUgarVaiiWaraXpeosuxYiiiZinhyyy'
    .match(/[A-Z][a-z]+/g)!
    .flatMap((group) => group.match(/[a-z]{3}/g)!.map((rest) => group.charAt(0) + rest));

const patterns: (RegExp | undefined)[] = [];
const known = new Map<string, string>([
  [' ', 'Any'],
  ['ー', 'Hani'],
  // These have changed their script since.
  ['\u0589', 'Zyyy'],
  ['\u061c', 'Zyyy'],
  ['\u0953', 'Deva'],
  ['\u0954', 'Deva'],
]);
const scriptless = new RegExp(`[${newerThan9}]`, 'u');

/** The script's code; kana are `Hani`, a space and characters without a script are `Any`. */
export function scriptOf(character: string): string {
  const seen = known.get(character);
  if (seen !== undefined) return seen;
  const index = scriptless.test(character)
    ? -1
    : scripts.findIndex((code, i) => {
        patterns[i] ??= new RegExp(`^\\p{Script=${code}}$`, 'u');
        return patterns[i]!.test(character);
      });
  const code = index < 0 ? 'Any' : scripts[index]!;
  const script = code === 'Hira' || code === 'Kana' ? 'Hani' : code;
  // The map is bounded by the number of characters that have a script.
  known.set(character, script);
  return script;
}
