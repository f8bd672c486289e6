'use client';
// Names in a text: coloured where they stand, a legend that hides and shows types, and a list.

import type { Entity } from '@yumo/core';
import { useState } from 'react';
import type { Dictionary } from '../interface/dictionary.ts';
import { percent } from './bar.tsx';
import { piecesOf } from './marked-text.ts';

export interface EntitiesProps {
  readonly t: Dictionary;
  readonly text: string;
  readonly entities: readonly Entity[];
  /** A type in the person's words. */
  readonly called: (type: string) => string;
}

/** Colours of types, by the order in which they first stand in the text; then they repeat. The name of the type stands beside each, too. */
const colours = 8;
/** Entries of the list; a book has thousands. */
const listed = 200;

export function Entities({ t, text, entities, called }: EntitiesProps) {
  const words = t.tasks;
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const types = [...new Set(entities.map((e) => e.label))];
  const colourOf = (type: string): string => `var(--mark-${types.indexOf(type) % colours})`;
  const shown = entities.filter((e) => !hidden.has(e.label));
  if (entities.length === 0) return <p className="font-serif text-xl">{words.noEntities}</p>;
  const toggle = (type: string): void => {
    const next = new Set(hidden);
    if (!next.delete(type)) next.add(type);
    setHidden(next);
  };
  return (
    <div>
      <ul className="flex flex-wrap gap-2" data-testid="legend">
        {types.map((type) => (
          <li key={type}>
            <label className="flex min-h-9 cursor-pointer items-center gap-2 rounded-full border border-line px-3 text-sm has-checked:bg-sheet has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-seal not-has-checked:opacity-50">
              <input
                type="checkbox"
                checked={!hidden.has(type)}
                onChange={() => toggle(type)}
                aria-label={words.hideType(called(type))}
                className="sr-only"
              />
              <span className="size-2.5 rounded-full" style={{ background: colourOf(type) }} aria-hidden="true" />
              {called(type)}
              <span className="text-muted tabular-nums">{entities.filter((e) => e.label === type).length}</span>
            </label>
          </li>
        ))}
      </ul>
      <section
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a text that scrolls is scrolled with keys
        tabIndex={0}
        aria-label={words.inText}
        className="mt-5 max-h-[28rem] overflow-y-auto font-serif text-[1.125rem] leading-[2] break-words whitespace-pre-wrap"
        data-testid="marked"
      >
        {piecesOf(text, shown).map(({ text: piece, at, mark }) =>
          mark ? (
            <mark key={at} className="entity" style={{ '--mark': colourOf(mark.label) } as React.CSSProperties}>
              {piece}
              <span className="entity-type">{called(mark.label)}</span>
            </mark>
          ) : (
            <span key={at}>{piece}</span>
          ),
        )}
      </section>
      <h2 className="mt-8 text-sm text-muted">{words.entities}</h2>
      <table className="mt-2 w-full max-w-[38rem] text-start" data-testid="entities">
        <thead className="sr-only">
          <tr>
            <th scope="col">{words.place}</th>
            <th scope="col">{words.type}</th>
            <th scope="col">{words.sureness}</th>
          </tr>
        </thead>
        <tbody>
          {shown.slice(0, listed).map((e) => (
            <tr key={e.start} className="border-t border-line">
              <td className="py-1.5 pe-4 font-serif text-[1.0625rem] break-words">{e.text}</td>
              <td className="py-1.5 pe-4 text-sm whitespace-nowrap text-muted">
                <span
                  className="me-2 inline-block size-2 rounded-full align-middle"
                  style={{ background: colourOf(e.label) }}
                  aria-hidden="true"
                />
                {called(e.label)}
              </td>
              <td className="py-1.5 text-end text-sm text-muted tabular-nums">{percent(e.score)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {shown.length > listed && <p className="mt-2 text-sm text-muted">{words.moreEntities(shown.length - listed)}</p>}
    </div>
  );
}
