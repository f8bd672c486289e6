// Keeps the end of a growing text in view, unless the person has scrolled away from it.

import { useEffect, useRef } from 'react';

/** `growing` changes when there is more text; an empty one is shown from its top. */
export function useFollow(growing: readonly unknown[]): void {
  const following = useRef(true);
  useEffect(() => {
    const onScroll = (): void => {
      const { scrollHeight } = document.documentElement;
      following.current = scrollY + innerHeight > scrollHeight - 120;
    };
    addEventListener('scroll', onScroll, { passive: true });
    return () => removeEventListener('scroll', onScroll);
  }, []);
  useEffect(() => {
    if (growing.length === 0) scrollTo({ top: 0 });
    else if (following.current) scrollTo({ top: document.documentElement.scrollHeight });
  }, [growing]);
}
