// The script of a character, as SentencePiece's pre-tokenization by script sees it.
import { scriptlessCharacters } from './unicode-differences.ts';

const names =
  'Latin Common Han Hiragana Katakana Hangul Cyrillic Greek Arabic Hebrew Devanagari Thai Inherited Adlam Ahom Anatolian_Hieroglyphs Armenian Avestan Balinese Bamum Bassa_Vah Batak Bengali Bhaiksuki Bopomofo Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian Caucasian_Albanian Chakma Cham Cherokee Coptic Cuneiform Cypriot Deseret Duployan Egyptian_Hieroglyphs Elbasan Ethiopic Georgian Glagolitic Gothic Grantha Gujarati Gurmukhi Hanunoo Hatran Imperial_Aramaic Inscriptional_Pahlavi Inscriptional_Parthian Javanese Kaithi Kannada Kayah_Li Kharoshthi Khmer Khojki Khudawadi Lao Lepcha Limbu Linear_A Linear_B Lisu Lycian Lydian Mahajani Malayalam Mandaic Manichaean Marchen Meetei_Mayek Mende_Kikakui Meroitic_Cursive Meroitic_Hieroglyphs Miao Modi Mongolian Mro Multani Myanmar Nabataean New_Tai_Lue Newa Nko Ogham Ol_Chiki Old_Hungarian Old_Italic Old_North_Arabian Old_Permic Old_Persian Old_South_Arabian Old_Turkic Oriya Osage Osmanya Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician Psalter_Pahlavi Rejang Runic Samaritan Saurashtra Sharada Shavian Siddham SignWriting Sinhala Sora_Sompeng Sundanese Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Takri Tamil Tangut Telugu Thaana Tibetan Tifinagh Tirhuta Ugaritic Vai Warang_Citi Yi'.split(
    ' ',
  );

const patterns: (RegExp | undefined)[] = [];
const known = new Map<string, string>([
  [' ', 'Any'],
  ['ー', 'Han'],
  // These have changed their script since.
  ['\u0589', 'Common'],
  ['\u061c', 'Common'],
  ['\u0953', 'Devanagari'],
  ['\u0954', 'Devanagari'],
]);
const scriptless = new RegExp(`[${scriptlessCharacters}]`, 'u');

/** The script's name; kana are `Han`, a space and characters without a script are `Any`. */
export function scriptOf(character: string): string {
  const seen = known.get(character);
  if (seen !== undefined) return seen;
  const index = scriptless.test(character)
    ? -1
    : names.findIndex((name, i) => {
        patterns[i] ??= new RegExp(`^\\p{Script=${name}}$`, 'u');
        return patterns[i]!.test(character);
      });
  const name = index < 0 ? 'Any' : names[index]!;
  const script = name === 'Hiragana' || name === 'Katakana' ? 'Han' : name;
  // The map is bounded by the number of characters that have a script.
  known.set(character, script);
  return script;
}
