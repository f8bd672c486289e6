// A client must not be able to name itself.

import { expect, it } from 'vitest';
import { clientAddress, trustedProxies } from './client-address.ts';

it('does not read what a client writes about itself', () => {
  expect(clientAddress('1.2.3.4', '10.0.0.9')).toBe('10.0.0.9');
  expect(clientAddress(null, undefined)).toBe('unknown');
});

it('reads what the trusted proxies wrote, and nothing left of it', () => {
  expect(clientAddress('6.6.6.6, 1.2.3.4', '10.0.0.9', 1)).toBe('1.2.3.4');
  expect(clientAddress('6.6.6.6, 1.2.3.4, 10.0.0.8', '10.0.0.9', 2)).toBe('1.2.3.4');
  // Fewer entries than proxies: the request came around them.
  expect(clientAddress('6.6.6.6', '10.0.0.9', 2)).toBe('10.0.0.9');
  expect(clientAddress('', '10.0.0.9', 1)).toBe('10.0.0.9');
});

it('trusts nobody by a setting that is no number', () => {
  expect([undefined, '', 'true', '-1', '1.5', '2'].map(trustedProxies)).toEqual([0, 0, 0, 0, 0, 2]);
});
