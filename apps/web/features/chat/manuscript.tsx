// The text so far: the person's ink and the model's, running on in the same lines, with the measurements in the margin.

import { memo } from 'react';
import type { Dictionary } from '../interface/dictionary.ts';
import { duration, rate, whole } from '../interface/format.ts';
import { ranOn } from '../interface/ran-on.ts';
import type { ModelTurn, Readout } from './conversation.ts';
import type { Stanza } from './stanzas.ts';

export interface ManuscriptProps {
  readonly stanzas: readonly Stanza[];
  readonly t: Dictionary;
  readonly canRunHere: boolean;
  onAgain(): void;
  onUseBrowser(): void;
}

export function Manuscript({ stanzas, t, ...rest }: ManuscriptProps) {
  return (
    <section aria-label={t.conversation} className="flex flex-col gap-9 pt-2">
      {stanzas.map((stanza, i) => (
        <StanzaView key={stanza.id} stanza={stanza} t={t} isLast={i === stanzas.length - 1} {...rest} />
      ))}
    </section>
  );
}

interface StanzaProps extends Omit<ManuscriptProps, 'stanzas'> {
  readonly stanza: Stanza;
  readonly isLast: boolean;
}

/** A long text has many; only the one that is written to is drawn again. */
const StanzaView = memo(
  function StanzaView({
    stanza: { person, continuations },
    t,
    isLast,
    canRunHere,
    onAgain,
    onUseBrowser,
  }: StanzaProps) {
    const last = continuations.at(-1);
    return (
      <article className="grid gap-x-8 gap-y-3 md:grid-cols-[9.5rem_minmax(0,1fr)]">
        <div className="order-last flex flex-wrap gap-x-6 gap-y-3 md:sticky md:top-20 md:order-first md:flex-col md:self-start md:pt-1.5 md:text-end">
          {/* Of the last continuation: a column of old ones would outgrow the text beside it. */}
          {last?.readout && <Measures readout={last.readout} writing={last.state === 'writing'} t={t} />}
        </div>
        <div className="min-w-0">
          <p
            className="font-serif text-[1.1875rem] leading-[1.68] break-words whitespace-pre-wrap"
            data-testid="stanza"
          >
            {person && (
              <span data-writer="person">
                <span className="sr-only">{t.you}: </span>
                <span>{person.text}</span>
              </span>
            )}
            {continuations.map((turn) => (
              <span key={turn.id} data-writer="model" data-state={turn.state} className="text-second">
                <span className="sr-only"> {t.model}: </span>
                <span data-testid="continuation">{turn.text}</span>
                {turn.state === 'writing' && <span className="pen" aria-hidden="true" />}
              </span>
            ))}
          </p>
          {last?.state === 'done' && last.text === '' && last.readout?.reason !== 'aborted' && (
            <p className="mt-2 text-sm text-muted italic">{t.emptyAnswer}</p>
          )}
          {isLast && last?.state === 'failed' && (
            <Failed turn={last} t={t} canRunHere={canRunHere} onAgain={onAgain} onUseBrowser={onUseBrowser} />
          )}
        </div>
      </article>
    );
  },
  (a, b) =>
    a.t === b.t &&
    a.isLast === b.isLast &&
    a.canRunHere === b.canRunHere &&
    a.onAgain === b.onAgain &&
    a.stanza.person === b.stanza.person &&
    a.stanza.continuations.length === b.stanza.continuations.length &&
    a.stanza.continuations.every((turn, i) => turn === b.stanza.continuations[i]),
);

/** What ran, how fast, how much. */
function Measures({ readout, writing, t }: { readout: Readout; writing: boolean; t: Dictionary }) {
  const { secondsToFirstToken, tokensPerSecond, newTokens, reason, seed } = readout;
  return (
    <dl
      data-testid="readout"
      className="flex flex-wrap gap-x-3 gap-y-0 text-xs leading-5 text-muted tabular-nums md:flex-col md:items-end"
    >
      <Measure name={t.backend} shown={ranOn(readout, t)} />
      {newTokens > 0 && <Measure name={t.firstToken} shown={`${t.firstToken} ${duration(secondsToFirstToken)}`} />}
      {tokensPerSecond > 0 && <Measure name={t.speed} shown={t.tokensPerSecond(rate(tokensPerSecond))} />}
      <Measure name={t.tokens} shown={`${whole(newTokens)} ${t.tokens}`} />
      {/* The length that was asked for is no news. */}
      {!writing && reason !== 'length' && <Measure name={t.ended} shown={t.reason[reason]} />}
      {seed !== undefined && <Measure name={t.seed} shown={`${t.seed} ${seed}`} />}
    </dl>
  );
}

function Measure({ name, shown }: { name: string; shown: string }) {
  return (
    <div>
      <dt className="sr-only">{name}</dt>
      <dd>{shown}</dd>
    </div>
  );
}

interface FailedProps {
  readonly turn: ModelTurn;
  readonly t: Dictionary;
  readonly canRunHere: boolean;
  onAgain(): void;
  onUseBrowser(): void;
}

function Failed({ turn: { failure }, t, canRunHere, onAgain, onUseBrowser }: FailedProps) {
  const named = typeof failure === 'object';
  const sentence = named ? t.failures[failure.code] : failure === 'crashed' ? t.crashed : t.unreachable;
  return (
    <div role="alert" className="mt-3 border-s-2 border-seal ps-4 text-sm">
      <p className="font-medium">{sentence}</p>
      {named && <p className="mt-1 text-muted break-words">{failure.message}</p>}
      <p className="mt-3 flex flex-wrap gap-2">
        <button
          type="button"
          onClick={onAgain}
          className="rounded-full border border-line px-3.5 py-1.5 hover:border-seal"
        >
          {t.tryAgain}
        </button>
        {!named && canRunHere && (
          <button
            type="button"
            onClick={onUseBrowser}
            className="rounded-full border border-line px-3.5 py-1.5 hover:border-seal"
          >
            {t.useBrowser}
          </button>
        )}
      </p>
    </div>
  );
}
