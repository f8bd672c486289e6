// Who asks, for fair turns: the address of the connection, or what trusted proxies say of it.

/**
 * @param forwarded the header `x-forwarded-for`: each proxy adds at its end the address that it was asked from
 * @param remote the address that the connection comes from
 * @param proxies how many proxies of one's own stand before the server. What stands further left in the header was written by who asks,
 *   and says what they like: with 0 the header is not read.
 */
export function clientAddress(forwarded: string | null | undefined, remote: string | undefined, proxies = 0): string {
  const chain = (forwarded ?? '').split(',').map((address) => address.trim());
  return (proxies > 0 ? chain.filter((address) => address !== '').at(-proxies) : undefined) ?? remote ?? 'unknown';
}

/** YUMO_TRUSTED_PROXIES as a number; anything but a whole number above 0 means none. */
export function trustedProxies(setting: string | undefined): number {
  const count = Number(setting);
  return Number.isInteger(count) && count > 0 ? count : 0;
}
