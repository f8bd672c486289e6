// Keeps the end of a growing text in view, unless the person has scrolled away from it.

import { type RefObject, useEffect, useRef } from 'react';

/** A ref for the element at the end. `growing` changes when there is more text. */
export function useFollow(growing: unknown): RefObject<HTMLDivElement | null> {
  const end = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  useEffect(() => {
    const onScroll = (): void => {
      const { scrollHeight } = document.documentElement;
      following.current = scrollY + innerHeight > scrollHeight - 120;
    };
    addEventListener('scroll', onScroll, { passive: true });
    return () => removeEventListener('scroll', onScroll);
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: growth is what scrolls
  useEffect(() => {
    if (following.current) scrollTo({ top: document.documentElement.scrollHeight });
  }, [growing]);
  return end;
}
