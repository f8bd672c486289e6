// A few options side by side.

import { useId } from 'react';

interface ChoiceProps<T extends string> {
  readonly name: string;
  readonly value: T;
  readonly options: readonly (readonly [value: T, label: string])[];
  onChange(value: T): void;
}

/** A few options side by side: radio buttons, so that arrow keys and screen readers know what they are. */
export function Choice<T extends string>({ name, value, options, onChange }: ChoiceProps<T>) {
  const group = useId();
  return (
    <fieldset className="flex rounded-full border border-line bg-sheet p-1 text-sm">
      <legend className="sr-only">{name}</legend>
      {options.map(([option, label]) => (
        <label
          key={option}
          className="flex min-h-8 flex-1 cursor-pointer items-center justify-center rounded-full px-3 text-center whitespace-nowrap text-muted has-checked:bg-ink has-checked:text-paper has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-seal"
        >
          <input
            type="radio"
            name={group}
            checked={option === value}
            onChange={() => onChange(option)}
            className="sr-only"
          />
          {label}
        </label>
      ))}
    </fieldset>
  );
}
