// How carefully a text is written: the likeliest next piece each time, or beam search.

import { Option } from './sheet.tsx';
import type { TaskPageState } from './use-task-page.ts';

/** Beams of the thorough search. */
const beams = 4;

export function SearchOption({ page }: { readonly page: TaskPageState }) {
  const words = page.preferences.t.tasks;
  return (
    <Option
      name={words.search}
      value={page.choices.beams === beams ? 'thorough' : 'fast'}
      options={[
        ['fast', words.searchFast],
        ['thorough', words.searchThorough],
      ]}
      onChange={(search) => page.choose({ beams: search === 'thorough' ? beams : 1 })}
    />
  );
}
